// SPDX-License-Identifier: Apache-2.0

import CNATS

/// NKeys: Ed25519 keys in base 32, with a prefix for the kind of owner, and a checksum.
///
/// A seed is `S`, the owner's prefix, 32 bytes, CRC-16/XMODEM; a public key the same with one prefix byte
/// (github.com/nats-io/nkeys).
enum NKey {
  /// A decoded seed, and the prefix of its owner's public key.
  struct Seed {
    let bytes: [UInt8]
    fileprivate let owner: UInt8
  }

  /// Nil when `text` is not a valid encoded seed.
  static func seed(_ text: String) -> Seed? {
    guard let bytes = decodeBase32(text), bytes.count == 36 else { return nil }
    let body = bytes[..<34]
    guard checksum(body) == UInt16(bytes[34]) | UInt16(bytes[35]) << 8, bytes[0] & 0xf8 == 18 << 3 else {
      return nil
    }
    return Seed(bytes: Array(bytes[2..<34]), owner: (bytes[0] & 0x07) << 5 | (bytes[1] & 0xf8) >> 3)
  }

  static func publicKey(_ seed: Seed) -> String? {
    var key = [UInt8](repeating: 0, count: 32)
    guard unsafe cnats_ed25519_public_key(seed.bytes, &key) == 1 else { return nil }
    var encoded = [seed.owner] + key
    let sum = checksum(encoded[...])
    encoded += [UInt8(truncatingIfNeeded: sum), UInt8(truncatingIfNeeded: sum >> 8)]
    return encodeBase32(encoded)
  }

  private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".utf8)

  private static func decodeBase32(_ text: String) -> [UInt8]? {
    var result: [UInt8] = []
    var buffer: UInt32 = 0
    var bits = 0
    for byte in text.utf8 {
      guard let digit = alphabet.firstIndex(of: byte) else { return nil }
      buffer = buffer << 5 | UInt32(digit)
      bits += 5
      if bits >= 8 {
        bits -= 8
        result.append(UInt8(truncatingIfNeeded: buffer >> UInt32(bits)))
      }
    }
    return result
  }

  private static func encodeBase32(_ bytes: [UInt8]) -> String {
    var result: [UInt8] = []
    var buffer: UInt32 = 0
    var bits = 0
    for byte in bytes {
      buffer = buffer << 8 | UInt32(byte)
      bits += 8
      while bits >= 5 {
        bits -= 5
        result.append(alphabet[Int(buffer >> UInt32(bits) & 31)])
      }
    }
    if bits > 0 { result.append(alphabet[Int(buffer << UInt32(5 - bits) & 31)]) }
    return String(decoding: result, as: UTF8.self)
  }

  /// CRC-16/XMODEM: polynomial 0x1021, start 0.
  private static func checksum(_ bytes: ArraySlice<UInt8>) -> UInt16 {
    bytes.reduce(0) { sum, byte in
      var sum = sum ^ UInt16(byte) << 8
      for _ in 0..<8 { sum = sum & 0x8000 == 0 ? sum << 1 : sum << 1 ^ 0x1021 }
      return sum
    }
  }
}
