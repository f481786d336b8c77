// SPDX-License-Identifier: Apache-2.0

/// The `encoders` extension: `base64.encode`, `base64.decode`, their `Url` variants, and `json.encode`.
///
/// Decoding accepts text with or without padding.
public struct EncodersLibrary: Library {
  /// `encoders`
  public let name = "encoders"

  /// The library.
  public init() {}

  /// Adds the functions.
  public func declare(in declarations: inout Declarations) {
    declareBase64("base64.encode", "base64.decode", "", .standard, in: &declarations)
    declareBase64("base64.encodeUrl", "base64.decodeUrl", "_url", .url, in: &declarations)
    declarations.function(
      "json.encode",
      .unary("json_encode_dyn", cost: .custom { $0[0].weight.multipliedSaturated(by: 6) }) {
        (value: Value) throws(EvaluationError) in try JSONEncoding.encode(value)
      })
  }

  private func declareBase64(
    _ encode: String, _ decode: String, _ suffix: String, _ alphabet: Base64.Alphabet,
    in declarations: inout Declarations
  ) {
    declarations.function(
      encode,
      .unary("base64_encode\(suffix)_bytes", cost: .linear) { (bytes: [UInt8]) in
        Base64.encode(bytes, alphabet)
      })
    declarations.function(
      decode,
      .unary("base64_decode\(suffix)_string", cost: .linear) { (text: String) throws(EvaluationError) in
        guard let bytes = Base64.decode(text, alphabet) else { throw .invalidArgument("not base64") }
        return bytes
      })
  }
}

/// Converts a CEL value to compact JSON, by the rules of cel-go's `json.encode`.
///
/// Integers beyond ±(2^53 - 1) are written as strings, because many readers would round them. Bytes are
/// written as base64; timestamps, durations and map keys as strings. Map entries keep their order.
package enum JSONEncoding {
  private static let nestingLimit = 200
  private static let resultLimit = StringOperations.resultLimit
  private static let exactLimit: Int64 = (1 << 53) - 1

  package static func encode(_ value: Value) throws(EvaluationError) -> String {
    var output: [UInt8] = []
    try append(value, to: &output, depth: 0)
    return String(decoding: output, as: UTF8.self)
  }

  private static func append(
    _ value: Value, to output: inout [UInt8], depth: Int
  ) throws(EvaluationError) {
    guard depth <= nestingLimit, output.count <= resultLimit else {
      throw .invalidArgument("a value is too large for json.encode")
    }
    switch value.native {
    case .null: output += "null".utf8
    case .bool(let value): output += (value ? "true" : "false").utf8
    case .int(let value):
      output += (value.magnitude <= UInt64(exactLimit) ? "\(value)" : "\"\(value)\"").utf8
    case .uint(let value): output += (value <= UInt64(exactLimit) ? "\(value)" : "\"\(value)\"").utf8
    case .double(let value):
      guard value.isFinite else { throw .invalidArgument("NaN and infinity cannot be written as JSON") }
      output += NumberText.json(value).utf8
    case .string(let value): append(value, to: &output)
    case .bytes(let value): append(Base64.encode(value), to: &output)
    case .timestamp(let value): append(StringFormat.utc(value), to: &output)
    case .duration(let value):
      let (seconds, rest) = value.nanoseconds.quotientAndRemainder(dividingBy: 1_000_000_000)
      append(NumberText.shortest(Double(seconds) + Double(rest) / 1e9) + "s", to: &output)
    case .list(let list):
      output.append(UInt8(ascii: "["))
      for (index, element) in list.enumerated() {
        if index > 0 { output.append(UInt8(ascii: ",")) }
        try append(element, to: &output, depth: depth + 1)
      }
      output.append(UInt8(ascii: "]"))
    case .map(let map):
      output.append(UInt8(ascii: "{"))
      for (index, entry) in map.entries.enumerated() {
        if index > 0 { output.append(UInt8(ascii: ",")) }
        append(keyText(entry.key), to: &output)
        output.append(UInt8(ascii: ":"))
        try append(entry.value, to: &output, depth: depth + 1)
      }
      output.append(UInt8(ascii: "}"))
    case .type, .opaque, .optional, .foreign:
      throw .invalidArgument("a value of type \(value.typeName) cannot be written as JSON")
    }
  }

  private static func keyText(_ key: Value) -> String {
    switch key.native {
    case .string(let text): text
    case .int(let value): "\(value)"
    case .uint(let value): "\(value)"
    case .bool(let value): value ? "true" : "false"
    default: ""
    }
  }

  /// Appends a quoted string. As in Go, `<`, `>`, `&` and the line separators U+2028 and U+2029 are escaped
  /// too, so that the text is safe in HTML and JavaScript.
  private static func append(_ text: String, to output: inout [UInt8]) {
    output.append(UInt8(ascii: "\""))
    let bytes = Array(text.utf8)
    for (index, byte) in bytes.enumerated() {
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"): output += [UInt8(ascii: "\\"), byte]
      case 0x0A: output += "\\n".utf8
      case 0x0D: output += "\\r".utf8
      case 0x09: output += "\\t".utf8
      case 0x08: output += "\\b".utf8
      case 0x0C: output += "\\f".utf8
      case 0..<0x20, UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "&"):
        let digits = Array("0123456789abcdef".utf8)
        output += "\\u00".utf8
        output += [digits[Int(byte >> 4)], digits[Int(byte & 15)]]
      // U+2028 and U+2029 are E2 80 A8 and E2 80 A9. They are recognised at their third byte.
      case 0xA8 where index >= 2 && bytes[index - 2] == 0xE2 && bytes[index - 1] == 0x80,
        0xA9 where index >= 2 && bytes[index - 2] == 0xE2 && bytes[index - 1] == 0x80:
        output.removeLast(2)
        output += (byte == 0xA8 ? "\\u2028" : "\\u2029").utf8
      default: output.append(byte)
      }
    }
    output.append(UInt8(ascii: "\""))
  }
}

/// Base64 of RFC 4648: the standard alphabet of section 4, and the one for URLs of section 5.
enum Base64 {
  /// The two alphabets, which differ in the characters for 62 and 63.
  enum Alphabet: Sendable { case standard, url }

  static func encode(_ bytes: [UInt8], _ alphabet: Alphabet = .standard) -> String {
    let characters = Array(
      ("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789" + (alphabet == .url ? "-_" : "+/"))
        .utf8)
    var result: [UInt8] = []
    result.reserveCapacity((bytes.count + 2) / 3 * 4)
    for start in stride(from: 0, to: bytes.count, by: 3) {
      let group = bytes[start..<min(start + 3, bytes.count)]
      var bits: UInt32 = 0
      for (index, byte) in group.enumerated() { bits |= UInt32(byte) << (16 - 8 * index) }
      for index in 0..<4 {
        result.append(
          index <= group.count ? characters[Int(bits >> (18 - 6 * index)) & 63] : UInt8(ascii: "="))
      }
    }
    return String(decoding: result, as: UTF8.self)
  }

  /// The decoded bytes; nil if a character is outside the alphabet, the padding is incomplete or not at the
  /// end, or the length is impossible. Line ends and left-over bits are ignored, as in Go.
  static func decode(_ text: String, _ alphabet: Alphabet = .standard) -> [UInt8]? {
    var characters = Array(text.utf8.filter { $0 != 0x0A && $0 != 0x0D })
    if characters.count % 4 == 0 {
      for _ in 0..<2 where characters.last == UInt8(ascii: "=") { characters.removeLast() }
    }
    guard characters.count % 4 != 1 else { return nil }
    var result: [UInt8] = []
    result.reserveCapacity(characters.count * 3 / 4)
    var bits: UInt32 = 0
    var count = 0
    for character in characters {
      guard let value = value(of: character, alphabet) else { return nil }
      bits = bits << 6 | UInt32(value)
      count += 6
      guard count >= 8 else { continue }
      count -= 8
      result.append(UInt8(truncatingIfNeeded: bits >> UInt32(count)))
    }
    return result
  }

  private static func value(of character: UInt8, _ alphabet: Alphabet) -> UInt8? {
    switch (character, alphabet) {
    case (0x41...0x5A, _): character - 65
    case (0x61...0x7A, _): character - 71
    case (0x30...0x39, _): character + 4
    case (UInt8(ascii: "+"), .standard), (UInt8(ascii: "-"), .url): 62
    case (UInt8(ascii: "/"), .standard), (UInt8(ascii: "_"), .url): 63
    default: nil
    }
  }
}
