// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
  import Glibc
#else
  import Musl
#endif

/// A literal laid out for comparing with bytes.
@safe
struct CompiledOperand {
  enum Kind: UInt8 { case null, no, yes, int, uint, double, string }

  let kind: Kind
  /// Whether an equal text may be written without escapes, because no character of it must be escaped.
  let isPlain: Bool
  /// The UTF-8 of a string.
  let bytes: UnsafeBufferPointer<UInt8>
  /// The value of an int or a uint.
  let integer: UInt64
  let real: Double

  /// Whether CEL's `==` holds.
  @inline(__always)
  func equals(_ value: RawJSON) -> Bool {
    if kind == .string { return value.start.byte == UInt8(ascii: "\"") && isString(value) }
    return equalsOther(value)
  }

  /// Whether it is a number with this value.
  func equals(_ number: JSONNumber) -> Bool {
    (kind == .int || kind == .uint || kind == .double) && compared(number) == 0
  }

  /// Whether the string at `value`, which starts with a quote, is this one.
  @inline(__always)
  private func isString(_ value: RawJSON) -> Bool {
    let content = value.start + 1
    let count = unsafe bytes.count
    if isPlain, value.limit - content > count {
      var index = 0
      while index < count, unsafe content[index] == bytes[index] { index += 1 }
      if index == count, content[count] == UInt8(ascii: "\"") { return true }
      // There was no escape so far and none starts here, so the texts differ.
      if content[index] != UInt8(ascii: "\\") { return false }
    }
    return isDecodedString(value)
  }

  private func isDecodedString(_ value: RawJSON) -> Bool {
    guard var decoded = value.decodedBytes else { return false }
    for index in unsafe bytes.indices where unsafe decoded.next() != bytes[index] { return false }
    return decoded.next() == nil
  }

  private func equalsOther(_ value: RawJSON) -> Bool {
    switch kind {
    case .null: value.isNull
    case .no: value.bool == false
    case .yes: value.bool == true
    case .int, .uint, .double: value.number.map(equals) == true
    case .string: false
    }
  }

  /// Whether the string at `value` starts with this one.
  @inline(__always)
  func isPrefix(of value: RawJSON) -> Truth {
    guard value.start < value.limit, value.start.byte == UInt8(ascii: "\"") else { return .error }
    let content = value.start + 1
    let count = unsafe bytes.count
    if isPlain, value.limit - content > count {
      var index = 0
      while index < count, unsafe content[index] == bytes[index] { index += 1 }
      if index == count { return .yes }
      if content[index] != UInt8(ascii: "\\") { return .no }
    }
    guard var decoded = value.decodedBytes else { return .error }
    for index in unsafe bytes.indices where unsafe decoded.next() != bytes[index] { return .no }
    return .yes
  }

  /// Whether the text of a scalar is this one, as selectors compare.
  func isText(of value: RawJSON) -> Bool {
    switch value.kind {
    case .string: return isString(value)
    case .number, .bool:
      let count = value.start.scalarEnd(value.limit) - value.start
      guard unsafe count == bytes.count, let base = unsafe bytes.baseAddress else { return false }
      return unsafe memcmp(base, value.start.address, count) == 0
    default: return false
    }
  }

  /// The order of a value against this one. An error if the two cannot be ordered.
  @inline(__always)
  func order(of value: RawJSON, _ relation: (Int) -> Bool) -> Truth {
    if kind == .string {
      guard var decoded = value.decodedBytes else { return .error }
      for index in unsafe bytes.indices {
        let byte = unsafe bytes[index]
        // The start of a text is before all of it.
        guard let other = decoded.next() else { return Truth(relation(-1)) }
        if other != byte { return Truth(relation(other < byte ? -1 : 1)) }
      }
      return Truth(relation(decoded.next() == nil ? 0 : 1))
    }
    guard kind == .int || kind == .uint || kind == .double, value.kind == .number,
      let number = value.number
    else { return .error }
    // NaN has no order, but neither JSON nor a literal has NaN.
    return compared(number).map { Truth(relation($0)) } ?? .no
  }

  /// The sign of a number against this one, compared as numbers without rounding.
  private func compared(_ number: JSONNumber) -> Int? {
    switch (number, kind) {
    case (.double(let left), .double): left < real ? -1 : (left == real ? 0 : (left > real ? 1 : nil))
    case (.double(let left), _): integerAgainst(left).map { -$0 }
    case (.int(let left), .double): Self.sign(left, real)
    case (.uint(let left), .double): Self.sign(left, real)
    case (.int(let left), .int): Self.sign(left, Int64(bitPattern: integer))
    case (.int(let left), _): Self.sign(left, integer)
    case (.uint(let left), .int): Self.sign(left, Int64(bitPattern: integer))
    case (.uint(let left), _): Self.sign(left, integer)
    }
  }

  private func integerAgainst(_ right: Double) -> Int? {
    kind == .int ? Self.sign(Int64(bitPattern: integer), right) : Self.sign(integer, right)
  }

  private static func sign<Left: BinaryInteger, Right: BinaryInteger>(_ left: Left, _ right: Right) -> Int {
    left < right ? -1 : (left == right ? 0 : 1)
  }

  /// Exact: the integer is not rounded to a double. As in CEL, the double just above all integers counts as the greatest
  /// of them.
  private static func sign<Left: FixedWidthInteger>(_ left: Left, _ right: Double) -> Int? {
    guard !right.isNaN else { return nil }
    let whole = right.rounded(.down)
    guard let integer = Left(exactly: whole) else {
      if left == .max, right == (Left.isSigned ? 0x1p63 : 0x1p64) { return 0 }
      return right > 0 ? -1 : 1
    }
    if left != integer { return left < integer ? -1 : 1 }
    return right > whole ? -1 : 0
  }
}
