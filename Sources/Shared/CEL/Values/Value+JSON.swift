// SPDX-License-Identifier: Apache-2.0

extension Value {
  /// Parses JSON.
  ///
  /// A number is an int if it has no fraction and no exponent and fits into int64, a uint if it is an integer
  /// above that, else a double. Of repeated keys, the first counts.
  ///
  /// - Throws: ``JSONTextError`` if the text is not exactly one JSON value
  public init(json text: String) throws(JSONTextError) {
    var reader = JSONTextReader(Array(text.utf8))
    self = try reader.whole()
  }
}

/// An error in JSON text, with its position.
public struct JSONTextError: Error, Sendable, CustomStringConvertible {
  /// The reason.
  public let message: String
  /// The position, as a UTF-8 offset.
  public let offset: Int
  /// `offset 12: expected ',' or '}'`
  public var description: String { "offset \(offset): \(message)" }
}

/// A parser for RFC 8259.
private struct JSONTextReader {
  private let bytes: [UInt8]
  private var position = 0
  private static let nestingLimit = 500

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  mutating func whole() throws(JSONTextError) -> Value {
    let result = try value(depth: 0)
    skipSpace()
    guard position == bytes.count else { throw failure("expected the end of the text") }
    return result
  }

  private func failure(_ message: String) -> JSONTextError {
    JSONTextError(message: message, offset: position)
  }

  private var byte: UInt8? { position < bytes.count ? bytes[position] : nil }

  private mutating func skipSpace() {
    while let byte, [0x20, 0x09, 0x0A, 0x0D].contains(byte) { position += 1 }
  }

  private mutating func accept(_ character: UnicodeScalar) -> Bool {
    guard byte == UInt8(ascii: character) else { return false }
    position += 1
    return true
  }

  private mutating func value(depth: Int) throws(JSONTextError) -> Value {
    guard depth < Self.nestingLimit else { throw failure("nests more than \(Self.nestingLimit) levels deep") }
    skipSpace()
    switch byte {
    case UInt8(ascii: "{"): return try object(depth)
    case UInt8(ascii: "["): return try array(depth)
    case UInt8(ascii: "\""): return .string(try string())
    default: break
    }
    for (word, value) in [("true", Value.bool(true)), ("false", .bool(false)), ("null", .null)]
    where bytes[position...].starts(with: word.utf8) {
      position += word.utf8.count
      return value
    }
    return try number()
  }

  private mutating func object(_ depth: Int) throws(JSONTextError) -> Value {
    position += 1
    var entries: [(Value, Value)] = []
    skipSpace()
    if accept("}") { return .map(MapValue(entries)) }
    repeat {
      skipSpace()
      guard byte == UInt8(ascii: "\"") else { throw failure("expected a key in quotes") }
      let key = try string()
      skipSpace()
      guard accept(":") else { throw failure("expected ':'") }
      entries.append((.string(key), try value(depth: depth + 1)))
      skipSpace()
    } while accept(",")
    guard accept("}") else { throw failure("expected ',' or '}'") }
    return .map(MapValue(entries))
  }

  private mutating func array(_ depth: Int) throws(JSONTextError) -> Value {
    position += 1
    var elements: [Value] = []
    skipSpace()
    if accept("]") { return .list(ListValue(elements)) }
    repeat {
      elements.append(try value(depth: depth + 1))
      skipSpace()
    } while accept(",")
    guard accept("]") else { throw failure("expected ',' or ']'") }
    return .list(ListValue(elements))
  }

  private mutating func number() throws(JSONTextError) -> Value {
    let start = position
    _ = accept("-")
    let whole = digits()
    guard !whole.isEmpty, whole.count == 1 || whole.first != UInt8(ascii: "0") else {
      position = start
      throw failure("expected a value")
    }
    var isWhole = true
    if accept(".") {
      isWhole = false
      guard !digits().isEmpty else { throw failure("expected a digit") }
    }
    if byte.map({ $0 | 0x20 }) == UInt8(ascii: "e") {
      isWhole = false
      position += 1
      if !accept("+") { _ = accept("-") }
      guard !digits().isEmpty else { throw failure("expected a digit") }
    }
    let text = String(decoding: bytes[start..<position], as: UTF8.self)
    if isWhole, let int = Int64(text) { return .int(int) }
    if isWhole, let uint = UInt64(text) { return .uint(uint) }
    guard let double = Double(text), double.isFinite else { throw failure("the number is too large") }
    return .double(double)
  }

  private mutating func digits() -> ArraySlice<UInt8> {
    let result = bytes[position...].prefix { $0.isDigit }
    position = result.endIndex
    return result
  }

  private mutating func string() throws(JSONTextError) -> String {
    position += 1
    var output: [UInt8] = []
    while let byte, byte != UInt8(ascii: "\"") {
      guard byte >= 0x20 else { throw failure("a control character in a string must be escaped") }
      position += 1
      guard byte == UInt8(ascii: "\\") else {
        output.append(byte)
        continue
      }
      output += Array(String(try escape()).utf8)
    }
    guard accept("\"") else { throw failure("the string is not closed") }
    guard let text = String(validating: output, as: UTF8.self) else {
      throw failure("the string is not valid UTF-8")
    }
    return text
  }

  private mutating func escape() throws(JSONTextError) -> Unicode.Scalar {
    defer { position += 1 }
    switch byte {
    case UInt8(ascii: "n"): return "\n"
    case UInt8(ascii: "t"): return "\t"
    case UInt8(ascii: "r"): return "\r"
    case UInt8(ascii: "b"): return "\u{8}"
    case UInt8(ascii: "f"): return "\u{C}"
    case UInt8(ascii: "u"):
      let high = try unit()
      if let scalar = Unicode.Scalar(high) { return scalar }
      guard high < 0xDC00, bytes[(position + 1)...].starts(with: "\\u".utf8) else {
        throw failure("a surrogate without its other half")
      }
      position += 2
      let low = try unit()
      guard (0xDC00...0xDFFF).contains(low),
        let scalar = Unicode.Scalar(0x10000 + (high - 0xD800) << 10 + (low - 0xDC00))
      else { throw failure("a surrogate without its other half") }
      return scalar
    case let byte? where "\"\\/".utf8.contains(byte): return Unicode.Scalar(byte)
    default: throw failure("unknown escape")
    }
  }

  /// Reads the four digits after `u`. The position is at the `u` before, and at the last digit afterwards.
  private mutating func unit() throws(JSONTextError) -> UInt32 {
    var result: UInt32 = 0
    for _ in 0..<4 {
      position += 1
      guard let digit = byte?.hexValue else { throw failure("expected four hexadecimal digits") }
      result = result << 4 | digit
    }
    return result
  }
}
