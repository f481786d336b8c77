// SPDX-License-Identifier: Apache-2.0

import CJSON

/// Validates JSON values (RFC 8259) while their bytes arrive, in pieces cut anywhere, and finds their ends.
///
/// Each byte is read once. Unlike ``RawJSON`` it never reads past the bytes that it is given.
@safe package final class JSONCheck {
  package enum Outcome: Sendable, Equatable {
    /// The value ends before this index. Its UTF-8 is to be checked, unless ``JSONCheck/isASCII``.
    case whole(end: Int)
    /// The value continues after the bytes.
    case unfinished
    case broken
  }

  private let scan: OpaquePointer

  package init() {
    guard let scan = unsafe json_scan_new() else { preconditionFailure("out of memory") }
    unsafe self.scan = scan
  }

  deinit { unsafe json_scan_free(scan) }

  /// Begins another value.
  package func begin() { unsafe json_scan_begin(scan) }

  /// Continues with the next bytes, from `start`. A number or a literal ends only at the byte after it.
  package func next(_ bytes: Span<UInt8>, from start: Int = 0) -> Outcome {
    unsafe bytes.withUnsafeBufferPointer { buffer in
      guard let base = buffer.baseAddress else { return .unfinished }
      let finding = unsafe json_scan_next(scan, base + start, base + buffer.count)
      switch unsafe finding.verdict {
      case JSON_WHOLE: return unsafe .whole(end: finding.at - base)
      case JSON_TRUNCATED: return .unfinished
      default: return .broken
      }
    }
  }

  /// Whether the value so far has a line feed or a carriage return between its tokens, so that it is more than a line.
  package var hasLineBreak: Bool { unsafe json_scan_has_line_break(scan) }

  /// Whether the value so far is certainly ASCII.
  package var isASCII: Bool { unsafe json_scan_is_ascii(scan) }

  /// Whether the bytes are UTF-8.
  package static func isUTF8(_ bytes: Span<UInt8>) -> Bool {
    unsafe bytes.withUnsafeBufferPointer { buffer in
      guard let base = buffer.baseAddress else { return true }
      return unsafe json_is_utf8(base, base + buffer.count)
    }
  }
}
