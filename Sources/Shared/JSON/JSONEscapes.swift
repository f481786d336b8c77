// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
  import Glibc
#else
  import Musl
#endif

/// Escapes inside JSON strings (RFC 8259, section 7).
package enum JSONEscapes {
  /// Appends the decoded content of a string. An invalid escape becomes U+FFFD: half of a surrogate pair, an
  /// unknown letter, missing digits.
  package static func decode(_ content: UnsafeBufferPointer<UInt8>, into bytes: inout [UInt8]) {
    _ = unsafe decodeAndCheck(content, into: &bytes)
  }

  /// Decodes like ``decode(_:into:)``, and reports whether every escape was valid.
  package static func decodeAndCheck(_ content: UnsafeBufferPointer<UInt8>, into bytes: inout [UInt8]) -> Bool
  {
    var index = 0
    var isValid = true
    while index < content.count {
      let rest = unsafe UnsafeBufferPointer(rebasing: content[index...])
      let plain = unsafe lengthBeforeEscape(rest)
      unsafe bytes.append(contentsOf: rest[..<plain])
      index += plain + 1
      guard index < content.count else {
        if index == content.count {
          isValid = false
          bytes.append(UInt8(ascii: "\\"))
        }
        break
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
      case UInt8(ascii: "u"):
        let scalar = unsafe scalar(content, &index)
        if scalar == nil { isValid = false }
        append(scalar ?? replacement, to: &bytes)
      default:
        isValid = false
        append(replacement, to: &bytes)
      }
    }
    return isValid
  }

  private static func lengthBeforeEscape(_ bytes: UnsafeBufferPointer<UInt8>) -> Int {
    guard let start = bytes.baseAddress,
      let found = unsafe memchr(start, Int32(UInt8(ascii: "\\")), bytes.count)
    else { return bytes.count }
    return unsafe UnsafeRawPointer(found) - UnsafeRawPointer(start)
  }

  private static let replacement: Unicode.Scalar = "\u{FFFD}"

  private static func append(_ scalar: Unicode.Scalar, to bytes: inout [UInt8]) {
    bytes.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
  }

  /// The scalar of `\uXXXX`, or of two of them that make a pair; nil when there is none. `index` is after the `u`.
  private static func scalar(_ content: UnsafeBufferPointer<UInt8>, _ index: inout Int) -> Unicode.Scalar? {
    guard let first = unsafe unit(content, index) else { return nil }
    index += 4
    guard (0xD800...0xDBFF).contains(first) else { return Unicode.Scalar(first) }
    guard index + 6 <= content.count, unsafe content[index] == UInt8(ascii: "\\"),
      unsafe content[index + 1] == UInt8(ascii: "u"), let second = unsafe unit(content, index + 2),
      (0xDC00...0xDFFF).contains(second)
    else { return nil }
    index += 6
    return Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00))
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
