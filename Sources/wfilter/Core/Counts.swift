// SPDX-License-Identifier: Apache-2.0

/// What has been seen so far.
struct Counts: Sendable, Equatable {
  var lines: UInt64 = 0
  /// Lines that the filter selects, `-v` applied; control lines are none.
  var matched: UInt64 = 0
  /// BOOKMARK, ERROR and STATUS lines that were passed or dropped as such.
  var control: UInt64 = 0
  /// Lines for which an expression has no value.
  var errors: UInt64 = 0
  /// Why an expression had no value for one of them.
  var reason: String?
  /// Lines that are no JSON.
  var malformed: UInt64 = 0
  /// Lines that are longer than a line may be.
  var tooLong: UInt64 = 0
  /// Lines without content.
  var empty: UInt64 = 0
  /// Lines written.
  var written: UInt64 = 0
  /// Bytes read.
  var bytes: UInt64 = 0
  /// Where something is remembered between lines.
  var stateful: StatefulCounts?

  static func += (total: inout Counts, part: Counts) {
    total.lines += part.lines
    total.matched += part.matched
    total.control += part.control
    total.errors += part.errors
    total.reason = total.reason ?? part.reason
    total.malformed += part.malformed
    total.tooLong += part.tooLong
    total.empty += part.empty
    total.written += part.written
    total.bytes += part.bytes
  }

  /// Whether there was something to evaluate, and no line had a value: a misspelt key, most often.
  var hadNoVerdict: Bool { errors > 0 && errors + control + malformed + empty == lines }

  /// Whether most lines are no JSON by themselves: parts of a document that is written over several lines, most often.
  var wereHardlyJSON: Bool { malformed * 2 > lines }

  /// For `--stats`.
  var text: String {
    "lines \(lines), matched \(matched), control \(control), written \(written), errors \(errors), "
      + "malformed \(malformed), too long \(tooLong), empty \(empty), bytes \(bytes)"
      + (stateful.map { ", \($0.text)" } ?? "")
  }
}
