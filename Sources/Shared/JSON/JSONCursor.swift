// SPDX-License-Identifier: Apache-2.0

import CJSON

#if canImport(Glibc)
  import Glibc
#else
  import Musl
#endif

/// A position in the bytes of a line. The hot path uses it instead of indices.
///
/// The line's owner keeps ``padding`` readable bytes after the line, and keeps both in memory while a cursor
/// is in use. Every operation that moves forward takes the line's limit and does not go past it.
@safe
package struct JSONCursor: Comparable, @unchecked Sendable {
  // Unchecked: the memory is only read.

  /// The current position.
  package let address: UnsafePointer<UInt8>

  /// Readable bytes that must follow a line.
  package static let padding = Int(JSON_PADDING)

  /// A position.
  @inlinable @inline(__always)
  package init(_ address: UnsafePointer<UInt8>) { unsafe self.address = address }

  @inline(__always)
  package init?(_ address: UnsafePointer<UInt8>?) {
    guard let address = unsafe address else { return nil }
    unsafe self.address = address
  }

  /// Its address as a number; never 0.
  package var number: UInt64 { unsafe UInt64(UInt(bitPattern: address)) }

  /// The position that ``number`` came from; nil for 0.
  package init?(number: UInt64) {
    guard let address = unsafe UnsafePointer<UInt8>(bitPattern: UInt(number)) else { return nil }
    unsafe self.address = address
  }

  /// The first eight bytes of a text of `count` bytes that starts here, the first one lowest; zero where it has none.
  /// Reads eight bytes.
  @inline(__always)
  package func head(count: Int) -> UInt64 {
    let word = unsafe UnsafeRawPointer(address).loadUnaligned(as: UInt64.self).littleEndian
    return count >= 8 ? word : word & (1 &<< (UInt64(count) &* 8) &- 1)
  }

  /// Whether the same bytes are at another place.
  @inline(__always)
  package func hasBytes(of other: JSONCursor, count: Int) -> Bool {
    unsafe memcmp(address, other.address, count) == 0
  }

  /// The byte here.
  @inlinable @inline(__always)
  package var byte: UInt8 { unsafe address.pointee }

  /// A byte near here.
  @inlinable @inline(__always)
  package subscript(offset: Int) -> UInt8 { unsafe address[offset] }

  @inlinable @inline(__always)
  package static func + (cursor: JSONCursor, count: Int) -> JSONCursor {
    unsafe JSONCursor(cursor.address + count)
  }

  /// The bytes between two positions of one line.
  @inlinable @inline(__always)
  package static func - (end: JSONCursor, start: JSONCursor) -> Int { unsafe end.address - start.address }

  @inlinable @inline(__always)
  package static func < (left: JSONCursor, right: JSONCursor) -> Bool { unsafe left.address < right.address }

  @inlinable @inline(__always)
  package static func == (left: JSONCursor, right: JSONCursor) -> Bool {
    unsafe left.address == right.address
  }

  /// The first byte from here on that is not white space, or the limit.
  @inline(__always)
  package func pastSpace(_ limit: JSONCursor) -> JSONCursor {
    // Compact JSON has none, so only the test is inlined, not the loop.
    byte > 0x20 ? self : unsafe JSONCursor(json_space(address, limit.address))
  }

  /// The byte after the value that starts here; nil if it does not end. Scalars are not validated.
  @inline(__always)
  package func pastValue(_ limit: JSONCursor) -> JSONCursor? {
    unsafe JSONCursor(json_skip(address, limit.address))
  }

  /// The byte after the bracket that closes the container around this position, which is not inside a string.
  @inline(__always)
  package func pastContainer(_ limit: JSONCursor) -> JSONCursor? {
    unsafe JSONCursor(json_close(address, limit.address, 1))
  }

  /// The closing quote of the string whose first byte is here, after its opening quote; nil when it does not
  /// end.
  @inline(__always)
  package func stringEnd(_ limit: JSONCursor, escaped: inout Bool) -> JSONCursor? {
    unsafe JSONCursor(json_string_end(address, limit.address, &escaped))
  }

  /// The end of the number or literal that starts here.
  @inline(__always)
  package func scalarEnd(_ limit: JSONCursor) -> JSONCursor {
    unsafe JSONCursor(json_scalar_end(address, limit.address))
  }

  /// The newline at or after this position, or the limit.
  @inline(__always)
  package func newline(_ limit: JSONCursor) -> JSONCursor {
    guard let found = unsafe memchr(address, 0x0A, limit - self) else { return limit }
    return unsafe JSONCursor(found.assumingMemoryBound(to: UInt8.self))
  }
}
