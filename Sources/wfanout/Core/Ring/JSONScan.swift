// SPDX-License-Identifier: Apache-2.0

/// Finding members of a JSON object in raw bytes, without decoding and without allocating.
///
/// Tolerant: it checks structure only, and returns nil or stops if the text is not JSON. A key with escapes
/// is not recognised; no tool writes the keys used here with escapes.
enum JSONScan {
  /// The value of the first member called `key` of the object that starts in `range`.
  static func member(_ key: StaticString, of bytes: [UInt8], in range: Range<Int>) -> Range<Int>? {
    var found: Range<Int>?
    members(of: bytes, in: range) { name, value in
      guard equals(bytes, name, key) else { return true }
      found = value
      return false
    }
    return found
  }

  /// Calls `body` with each member's key (without quotes) and value until it answers false.
  ///
  /// - Returns: whether the object was walked to its closing brace.
  @discardableResult
  static func members(
    of bytes: [UInt8], in range: Range<Int>, _ body: (_ key: Range<Int>, _ value: Range<Int>) -> Bool
  ) -> Bool {
    var index = skipSpace(bytes, range.lowerBound, range.upperBound)
    guard index < range.upperBound, bytes[index] == UInt8(ascii: "{") else { return false }
    index = skipSpace(bytes, index + 1, range.upperBound)
    while index < range.upperBound, bytes[index] == UInt8(ascii: "\"") {
      guard let keyEnd = skipString(bytes, index, range.upperBound) else { return false }
      let key = (index + 1)..<(keyEnd - 1)
      index = skipSpace(bytes, keyEnd, range.upperBound)
      guard index < range.upperBound, bytes[index] == UInt8(ascii: ":") else { return false }
      index = skipSpace(bytes, index + 1, range.upperBound)
      guard let valueEnd = skipValue(bytes, index, range.upperBound) else { return false }
      guard body(key, index..<valueEnd) else { return false }
      index = skipSpace(bytes, valueEnd, range.upperBound)
      guard index < range.upperBound, bytes[index] == UInt8(ascii: ",") else { break }
      index = skipSpace(bytes, index + 1, range.upperBound)
    }
    return index < range.upperBound && bytes[index] == UInt8(ascii: "}")
  }

  /// Appends the members of an object that `isWanted` selects, unchanged, each after a comma.
  ///
  /// - Returns: whether the object was walked to its closing brace.
  @discardableResult
  static func appendMembers(
    of bytes: [UInt8], in range: Range<Int>, to output: inout [UInt8],
    where isWanted: (_ key: Range<Int>, _ value: Range<Int>) -> Bool
  ) -> Bool {
    members(of: bytes, in: range) { key, value in
      guard isWanted(key, value) else { return true }
      output.append(contentsOf: #",""#.utf8)
      output.append(contentsOf: bytes[key])
      output.append(contentsOf: #"":"#.utf8)
      output.append(contentsOf: bytes[value])
      return true
    }
  }

  static func equals(_ bytes: [UInt8], _ range: Range<Int>, _ text: StaticString) -> Bool {
    guard range.count == text.utf8CodeUnitCount else { return false }
    return text.withUTF8Buffer { text in
      for offset in 0..<text.count {
        guard unsafe bytes[range.lowerBound + offset] == text[offset] else { return false }
      }
      return true
    }
  }

  /// The inside of a string value; nil for any other value.
  static func inside(_ bytes: [UInt8], _ value: Range<Int>) -> Range<Int>? {
    guard value.count >= 2, bytes[value.lowerBound] == UInt8(ascii: "\"") else { return nil }
    return (value.lowerBound + 1)..<(value.upperBound - 1)
  }

  /// Decimal digits, in quotes or not; nil for anything else or beyond 64 bits.
  static func unsigned(_ bytes: [UInt8], _ value: Range<Int>) -> UInt64? {
    let digits = inside(bytes, value) ?? value
    guard !digits.isEmpty else { return nil }
    var number: UInt64 = 0
    for index in digits {
      let digit = bytes[index] &- UInt8(ascii: "0")
      guard digit < 10 else { return nil }
      let (product, overflow) = number.multipliedReportingOverflow(by: 10)
      let (sum, carry) = product.addingReportingOverflow(UInt64(digit))
      guard !overflow, !carry else { return nil }
      number = sum
    }
    return number
  }

  static func skipSpace(_ bytes: [UInt8], _ start: Int, _ end: Int) -> Int {
    var index = start
    while index < end, bytes[index] == 0x20 || (bytes[index] >= 0x09 && bytes[index] <= 0x0D) { index += 1 }
    return index
  }

  /// - Returns: the index after the closing quote.
  static func skipString(_ bytes: [UInt8], _ start: Int, _ end: Int) -> Int? {
    var index = start + 1
    while index < end {
      let byte = bytes[index]
      if byte == UInt8(ascii: "\"") { return index + 1 }
      index += byte == UInt8(ascii: "\\") ? 2 : 1
    }
    return nil
  }

  static func skipValue(_ bytes: [UInt8], _ start: Int, _ end: Int) -> Int? {
    guard start < end else { return nil }
    switch bytes[start] {
    case UInt8(ascii: "\""): return skipString(bytes, start, end)
    case UInt8(ascii: "{"), UInt8(ascii: "["):
      var depth = 0
      var index = start
      while index < end {
        switch bytes[index] {
        case UInt8(ascii: "\""):
          guard let next = skipString(bytes, index, end) else { return nil }
          index = next
          continue
        case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
        case UInt8(ascii: "}"), UInt8(ascii: "]"):
          depth -= 1
          if depth == 0 { return index + 1 }
        default: break
        }
        index += 1
      }
      return nil
    default:
      var index = start
      while index < end {
        switch bytes[index] {
        case UInt8(ascii: ","), UInt8(ascii: "}"), UInt8(ascii: "]"), 0x20, 0x09, 0x0A, 0x0D:
          return index == start ? nil : index
        default: index += 1
        }
      }
      return index == start ? nil : index
    }
  }
}
