// SPDX-License-Identifier: Apache-2.0

/// Base64 of RFC 4648: the standard alphabet of section 4, and the one for URLs of section 5.
enum Base64 {
  /// Which characters stand for 62 and 63.
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

  /// The bytes; nil for a character outside the alphabet, padding that is incomplete or not at the end, or a length
  /// that no bytes encode to. Line ends are skipped and left-over bits ignored, as in Go.
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
