// SPDX-License-Identifier: Apache-2.0

/// Writes JSON text as bytes. It is not used for objects that a server sent: these keep their bytes.
package enum JSONText {
  /// Appends `text` as a JSON string, quotes included (RFC 8259 §7: quote, backslash and U+0000–U+001F escaped).
  package static func append(string text: some Sequence<UInt8>, to bytes: inout [UInt8]) {
    bytes.append(UInt8(ascii: "\""))
    // Contiguous bytes have a loop of their own, because a generic loop in another module calls a witness for
    // each byte.
    let isWhole: Void? = text.withContiguousStorageIfAvailable { unsafe appendEscaped($0, to: &bytes) }
    if isWhole == nil { unsafe Array(text).withUnsafeBufferPointer { unsafe appendEscaped($0, to: &bytes) } }
    bytes.append(UInt8(ascii: "\""))
  }

  private static func appendEscaped(_ text: UnsafeBufferPointer<UInt8>, to bytes: inout [UInt8]) {
    var start = 0
    for index in 0..<text.count {
      let byte = unsafe text[index]
      guard byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") else { continue }
      unsafe bytes.append(contentsOf: text[start..<index])
      start = index + 1
      bytes.append(UInt8(ascii: "\\"))
      switch byte {
      case 0x0A: bytes.append(UInt8(ascii: "n"))
      case 0x0D: bytes.append(UInt8(ascii: "r"))
      case 0x09: bytes.append(UInt8(ascii: "t"))
      case 0..<0x20: bytes += Array("u00".utf8) + [hexadecimal(byte >> 4), hexadecimal(byte & 15)]
      default: bytes.append(byte)
      }
    }
    unsafe bytes.append(contentsOf: text[start...])
  }

  /// An upper bound of the bytes that ``append(string:to:)`` appends between the quotes.
  package static func escapedCount(_ text: some Sequence<UInt8>) -> Int {
    text.reduce(0) { $0 + ($1 < 0x20 ? 6 : $1 == UInt8(ascii: "\"") || $1 == UInt8(ascii: "\\") ? 2 : 1) }
  }

  /// `text` as a JSON string, quotes included.
  package static func string(_ text: String) -> String {
    var bytes: [UInt8] = []
    append(string: text.utf8, to: &bytes)
    return String(decoding: bytes, as: UTF8.self)
  }

  /// Rewrites every string of a JSON text with the fewest possible escapes, so that equal strings become
  /// equal bytes.
  package static func normalizeEscapes(in bytes: inout [UInt8]) {
    guard bytes.contains(UInt8(ascii: "\\")) else { return }
    let text = bytes
    bytes.removeAll(keepingCapacity: true)
    var index = 0
    while index < text.count {
      guard text[index] == UInt8(ascii: "\"") else {
        bytes.append(text[index])
        index += 1
        continue
      }
      let start = index + 1
      index = start
      while index < text.count, text[index] != UInt8(ascii: "\"") {
        index += text[index] == UInt8(ascii: "\\") ? 2 : 1
      }
      var content: [UInt8] = []
      unsafe text[start..<min(index, text.count)].withUnsafeBufferPointer {
        unsafe JSONEscapes.decode($0, into: &content)
      }
      append(string: content, to: &bytes)
      index += 1
    }
  }

  /// Replaces the JSON string from `start` to the end by its decoded text. Leaves any other value unchanged.
  package static func unquote(from start: Int, in bytes: inout [UInt8]) {
    guard bytes.count - start >= 2, bytes[start] == UInt8(ascii: "\"") else { return }
    let content = Array(bytes[(start + 1)..<(bytes.count - 1)])
    bytes.removeSubrange(start...)
    unsafe content.withUnsafeBufferPointer { unsafe JSONEscapes.decode($0, into: &bytes) }
  }

  private static func hexadecimal(_ nibble: UInt8) -> UInt8 {
    nibble < 10 ? UInt8(ascii: "0") + nibble : UInt8(ascii: "a") + nibble - 10
  }
}
