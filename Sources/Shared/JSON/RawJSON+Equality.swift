// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
  import Glibc
#else
  import Musl
#endif

extension RawJSON {
  /// Whether the bytes of two values are the same.
  package func hasSameBytes(as other: RawJSON) -> Bool {
    guard let end, let otherEnd = other.end, end - start == otherEnd - other.start else { return false }
    return unsafe memcmp(start.address, other.start.address, end - start) == 0
  }

  /// Whether two values are equal as CEL compares them: numbers by value, strings decoded, objects in any
  /// order. The first of repeated keys wins.
  package func isEqual(to other: RawJSON) -> Bool {
    if hasSameBytes(as: other) { return true }
    guard let kind, kind == other.kind else { return false }
    switch kind {
    case .null, .bool: return false
    case .number: return isEqualNumber(to: other)
    case .string: return isEqualString(to: other)
    case .array: return isEqualArray(to: other)
    case .object: return isEqualObject(to: other)
    }
  }

  /// Whether two strings have the same code points, escapes decoded. Swift's `==` would also accept a
  /// different composition of an accent.
  package func isEqualString(to other: RawJSON) -> Bool {
    if let plain = unsafe plainString, let otherPlain = unsafe other.plainString {
      return unsafe plain.elementsEqual(otherPlain)
    }
    var (left, right): ([UInt8], [UInt8]) = ([], [])
    return appendString(to: &left) && other.appendString(to: &right) && left == right
  }

  private func isEqualNumber(to other: RawJSON) -> Bool {
    guard let left = number, let right = other.number else { return false }
    switch (left, right) {
    case (.int(let left), .int(let right)): return left == right
    case (.uint(let left), .uint(let right)): return left == right
    case (.double(let left), .double(let right)): return left == right
    case (.int(let integer), .double(let real)), (.double(let real), .int(let integer)):
      return Int64(exactly: real) == integer || integer == .max && real == 0x1p63
    case (.uint(let integer), .double(let real)), (.double(let real), .uint(let integer)):
      return UInt64(exactly: real) == integer || integer == .max && real == 0x1p64
    case (.int, .uint), (.uint, .int): return false
    }
  }

  private func isEqualArray(to other: RawJSON) -> Bool {
    guard var left = Elements(self), var right = Elements(other) else { return false }
    while let element = left.next() {
      guard let counterpart = right.next(), element.isEqual(to: counterpart) else { return false }
    }
    return right.next() == nil
  }

  private func isEqualObject(to other: RawJSON) -> Bool {
    guard var left = Members(self), var right = Members(other) else { return false }
    // Usually one program wrote both in one order, and then no key has to be looked up.
    while let (key, value) = left.next() {
      guard let (otherKey, otherValue) = right.next() else { return isEqualInAnyOrder(to: other) }
      guard key.hasSameBytes(as: otherKey) else { return isEqualInAnyOrder(to: other) }
      guard value.isEqual(to: otherValue) else {
        // A key that is repeated may have been compared with a later value.
        return hasRepeatedKeys || other.hasRepeatedKeys ? isEqualInAnyOrder(to: other) : false
      }
    }
    return right.next() == nil || isEqualInAnyOrder(to: other)
  }

  private func isEqualInAnyOrder(to other: RawJSON) -> Bool {
    let (left, right) = (members, other.members)
    return left.count == right.count
      && left.allSatisfy { name, value in right[name].map { value.isEqual(to: $0) } ?? false }
  }

  private var hasRepeatedKeys: Bool {
    guard var walk = Members(self) else { return false }
    var count = 0
    while walk.next() != nil { count += 1 }
    return members.count != count
  }

  /// The members of an object by their names, decoded; the first of equal names.
  package var members: [[UInt8]: RawJSON] {
    guard var walk = Members(self) else { return [:] }
    var members: [[UInt8]: RawJSON] = [:]
    while let (key, value) = walk.next() {
      var name: [UInt8] = []
      key.appendString(to: &name)
      if members[name] == nil { members[name] = value }
    }
    return members
  }
}
