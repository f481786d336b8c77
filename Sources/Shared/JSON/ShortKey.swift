// SPDX-License-Identifier: Apache-2.0

import CJSON

/// A key of at most eight bytes, which is compared with the keys of an object as one number.
package struct ShortKey: Sendable {
  fileprivate let word: UInt64
  fileprivate let mask: UInt64
  fileprivate let bytes: [UInt8]
  /// With its quotes.
  fileprivate let quoted: [UInt8]

  /// - Precondition: at most eight bytes, none of which is escaped in JSON.
  package init(_ key: StaticString) {
    bytes = key.withUTF8Buffer { unsafe Array($0) }
    quoted = [UInt8(ascii: "\"")] + bytes + [UInt8(ascii: "\"")]
    precondition(bytes.count <= 8)
    word = bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) }
    mask = bytes.count == 8 ? .max : 1 << UInt64(8 * bytes.count) - 1
  }
}

extension RawJSON {
  /// Whether the line may be an object with this key: a search for the key's bytes, which is faster than a
  /// walk.
  @inline(__always)
  package func mayHave(_ key: ShortKey) -> Bool {
    unsafe key.quoted.withUnsafeBufferPointer { quoted in
      guard let base = quoted.baseAddress else { return true }
      return unsafe json_may_have_key(start.address, limit.address, base, quoted.count)
    }
  }

  /// The first values of two keys of an object; nil where one is missing or not accepted, and where the
  /// object is broken before them.
  ///
  /// No other value is read, and nothing after the later of the two. `accept` is called for each of the two;
  /// false ends the walk.
  package func values(
    of first: ShortKey, _ second: ShortKey, where accept: (_ isFirst: Bool, RawJSON) -> Bool
  ) -> (RawJSON, RawJSON)? {
    guard start < limit, start.byte == UInt8(ascii: "{") else { return nil }
    var values: (RawJSON?, RawJSON?) = (nil, nil)
    var position = (start + 1).pastSpace(limit)
    while position < limit, position.byte == UInt8(ascii: "\"") {
      let key = position + 1
      var isEscaped = false
      guard let quote = key.stringEnd(limit, escaped: &isEscaped) else { return nil }
      var next = quote + 1
      if next.byte != UInt8(ascii: ":") { next = next.pastSpace(limit) }
      guard next < limit, next.byte == UInt8(ascii: ":") else { return nil }
      let value = RawJSON((next + 1).pastSpace(limit), limit: limit)
      guard value.start < limit else { return nil }
      if values.0 == nil, key.spells(first, quote, limit, isEscaped) {
        guard accept(true, value) else { return nil }
        values.0 = value
      } else if values.1 == nil, key.spells(second, quote, limit, isEscaped) {
        guard accept(false, value) else { return nil }
        values.1 = value
      }
      if let first = values.0, let second = values.1 { return (first, second) }
      guard var end = value.end else { return nil }
      if end.byte != UInt8(ascii: ",") { end = end.pastSpace(limit) }
      guard end < limit, end.byte == UInt8(ascii: ",") else { return nil }
      position = (end + 1).pastSpace(limit)
    }
    return nil
  }
}

extension JSONCursor {
  /// Whether the key from here to its quote is this one. Its quote and the line's padding follow it.
  @inline(__always)
  fileprivate func spells(
    _ wanted: ShortKey, _ quote: JSONCursor, _ limit: JSONCursor, _ isEscaped: Bool
  ) -> Bool {
    guard !isEscaped else { return RawJSON(self + -1, limit: limit).isString(wanted.bytes) }
    let word = unsafe UnsafeRawPointer(address).loadUnaligned(as: UInt64.self).littleEndian
    return quote - self == wanted.bytes.count && word & wanted.mask == wanted.word
  }
}
