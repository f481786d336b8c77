// SPDX-License-Identifier: Apache-2.0

/// Escapes inside JSON strings (RFC 8259, section 7).
package enum JSONEscapes {
  /// Appends the decoded content of a string. What JSON does not allow becomes U+FFFD: the lone half of a surrogate
  /// pair, an unknown escape, digits that are missing.
  package static func decode(_ content: UnsafeBufferPointer<UInt8>, into bytes: inout [UInt8]) {
    var index = 0
    while index < content.count {
      let byte = unsafe content[index]
      index += 1
      guard byte == UInt8(ascii: "\\"), index < content.count else {
        bytes.append(byte)
        continue
      }
      let letter = unsafe content[index]
      index += 1
      switch letter {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): bytes.append(letter)
      case UInt8(ascii: "b"): bytes.append(0x08)
      case UInt8(ascii: "f"): bytes.append(0x0C)
      case UInt8(ascii: "n"): bytes.append(0x0A)
      case UInt8(ascii: "r"): bytes.append(0x0D)
      case UInt8(ascii: "t"): bytes.append(0x09)
      case UInt8(ascii: "u"): unsafe append(scalar(content, &index), to: &bytes)
      default: append(replacement, to: &bytes)
      }
    }
  }

  private static let replacement: Unicode.Scalar = "\u{FFFD}"

  private static func append(_ scalar: Unicode.Scalar, to bytes: inout [UInt8]) {
    bytes.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
  }

  /// The scalar of `\uXXXX`, or of two of them that make a pair; `index` is behind the `u`.
  private static func scalar(_ content: UnsafeBufferPointer<UInt8>, _ index: inout Int) -> Unicode.Scalar {
    guard let first = unsafe unit(content, index) else { return replacement }
    index += 4
    guard (0xD800...0xDBFF).contains(first) else { return Unicode.Scalar(first) ?? replacement }
    guard index + 6 <= content.count, unsafe content[index] == UInt8(ascii: "\\"),
      unsafe content[index + 1] == UInt8(ascii: "u"), let second = unsafe unit(content, index + 2),
      (0xDC00...0xDFFF).contains(second)
    else { return replacement }
    index += 6
    return Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00)) ?? replacement
  }

  private static func unit(_ content: UnsafeBufferPointer<UInt8>, _ index: Int) -> UInt32? {
    guard index + 4 <= content.count else { return nil }
    var value: UInt32 = 0
    for offset in 0..<4 {
      guard let digit = unsafe digit(content[index + offset]) else { return nil }
      value = value << 4 | digit
    }
    return value
  }

  private static func digit(_ byte: UInt8) -> UInt32? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(byte - UInt8(ascii: "0"))
    case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt32(byte - UInt8(ascii: "a") + 10)
    case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt32(byte - UInt8(ascii: "A") + 10)
    default: nil
    }
  }
}
