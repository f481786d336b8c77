// SPDX-License-Identifier: Apache-2.0

/// The functions of the strings extension. Positions count code points, from 0.
enum StringOperations {
  /// The maximum length of a string that a function returns, in bytes.
  static let resultLimit = 10 << 20

  static func charAt(_ text: String, _ position: Int64) throws(EvaluationError) -> String {
    let scalars = text.unicodeScalars
    guard position >= 0, position <= scalars.count else { throw outOfRange(position) }
    guard position < scalars.count else { return "" }
    return String(scalars[scalars.index(scalars.startIndex, offsetBy: Int(position))])
  }

  /// The first position of `part` at or after `from`; -1 if there is none. An empty part is found at the
  /// start of the search.
  ///
  /// - Parameters:
  ///   - text: The text to search.
  ///   - part: The text to find.
  ///   - from: The start of the search, in code points.
  ///   - isStrict: Whether a start after the end of the text is an error.
  /// - Returns: A position in code points, or -1.
  /// - Throws: `indexOutOfBounds` for a negative position, and with `isStrict` for one after the end.
  static func indexOf(
    _ text: String, _ part: String, from: Int64 = 0, isStrict: Bool = false
  ) throws(EvaluationError) -> Int64 {
    guard from >= 0, !isStrict || from <= text.unicodeScalars.count else { throw outOfRange(from) }
    let bytes = Array(text.utf8)
    let needle = Array(part.utf8)
    guard let start = byteOffset(in: bytes, ofScalar: from) else {
      return needle.isEmpty ? Int64(text.unicodeScalars.count) : -1
    }
    guard !needle.isEmpty else { return from }
    guard let found = ByteSearch(needle).first(in: bytes.span, from: start) else { return -1 }
    return from + Int64(scalarCount(bytes[start..<found]))
  }

  /// The last position of `part` that is not after `from`; -1 if there is none or `from` is after the end of
  /// the text.
  ///
  /// - Parameters:
  ///   - text: The text to search.
  ///   - part: The text to find.
  ///   - from: The greatest acceptable position, in code points; nil for any.
  ///   - isStrict: Whether a position after the end of the text is an error.
  /// - Returns: A position in code points, or -1.
  /// - Throws: `indexOutOfBounds` for a negative position, and with `isStrict` for one after the end.
  static func lastIndexOf(
    _ text: String, _ part: String, from: Int64?, isStrict: Bool = false
  ) throws(EvaluationError) -> Int64 {
    let count = Int64(text.unicodeScalars.count)
    if let from, from < 0 || (isStrict && from > count) { throw outOfRange(from) }
    if part.utf8.isEmpty { return min(from ?? count, count) }
    if let from, from >= count { return -1 }
    let bytes = Array(text.utf8)
    let needle = Array(part.utf8)
    var end = bytes.count
    if let from, let offset = byteOffset(in: bytes, ofScalar: from) { end = min(end, offset + needle.count) }
    guard let found = ByteSearch.last(needle, in: bytes[..<end]) else { return -1 }
    return Int64(scalarCount(bytes[..<found]))
  }

  static func substring(_ text: String, from: Int64, to: Int64? = nil) throws(EvaluationError) -> String {
    let scalars = text.unicodeScalars
    let count = Int64(scalars.count)
    let end = to ?? max(count, from)
    guard from <= end else {
      throw .invalidArgument("invalid substring range. start: \(from), end: \(end)")
    }
    guard from >= 0, from <= count else { throw outOfRange(from) }
    guard end <= count else { throw outOfRange(end) }
    return String(scalars.dropFirst(Int(from)).prefix(Int(end - from)))
  }

  /// `text` with at most `limit` occurrences of `old` replaced. A negative limit means no limit. An empty
  /// `old` occurs before each code point and at the end.
  static func replace(
    _ text: String, _ old: String, _ new: String, limit: Int, _ meter: inout Meter
  ) throws(EvaluationError) -> String {
    try meter.spend(8 + Steps.making(bytes: text.utf8.count + old.utf8.count + new.utf8.count))
    let bytes = Array(text.utf8)
    let needle = Array(old.utf8)
    let replacement = Array(new.utf8)
    let search = ByteSearch(needle)
    var output: [UInt8] = []
    var position = 0
    var count = 0
    while count < limit {
      let found: Int
      if needle.isEmpty {
        // Before the first code point, then after each one.
        guard count == 0 || position < bytes.count else { break }
        found = count == 0 ? 0 : nextScalar(bytes, after: position)
      } else {
        guard let next = search.first(in: bytes.span, from: position) else { break }
        found = next
      }
      try meter.spend(2 + (found - position + replacement.count) / 5)
      output += bytes[position..<found]
      output += replacement
      position = found + needle.count
      count += 1
      guard output.count <= resultLimit else { throw tooLong }
    }
    guard count > 0 else { return text }
    output += bytes[position...]
    return String(decoding: output, as: UTF8.self)
  }

  /// `text` split at each `separator` into at most `limit` parts. A negative limit means no limit. An empty
  /// separator splits after each code point.
  static func split(
    _ text: String, _ separator: String, limit: Int, _ meter: inout Meter
  ) throws(EvaluationError) -> [String] {
    guard limit != 0 else { return [] }
    try meter.spend(8 + Steps.making(bytes: text.utf8.count + separator.utf8.count))
    let bytes = Array(text.utf8)
    let needle = Array(separator.utf8)
    let search = ByteSearch(needle)
    var parts: [String] = []
    var position = 0
    while parts.count + 1 < limit {
      let end: Int
      if needle.isEmpty {
        guard position < bytes.count else { break }
        end = nextScalar(bytes, after: position)
        // The last code point is the last part.
        if end == bytes.count { break }
      } else {
        guard let found = search.first(in: bytes.span, from: position) else { break }
        end = found
      }
      // A part needs more memory than its bytes.
      try meter.spend(6 + (end - position > 15 ? Steps.making(bytes: end - position) : 0))
      parts.append(String(decoding: bytes[position..<end], as: UTF8.self))
      position = end + needle.count
    }
    if needle.isEmpty, bytes.isEmpty { return [] }
    try meter.spend(6 + Steps.making(bytes: bytes.count - position))
    parts.append(String(decoding: bytes[position...], as: UTF8.self))
    return parts
  }

  static func join(_ list: ListValue, _ separator: String) throws(EvaluationError) -> String {
    var output: [UInt8] = []
    for (index, element) in list.enumerated() {
      guard case .string(let text) = element else {
        throw EvaluationError(
          .noMatchingOverload, "join of a list with an element of type \(element.typeName)")
      }
      if index > 0 { output += separator.utf8 }
      output += text.utf8
      guard output.count <= resultLimit else { throw tooLong }
    }
    return String(decoding: output, as: UTF8.self)
  }

  static func lowerASCII(_ text: String) -> String {
    String(decoding: text.utf8.map { $0 >= 0x41 && $0 <= 0x5A ? $0 + 0x20 : $0 }, as: UTF8.self)
  }

  static func upperASCII(_ text: String) -> String {
    String(decoding: text.utf8.map { $0 >= 0x61 && $0 <= 0x7A ? $0 - 0x20 : $0 }, as: UTF8.self)
  }

  static func reverse(_ text: String) -> String {
    let bytes = Array(text.utf8)
    var output: [UInt8] = []
    output.reserveCapacity(bytes.count)
    var end = bytes.count
    while end > 0 {
      var start = end - 1
      while start > 0, isContinuation(bytes[start]) { start -= 1 }
      if end - start == 1 { output.append(bytes[start]) } else { output += bytes[start..<end] }
      end = start
    }
    return String(decoding: output, as: UTF8.self)
  }

  /// The text without Unicode white space at its ends.
  static func trim(_ text: String) -> String {
    let scalars = text.unicodeScalars
    let start = scalars.drop(while: isSpace)
    guard let end = start.lastIndex(where: { !isSpace($0) }) else { return "" }
    return String(start[...end])
  }

  /// The text in double quotes, with CEL's escapes for control characters, quotes and backslashes.
  static func quote(_ text: String) -> String {
    var output: [UInt8] = []
    output.reserveCapacity(text.utf8.count + 2)
    output.append(UInt8(ascii: "\""))
    for byte in text.utf8 {
      if let escape = escape(byte) {
        output.append(UInt8(ascii: "\\"))
        output.append(escape)
      } else {
        output.append(byte)
      }
    }
    output.append(UInt8(ascii: "\""))
    return String(decoding: output, as: UTF8.self)
  }

  /// The character that follows the backslash; nil for a byte that is not escaped.
  private static func escape(_ byte: UInt8) -> UInt8? {
    switch byte {
    case 0x07: UInt8(ascii: "a")
    case 0x08: UInt8(ascii: "b")
    case 0x0C: UInt8(ascii: "f")
    case 0x0A: UInt8(ascii: "n")
    case 0x0D: UInt8(ascii: "r")
    case 0x09: UInt8(ascii: "t")
    case 0x0B: UInt8(ascii: "v")
    case UInt8(ascii: "\\"), UInt8(ascii: "\""): byte
    default: nil
    }
  }

  // MARK: - Parts

  private static func outOfRange(_ position: Int64) -> EvaluationError {
    EvaluationError(.indexOutOfBounds, "index out of range: \(position)")
  }

  private static var tooLong: EvaluationError {
    .invalidArgument("the result is longer than \(resultLimit) bytes")
  }

  private static func isSpace(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x09...0x0D, 0x20, 0x85, 0xA0, 0x1680, 0x2000...0x200A, 0x2028, 0x2029, 0x202F, 0x205F, 0x3000: true
    default: false
    }
  }

  private static func isContinuation(_ byte: UInt8) -> Bool { byte & 0xC0 == 0x80 }

  private static func scalarCount(_ bytes: ArraySlice<UInt8>) -> Int { bytes.count { !isContinuation($0) } }

  private static func nextScalar(_ bytes: [UInt8], after position: Int) -> Int {
    var next = position + 1
    while next < bytes.count, isContinuation(bytes[next]) { next += 1 }
    return next
  }

  /// The byte offset of a code point; nil if the text has fewer. The end of the text is a valid position.
  private static func byteOffset(in bytes: [UInt8], ofScalar position: Int64) -> Int? {
    guard position <= bytes.count else { return nil }
    var remaining = position
    for index in bytes.indices where !isContinuation(bytes[index]) {
      if remaining == 0 { return index }
      remaining -= 1
    }
    return remaining == 0 ? bytes.count : nil
  }
}
