// SPDX-License-Identifier: Apache-2.0
internal import Glibc

/// Walks through JSON text in any buffer and reports where its parts are; decodes nothing.
///
/// Every method takes the text as a span, so that a walker can be kept while its text grows. A value that is
/// cut off is
/// ``JSONError/truncated``, and the walk can be repeated when more bytes have arrived. The structure of each
/// container that is entered is checked; in skipped values only brackets and strings are checked.
///
/// ``JSONCursor`` is the other reader: it is faster, and needs whole lines that are followed by padding.
package struct JSONWalker: Sendable {
  /// Kubernetes refuses objects that are nested deeper than 10,000.
  package static let depthLimit = 10_000

  package var position: Int
  /// Whether the innermost open container has had no value yet, so that no comma is due.
  private var isFirst = true

  package init(at position: Int = 0) { self.position = position }

  package mutating func skipSpace(_ text: Span<UInt8>) {
    while position < text.count {
      switch text[position] {
      case 0x20, 0x09, 0x0A, 0x0D: position += 1
      default: return
      }
    }
  }

  /// Whether the text has no token.
  package static func isSpace(_ text: Span<UInt8>) -> Bool {
    var walker = JSONWalker()
    walker.skipSpace(text)
    return walker.position == text.count
  }

  /// The first byte of the next token, which is not consumed.
  package mutating func peek(_ text: Span<UInt8>) throws(JSONError) -> UInt8 {
    skipSpace(text)
    guard position < text.count else { throw .truncated }
    return text[position]
  }

  package mutating func expect(_ byte: UInt8, _ text: Span<UInt8>) throws(JSONError) {
    guard try peek(text) == byte else { throw .unexpected(at: position) }
    position += 1
  }

  /// Consumes the `{` of an object; ``nextKey(_:)`` gives its members.
  package mutating func enterObject(_ text: Span<UInt8>) throws(JSONError) {
    try expect(UInt8(ascii: "{"), text)
    isFirst = true
  }

  /// Consumes the `[` of an array; ``nextElement(_:)`` gives its elements.
  package mutating func enterArray(_ text: Span<UInt8>) throws(JSONError) {
    try expect(UInt8(ascii: "["), text)
    isFirst = true
  }

  /// The next key of the object that was entered; nil with its `}` consumed.
  ///
  /// The walker is left at the value, which the caller must consume.
  /// - Returns: the range of the key between its quotes, escapes and all.
  package mutating func nextKey(_ text: Span<UInt8>) throws(JSONError) -> Range<Int>? {
    guard try next(before: UInt8(ascii: "}"), text) else { return nil }
    let key = try stringRange(text)
    try expect(UInt8(ascii: ":"), text)
    skipSpace(text)
    return key
  }

  /// Moves to the next element of the array that was entered; false with its `]` consumed.
  package mutating func nextElement(_ text: Span<UInt8>) throws(JSONError) -> Bool {
    try next(before: UInt8(ascii: "]"), text)
  }

  private mutating func next(before bracket: UInt8, _ text: Span<UInt8>) throws(JSONError) -> Bool {
    let byte = try peek(text)
    if byte == bracket {
      position += 1
      isFirst = false
      return false
    }
    guard !isFirst else { return true }
    guard byte == UInt8(ascii: ",") else { throw .unexpected(at: position) }
    position += 1
    guard try peek(text) != bracket else { throw .unexpected(at: position) }
    return true
  }

  /// Consumes a string value.
  /// - Returns: the range between its quotes, escapes and all.
  package mutating func string(_ text: Span<UInt8>) throws(JSONError) -> Range<Int> {
    let range = try stringRange(text)
    isFirst = false
    return range
  }

  /// Consumes a value, and returns the range between the quotes if it is a string; nil if it is anything else.
  package mutating func stringValue(_ text: Span<UInt8>) throws(JSONError) -> Range<Int>? {
    guard try peek(text) == UInt8(ascii: "\"") else {
      try skipValue(text)
      return nil
    }
    return try string(text)
  }

  private mutating func stringRange(_ text: Span<UInt8>) throws(JSONError) -> Range<Int> {
    guard try peek(text) == UInt8(ascii: "\"") else { throw .unexpected(at: position) }
    let start = position + 1
    guard let end = Self.endOfString(text, from: start) else { throw .truncated }
    position = end + 1
    return start..<end
  }

  /// Consumes any value.
  /// - Returns: its range.
  @discardableResult
  package mutating func skipValue(_ text: Span<UInt8>) throws(JSONError) -> Range<Int> {
    let first = try peek(text)
    let start = position
    switch first {
    case UInt8(ascii: "\""): _ = try stringRange(text)
    case UInt8(ascii: "{"), UInt8(ascii: "["): try skipContainer(text)
    default:
      while position < text.count, !Self.endsScalar(text[position]) { position += 1 }
      guard position > start else { throw .unexpected(at: start) }
    }
    isFirst = false
    return start..<position
  }

  private mutating func skipContainer(_ text: Span<UInt8>) throws(JSONError) {
    var depth = 0
    repeat {
      guard position < text.count else { throw .truncated }
      switch text[position] {
      case UInt8(ascii: "\""):
        guard let end = Self.endOfString(text, from: position + 1) else { throw .truncated }
        position = end
      case UInt8(ascii: "{"), UInt8(ascii: "["):
        depth += 1
        guard depth <= Self.depthLimit else { throw .tooDeep }
      case UInt8(ascii: "}"), UInt8(ascii: "]"): depth -= 1
      default: break
      }
      position += 1
    } while depth > 0
  }

  /// Whether a byte ends a number or a literal.
  package static func endsScalar(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: ","), UInt8(ascii: "}"), UInt8(ascii: "]"), 0x20, 0x09, 0x0A, 0x0D: true
    default: false
    }
  }

  /// The closing quote of a string whose first byte is at `start`; nil when the text ends before it.
  ///
  /// Nearly all bytes of an API object are inside strings. Short strings are read in a loop, long ones with
  /// memchr(3).
  package static func endOfString(_ text: Span<UInt8>, from start: Int) -> Int? {
    var index = start
    let near = min(text.count, start + 24)
    while index < near {
      let byte = text[index]
      if byte == UInt8(ascii: "\"") { return index }
      index += byte == UInt8(ascii: "\\") ? 2 : 1
    }
    while index < text.count {
      guard let quote = find(UInt8(ascii: "\""), text, from: index) else { return nil }
      var backslashes = 0
      while quote - backslashes > index, text[quote - backslashes - 1] == UInt8(ascii: "\\") {
        backslashes += 1
      }
      if backslashes.isMultiple(of: 2) { return quote }
      index = quote + 1
    }
    return nil
  }

  /// memchr(3) over a span.
  package static func find(_ byte: UInt8, _ text: Span<UInt8>, from start: Int) -> Int? {
    guard start < text.count else { return nil }
    return unsafe text.withUnsafeBufferPointer { buffer in
      guard let base = buffer.baseAddress else { return nil }
      guard let hit = unsafe memchr(base + start, Int32(byte), buffer.count - start) else { return nil }
      return unsafe UnsafeRawPointer(hit) - UnsafeRawPointer(base)
    }
  }
}
