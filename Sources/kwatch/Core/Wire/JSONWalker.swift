// SPDX-License-Identifier: Apache-2.0
import Glibc

/// Bytes that are not the JSON they should be.
enum JSONFault: Error, Equatable {
  /// The text ends inside a value.
  case truncated
  /// Something else stands where a value, a key or a colon should; the offset of the byte.
  case unexpected(at: Int)
  /// Nested deeper than `JSONWalker.depthLimit`.
  case tooDeep
}

/// Walks over raw JSON text and says where things are; decodes nothing.
///
/// It finds keys and the ends of values and checks no more than that needs: what a server sent is passed on as
/// bytes, and whoever reads those bytes validates them. Every method takes the text as a span, so that the walker
/// itself can be kept across chunks.
struct JSONWalker {
  /// Kubernetes refuses objects nested deeper than 10,000; deeper text is an attack.
  static let depthLimit = 10_000

  var position: Int

  init(at position: Int = 0) { self.position = position }

  mutating func skipSpace(_ text: Span<UInt8>) {
    while position < text.count {
      switch text[position] {
      case 0x20, 0x09, 0x0A, 0x0D: position += 1
      default: return
      }
    }
  }

  /// The first byte of the next value, which is not consumed.
  mutating func peek(_ text: Span<UInt8>) throws(JSONFault) -> UInt8 {
    skipSpace(text)
    guard position < text.count else { throw .truncated }
    return text[position]
  }

  mutating func expect(_ byte: UInt8, _ text: Span<UInt8>) throws(JSONFault) {
    guard try peek(text) == byte else { throw .unexpected(at: position) }
    position += 1
  }

  /// The next key of the object whose `{` was consumed, or nil with its `}` consumed.
  ///
  /// The walker is left at the value, which the caller must consume.
  /// - Returns: the key's bytes between its quotes.
  mutating func nextKey(_ text: Span<UInt8>) throws(JSONFault) -> Range<Int>? {
    var byte = try peek(text)
    if byte == UInt8(ascii: ",") {
      position += 1
      byte = try peek(text)
    }
    if byte == UInt8(ascii: "}") {
      position += 1
      return nil
    }
    let key = try string(text)
    try expect(UInt8(ascii: ":"), text)
    skipSpace(text)
    return key
  }

  /// Moves to the next element of the array whose `[` was consumed; false with its `]` consumed.
  mutating func nextElement(_ text: Span<UInt8>) throws(JSONFault) -> Bool {
    var byte = try peek(text)
    if byte == UInt8(ascii: ",") {
      position += 1
      byte = try peek(text)
    }
    guard byte == UInt8(ascii: "]") else { return true }
    position += 1
    return false
  }

  /// Consumes a string; its bytes between the quotes, escapes and all.
  mutating func string(_ text: Span<UInt8>) throws(JSONFault) -> Range<Int> {
    guard try peek(text) == UInt8(ascii: "\"") else { throw .unexpected(at: position) }
    let start = position + 1
    guard let end = Self.endOfString(text, from: start) else { throw .truncated }
    position = end + 1
    return start..<end
  }

  /// Consumes any value.
  /// - Returns: its bytes.
  @discardableResult
  mutating func skipValue(_ text: Span<UInt8>) throws(JSONFault) -> Range<Int> {
    let first = try peek(text)
    let start = position
    switch first {
    case UInt8(ascii: "\""):
      _ = try string(text)
    case UInt8(ascii: "{"), UInt8(ascii: "["):
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
    default:
      while position < text.count, !Self.endsScalar(text[position]) { position += 1 }
      guard position > start else { throw .unexpected(at: start) }
    }
    return start..<position
  }

  /// Consumes a value and returns its text if it is a string, nil if it is anything else.
  mutating func stringValue(_ text: Span<UInt8>) throws(JSONFault) -> Range<Int>? {
    guard try peek(text) == UInt8(ascii: "\"") else {
      try skipValue(text)
      return nil
    }
    return try string(text)
  }

  static func endsScalar(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: ","), UInt8(ascii: "}"), UInt8(ascii: "]"), 0x20, 0x09, 0x0A, 0x0D: true
    default: false
    }
  }

  /// The closing quote of a string whose first byte is at `start`.
  ///
  /// Nearly all bytes of an API object are inside strings: short ones are walked, long ones left to `memchr`.
  static func endOfString(_ text: Span<UInt8>, from start: Int) -> Int? {
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

  /// `memchr` over a span.
  static func find(_ byte: UInt8, _ text: Span<UInt8>, from start: Int) -> Int? {
    guard start < text.count else { return nil }
    return unsafe text.withUnsafeBufferPointer { buffer in
      guard let base = buffer.baseAddress else { return nil }
      guard let hit = unsafe memchr(base + start, Int32(byte), buffer.count - start) else { return nil }
      return unsafe UnsafeRawPointer(hit) - UnsafeRawPointer(base)
    }
  }
}

extension Span<UInt8> {
  /// Whether the bytes of `range`, with JSON escapes resolved, are `word`.
  func reads(_ range: Range<Int>, as word: StaticString) -> Bool {
    word.withUTF8Buffer { expected in
      guard range.count >= expected.count else { return false }
      if range.count == expected.count {
        for offset in 0..<expected.count where unsafe self[range.lowerBound + offset] != expected[offset] {
          return false
        }
        return true
      }
      guard JSONWalker.find(UInt8(ascii: "\\"), extracting(range), from: 0) != nil else { return false }
      return unsafe Array(JSONValue.unescape(self, range).utf8) == Array(expected)
    }
  }

  func bytes(_ range: Range<Int>) -> [UInt8] {
    unsafe extracting(range).withUnsafeBufferPointer { unsafe Array($0) }
  }

  func text(_ range: Range<Int>) -> String {
    unsafe extracting(range).withUnsafeBufferPointer { unsafe String(decoding: $0, as: UTF8.self) }
  }
}
