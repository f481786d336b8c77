// SPDX-License-Identifier: Apache-2.0

/// The `encoders` extension: `base64.encode(bytes)` and `base64.decode(string)`.
///
/// Decoding takes text with or without padding.
public struct EncodersLibrary: Library {
  /// `encoders`
  public let name = "encoders"

  /// The library.
  public init() {}

  /// Adds both functions.
  public func declare(in declarations: inout Declarations) {
    declarations.function(
      "base64.encode",
      .unary("base64_encode_bytes", cost: .linear) { (bytes: [UInt8]) in Base64.encode(bytes) })
    declarations.function(
      "base64.decode",
      .unary("base64_decode_string", cost: .linear) { (text: String) throws(EvaluationError) in
        guard let bytes = Base64.decode(text) else { throw .invalidArgument("not base64") }
        return bytes
      })
  }
}

/// Base64 of RFC 4648 section 4.
enum Base64 {
  private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

  static func encode(_ bytes: [UInt8]) -> String {
    var result: [UInt8] = []
    result.reserveCapacity((bytes.count + 2) / 3 * 4)
    for start in stride(from: 0, to: bytes.count, by: 3) {
      let group = bytes[start..<min(start + 3, bytes.count)]
      var bits: UInt32 = 0
      for (index, byte) in group.enumerated() { bits |= UInt32(byte) << (16 - 8 * index) }
      for index in 0..<4 {
        result.append(
          index <= group.count ? alphabet[Int(bits >> (18 - 6 * index)) & 63] : UInt8(ascii: "="))
      }
    }
    return String(decoding: result, as: UTF8.self)
  }

  /// Nil for a character outside the alphabet, padding in the middle, a length that no bytes encode to, or bits
  /// left over that are not zero.
  static func decode(_ text: String) -> [UInt8]? {
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
      guard let value = value(of: character) else { return nil }
      bits = bits << 6 | UInt32(value)
      count += 6
      guard count >= 8 else { continue }
      count -= 8
      result.append(UInt8(truncatingIfNeeded: bits >> UInt32(count)))
    }
    return bits & (1 << UInt32(count) - 1) == 0 ? result : nil
  }

  private static func value(of character: UInt8) -> UInt8? {
    switch character {
    case UInt8(ascii: "A")...UInt8(ascii: "Z"): character - 65
    case UInt8(ascii: "a")...UInt8(ascii: "z"): character - 71
    case UInt8(ascii: "0")...UInt8(ascii: "9"): character + 4
    case UInt8(ascii: "+"): 62
    case UInt8(ascii: "/"): 63
    default: nil
    }
  }
}
