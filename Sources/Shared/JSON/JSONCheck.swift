// SPDX-License-Identifier: Apache-2.0

import CJSON

/// Checks JSON values by the letter of RFC 8259 while their bytes arrive, cut anywhere, and finds where they end.
///
/// Each byte is looked at once. Unlike ``RawJSON`` it reads nothing behind the bytes that it is given.
@safe package final class JSONCheck {
  package enum Outcome: Sendable, Equatable {
    /// The value ends before this index. Whether it is UTF-8 was not looked at.
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

  /// Goes on over the next bytes, from `start`. A number or a literal ends only at the byte that follows it.
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

  /// Whether the bytes are UTF-8.
  package static func isUTF8(_ bytes: Span<UInt8>) -> Bool {
    unsafe bytes.withUnsafeBufferPointer { buffer in
      guard let base = buffer.baseAddress else { return true }
      return unsafe json_is_utf8(base, base + buffer.count)
    }
  }
}
