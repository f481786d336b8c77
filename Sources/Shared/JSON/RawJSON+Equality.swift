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

  /// The work of a comparison, in bytes that a scan passes in the same time.
  ///
  /// The bytes of a value count at each level again, because its end is found by scanning it.
  package struct ComparisonWork {
    package private(set) var bytes = 0
    private let limit: Int

    /// No work yet. The comparison stops when it has done more than the limit, and its result is then false.
    package init(limit: Int = .max) { self.limit = limit }

    fileprivate var isSpent: Bool { bytes > limit }

    fileprivate mutating func addValue() { bytes += 64 }
    fileprivate mutating func addScan(_ count: Int) { bytes += count }
    /// A key is hashed where two objects have their keys in another order.
    fileprivate mutating func addHashedKey() { bytes += 5 * 64 }
  }

  /// Whether two values are equal as CEL compares them: numbers by value, strings decoded, objects in any
  /// order. The first of repeated keys wins. Adds to `work`.
  package func isEqual(to other: RawJSON, _ work: inout ComparisonWork) -> Bool {
    guard !work.isSpent, let end, let otherEnd = other.end else { return false }
    work.addValue()
    let count = end - start
    if count == otherEnd - other.start, unsafe memcmp(start.address, other.start.address, count) == 0 {
      return true
    }
    work.addScan(count)
    guard let kind, kind == other.kind else { return false }
    switch kind {
    case .null, .bool: return false
    case .number: return isEqualNumber(to: other)
    case .string: return isEqualString(to: other)
    case .array: return isEqualArray(to: other, &work)
    case .object: return isEqualObject(to: other, &work)
    }
  }

  /// Whether two strings have the same code points, escapes decoded. Swift's `==` would also accept a
  /// different composition of an accent.
  package func isEqualString(to other: RawJSON) -> Bool {
    var escaped = false
    guard let left = unsafe content(&escaped), let right = unsafe other.content(&escaped) else {
      return false
    }
    if !escaped { return unsafe left.elementsEqual(right) }
    var (bytes, otherBytes) = unsafe (JSONEscapes.Bytes(left), JSONEscapes.Bytes(right))
    while let byte = bytes.next() {
      guard byte == otherBytes.next() else { return false }
    }
    return otherBytes.next() == nil
  }

  func isEqualNumber(to other: RawJSON) -> Bool {
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

  private func isEqualArray(to other: RawJSON, _ work: inout ComparisonWork) -> Bool {
    guard var left = Elements(self), var right = Elements(other) else { return false }
    while let element = left.next() {
      guard let counterpart = right.next(), element.isEqual(to: counterpart, &work) else {
        return false
      }
    }
    return right.next() == nil
  }

  private func isEqualObject(to other: RawJSON, _ work: inout ComparisonWork) -> Bool {
    guard var left = Members(self), var right = Members(other) else { return false }
    // Usually one program wrote both in one order, and then no key has to be looked up.
    while let (key, value) = left.next() {
      guard let (otherKey, otherValue) = right.next(), key.hasSameBytes(as: otherKey) else {
        return isEqualInAnyOrder(to: other, &work)
      }
      if value.isEqual(to: otherValue, &work) { continue }
      // Of repeated keys the first counts.
      return !work.isSpent && isRepeated(key, &work) && isEqualInAnyOrder(to: other, &work)
    }
    return right.next() == nil || isEqualInAnyOrder(to: other, &work)
  }

  /// Whether a key of this object occurs in it before its own place.
  private func isRepeated(_ key: RawJSON, _ work: inout ComparisonWork) -> Bool {
    guard var members = Members(self) else { return false }
    work.addScan(key.start - start)
    while let (earlier, _) = members.next(), earlier.start < key.start {
      if earlier.isEqualString(to: key) { return true }
    }
    return false
  }

  private func isEqualInAnyOrder(to other: RawJSON, _ work: inout ComparisonWork) -> Bool {
    let (left, right) = (members(&work), other.members(&work))
    guard left.count == right.count else { return false }
    for (name, value) in left {
      guard let counterpart = right[name], value.isEqual(to: counterpart, &work) else {
        return false
      }
    }
    return true
  }

  /// The members of an object by their names, decoded; the first of equal names.
  private func members(_ work: inout ComparisonWork) -> [[UInt8]: RawJSON] {
    guard var walk = Members(self) else { return [:] }
    var members: [[UInt8]: RawJSON] = [:]
    while !work.isSpent, let (key, value) = walk.next() {
      // Repeated keys, too.
      work.addHashedKey()
      var name: [UInt8] = []
      key.appendString(to: &name)
      if members[name] == nil { members[name] = value }
    }
    return members
  }
}
