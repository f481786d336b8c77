// SPDX-License-Identifier: Apache-2.0

import CJSON

/// A JSON value in a line, read in place and decoded only when it is used.
///
/// Nothing is parsed before it is needed. A value may therefore turn out to be malformed, and then every
/// reader returns nil. The line must stay in place, with ``JSONCursor/padding`` readable bytes after it,
/// while a slice of it is in use.
package struct RawJSON: Sendable {
  /// The value's first byte.
  package let start: JSONCursor
  /// The end of the line that holds the value.
  package let limit: JSONCursor

  /// The value that starts here.
  @inlinable @inline(__always)
  package init(_ start: JSONCursor, limit: JSONCursor) {
    self.start = start
    self.limit = limit
  }

  /// The value of a whole line of `count` bytes, white space before it skipped.
  @inline(__always)
  package init(line: UnsafePointer<UInt8>, count: Int) {
    let start = unsafe JSONCursor(line)
    self.limit = start + count
    self.start = count == 0 ? start : start.pastSpace(limit)
  }

  /// The kind of a value, from its first byte.
  package enum Kind: UInt8, Sendable {
    case null, bool, number, string, array, object
  }

  /// The kind of the value; nil if no value starts here. Only the first byte of a scalar was checked.
  @inlinable @inline(__always)
  package var kind: Kind? {
    guard start < limit else { return nil }
    switch start.byte {
    case UInt8(ascii: "{"): return .object
    case UInt8(ascii: "["): return .array
    case UInt8(ascii: "\""): return .string
    case UInt8(ascii: "n"): return .null
    case UInt8(ascii: "t"), UInt8(ascii: "f"): return .bool
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return .number
    default: return nil
    }
  }

  /// The byte after the value; nil if the value does not end.
  @inline(__always)
  package var end: JSONCursor? { start.pastValue(limit) }

  /// The value's bytes; nil if the value does not end.
  package var bytes: UnsafeBufferPointer<UInt8>? {
    guard let end else { return nil }
    return unsafe UnsafeBufferPointer(start: start.address, count: end - start)
  }

  /// An upper bound of the nesting depth, at most 63 above the true one. One pass over the value.
  package var depth: Int {
    guard let end else { return 0 }
    return unsafe Int(json_depth(start.address, end.address))
  }

  /// The text of a value, for people and for tests.
  package var text: String? {
    guard let bytes = unsafe bytes else { return nil }
    return unsafe String(decoding: bytes, as: UTF8.self)
  }
}

/// Why a line is not passed on.
package enum LineFault: Sendable, Equatable {
  case truncated, mismatched, trailing, noValue, notUTF8, grammar
  /// The first bytes of files that are not JSON, for the message.
  case gzip, zstandard, xz, bzip2, zip, utf16, recordSeparator, serverSentEvents

  /// The reason, for a message.
  package var description: String {
    switch self {
    case .truncated: "it ends inside a value"
    case .mismatched: "a bracket closes one of the other kind"
    case .trailing: "something comes after the value"
    case .noValue: "it does not start as JSON does"
    case .notUTF8: "it is not UTF-8"
    case .grammar: "its syntax is not JSON"
    case .gzip: "it is compressed: read it through zcat"
    case .zstandard: "it is compressed: read it through zstdcat"
    case .xz: "it is compressed: read it through xzcat"
    case .bzip2: "it is compressed: read it through bzcat"
    case .zip: "it is compressed: read it through unzip -p"
    case .recordSeparator: "it begins with a record separator: read it through tr -d '\\036'"
    case .serverSentEvents:
      "it is a stream of server-sent events: ask for lines with 'Accept: application/x-ndjson'"
    case .utf16: "it is UTF-16: read it through iconv -f UTF-16"
    }
  }
}

extension RawJSON {
  /// The first fault of the line, from its value's first byte to its end. Nil if its brackets match, its
  /// strings end, it is UTF-8, and nothing follows the value. `strictly` also validates every scalar, comma
  /// and colon (RFC 8259).
  package func fault(strictly: Bool = false) -> LineFault? {
    let finding =
      unsafe strictly
      ? json_check_strictly(start.address, limit.address) : json_check(start.address, limit.address)
    switch unsafe finding.verdict {
    case JSON_WHOLE: return nil
    case JSON_TRUNCATED: return .truncated
    case JSON_MISMATCHED: return .mismatched
    case JSON_TRAILING: return .trailing
    case JSON_NOT_UTF8: return .notUTF8
    case JSON_GRAMMAR: return .grammar
    default: return noValue
    }
  }

  private var noValue: LineFault {
    let starts: [(bytes: [UInt8], fault: LineFault)] = [
      ([0x1F, 0x8B], .gzip), ([0x28, 0xB5, 0x2F, 0xFD], .zstandard), ([0xFF, 0xFE], .utf16),
      ([0xFD, 0x37, 0x7A, 0x58, 0x5A], .xz), ([0x42, 0x5A, 0x68], .bzip2),
      ([0xFE, 0xFF], .utf16), ([0x50, 0x4B, 3, 4], .zip), ([0x1E], .recordSeparator),
      (Array("data:".utf8), .serverSentEvents), (Array("id:".utf8), .serverSentEvents),
      (Array("event:".utf8), .serverSentEvents), (Array("retry:".utf8), .serverSentEvents),
    ]
    let known = starts.first { start in
      limit - self.start >= start.bytes.count
        && start.bytes.indices.allSatisfy { self.start[$0] == start.bytes[$0] }
    }
    return known?.fault ?? .noValue
  }
}

extension RawJSON {
  /// `null`, in static memory.
  package static var null: RawJSON {
    let text: StaticString =
      "null                                                                                "
    return unsafe RawJSON(line: text.utf8Start, count: 4)
  }
}
