// SPDX-License-Identifier: Apache-2.0

/// Counts of the lines that the stateful steps dropped, for `--stats`.
struct StatefulCounts: Sendable, Equatable {
  /// Repetitions that `--dedupe` dropped.
  var deduplicated = 0
  /// Lines that a newer one of their key replaced while they waited (`--throttle`, `--debounce`).
  var superseded = 0
  /// Keys forgotten, or delivered early, because there were more than `--keys-limit`, or more bytes than are kept.
  var evicted = 0

  /// For `--stats`.
  var text: String {
    "deduplicated \(deduplicated), superseded \(superseded), evicted \(evicted)"
  }
}
