// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
  import Glibc
#else
  import Musl
#endif

/// Escapes inside JSON strings (RFC 8259, section 7).
package enum JSONEscapes {
  /// Appends the decoded content of a string. An invalid escape becomes U+FFFD: half of a surrogate pair, an
  /// unknown letter, missing digits, a backslash at the end.
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
      index += plain
      guard index < content.count else { break }
      let escape = unsafe escape(content, &index)
      if escape == nil { isValid = false }
      append(escape ?? replacement, to: &bytes)
    }
    return isValid
  }

  /// The decoded bytes of a string's content, one by one, without a copy.
  @safe struct Bytes: IteratorProtocol {
    private let content: UnsafeBufferPointer<UInt8>
    private var index = 0
    /// The rest of an escaped character's bytes, the next one lowest.
    private var rest: UInt32 = 0
    private var restCount = 0

    init(_ content: UnsafeBufferPointer<UInt8>) { unsafe self.content = content }

    @inline(__always)
    mutating func next() -> UInt8? {
      if restCount > 0 { return nextOfRest() }
      guard unsafe index < content.count else { return nil }
      let byte = unsafe content[index]
      guard byte != UInt8(ascii: "\\") else { return nextEscape() }
      index += 1
      return byte
    }

    private mutating func nextEscape() -> UInt8? {
      let scalar = unsafe escape(content, &index) ?? replacement
      let bytes = UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter
      for byte in bytes {
        rest |= UInt32(byte) << (8 * UInt32(restCount))
        restCount += 1
      }
      return nextOfRest()
    }

    private mutating func nextOfRest() -> UInt8 {
      defer {
        rest >>= 8
        restCount -= 1
      }
      return UInt8(truncatingIfNeeded: rest)
    }
  }

  /// The character of the escape whose backslash is at `index`; nil for an invalid escape. Moves `index` past it.
  private static func escape(_ content: UnsafeBufferPointer<UInt8>, _ index: inout Int) -> Unicode.Scalar? {
    index += 1
    guard index < content.count else { return nil }
    let letter = unsafe content[index]
    index += 1
    switch letter {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(letter)
    case UInt8(ascii: "b"): return "\u{8}"
    case UInt8(ascii: "f"): return "\u{C}"
    case UInt8(ascii: "n"): return "\n"
    case UInt8(ascii: "r"): return "\r"
    case UInt8(ascii: "t"): return "\t"
    case UInt8(ascii: "u"): return unsafe scalar(content, &index)
    default: return nil
    }
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
