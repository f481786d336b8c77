// SPDX-License-Identifier: Apache-2.0

import CJSON

#if canImport(Glibc)
  import Glibc
#else
  import Musl
#endif

/// A JSON number: an int where it is written without fraction and exponent and fits into int64, a uint above,
/// else the nearest double.
package enum JSONNumber: Sendable, Equatable {
  case int(Int64)
  case uint(UInt64)
  case double(Double)
}

extension RawJSON {
  /// The number; nil if it is not a JSON number.
  package var number: JSONNumber? {
    let end = start.scalarEnd(limit)
    let read = unsafe json_number(start.address, end.address)
    switch read.kind {
    case JSON_INT: return .int(Int64(bitPattern: read.integer))
    case JSON_UINT: return .uint(read.integer)
    case JSON_DOUBLE: return .double(read.real)
    default: return nil
    }
  }

  /// The bool; nil for any other value.
  package var bool: Bool? {
    if isLiteral("true") { return true }
    return isLiteral("false") ? false : nil
  }

  /// Whether it is exactly `null`.
  package var isNull: Bool { isLiteral("null") }

  private func isLiteral(_ word: StaticString) -> Bool {
    let count = word.utf8CodeUnitCount
    guard start.scalarEnd(limit) - start == count else { return false }
    return unsafe memcmp(start.address, word.utf8Start, count) == 0
  }

  /// A string's bytes if they need no decoding; nil if it has escapes, or is not a string.
  package var plainString: UnsafeBufferPointer<UInt8>? {
    var escaped = false
    guard let content = unsafe content(&escaped), !escaped else { return nil }
    return unsafe content
  }

  /// The bytes between a string's quotes; nil if it is not a string. Sets `escaped` if they have escapes.
  @inline(__always)
  func content(_ escaped: inout Bool) -> UnsafeBufferPointer<UInt8>? {
    guard start < limit, start.byte == UInt8(ascii: "\""),
      let quote = (start + 1).stringEnd(limit, escaped: &escaped)
    else { return nil }
    return unsafe UnsafeBufferPointer(start: (start + 1).address, count: quote - start - 1)
  }

  /// Appends a string's bytes, escapes decoded, and returns whether it was a string.
  ///
  /// A lone surrogate and an invalid escape become U+FFFD.
  @discardableResult
  package func appendString(to bytes: inout [UInt8]) -> Bool {
    var escaped = false
    guard let content = unsafe content(&escaped) else { return false }
    if escaped {
      unsafe JSONEscapes.decode(content, into: &bytes)
    } else {
      unsafe bytes.append(contentsOf: content)
    }
    return true
  }

  /// A string, decoded; nil for any other value.
  package var string: String? {
    if let plain = unsafe plainString { return unsafe String(decoding: plain, as: UTF8.self) }
    var bytes: [UInt8] = []
    return appendString(to: &bytes) ? String(decoding: bytes, as: UTF8.self) : nil
  }

  /// Whether this is a string with these bytes, its escapes decoded.
  package func isString(_ wanted: [UInt8]) -> Bool {
    if let plain = unsafe plainString {
      return unsafe plain.count == wanted.count && wanted.elementsEqual(plain)
    }
    return isEscapedString(wanted)
  }

  func isEscapedString(_ wanted: [UInt8]) -> Bool {
    guard var bytes = decodedBytes else { return false }
    return wanted.allSatisfy { bytes.next() == $0 } && bytes.next() == nil
  }

  /// A string's bytes, escapes decoded, one by one; nil for any other value.
  var decodedBytes: JSONEscapes.Bytes? {
    var escaped = false
    guard let content = unsafe content(&escaped) else { return nil }
    return unsafe JSONEscapes.Bytes(content)
  }
}
