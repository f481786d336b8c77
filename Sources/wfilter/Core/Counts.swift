// SPDX-License-Identifier: Apache-2.0

/// The counts of lines that a run, or a block of it, has read and printed.
struct Counts: Sendable, Equatable {
  var lines: UInt64 = 0
  /// The matching lines that are printed, or would be without `-c` and `-q`, excluding control lines.
  var matched: UInt64 = 0
  /// BOOKMARK, ERROR and STATUS lines that were passed or dropped as such.
  var control: UInt64 = 0
  /// Lines for which an expression has no value.
  var errors: UInt64 = 0
  /// Lines that are not JSON.
  var malformed: UInt64 = 0
  /// Lines that exceed the maximum length.
  var tooLong: UInt64 = 0
  /// Lines without content.
  var empty: UInt64 = 0
  /// Lines written.
  var written: UInt64 = 0
  /// Lines that were not printed because they are malformed where `--redact` or `--drop` edits them.
  var withheld: UInt64 = 0
  /// Bytes read.
  var bytes: UInt64 = 0
  /// At least one line was seen to be JSON.
  var hasJSON = false
  /// The counts of the stateful stage, if there is one.
  var stateful: StatefulCounts?
  /// The expressions and paths that were evaluated, and those that had a value, as bits of a ``Watchlist``.
  var sought: UInt64 = 0
  var found: UInt64 = 0
  /// Why an expression had no value for a line: the first reason of each, by its place in the ``Watchlist``.
  var reasons: [Int: String] = [:]

  static func += (total: inout Counts, part: Counts) {
    total.lines += part.lines
    total.matched += part.matched
    total.control += part.control
    total.errors += part.errors
    total.malformed += part.malformed
    total.tooLong += part.tooLong
    total.empty += part.empty
    total.written += part.written
    total.withheld += part.withheld
    total.bytes += part.bytes
    total.hasJSON = total.hasJSON || part.hasJSON
    total.stateful = part.stateful ?? total.stateful
    total.sought |= part.sought
    total.found |= part.found
    if !part.reasons.isEmpty { total.reasons.merge(part.reasons) { first, _ in first } }
  }

  /// Records why the expression of this bit has no value.
  mutating func note(_ bit: UInt64, _ reason: @autoclosure () -> String) {
    let index = bit.trailingZeroBitCount
    if bit != 0, reasons[index] == nil { reasons[index] = reason() }
  }

  /// Whether there was input and no line of it was JSON.
  var wereUnusable: Bool { !hasJSON && lines + tooLong > empty }

  /// Whether most lines are not JSON: usually they are parts of a document that is written over several
  /// lines.
  var wereHardlyJSON: Bool { malformed > 0 && malformed * 2 > lines || wereUnusable }

  /// For `--stats`.
  var text: String {
    "lines \(lines), matched \(matched), control \(control), written \(written), errors \(errors), "
      + "malformed \(malformed), too long \(tooLong), empty \(empty), withheld \(withheld), bytes \(bytes)"
      + (stateful.map { ", \($0.text)" } ?? "")
  }
}
