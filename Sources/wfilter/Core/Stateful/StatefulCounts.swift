// SPDX-License-Identifier: Apache-2.0

/// Counts of the lines that the stateful steps dropped, for `--stats`.
struct StatefulCounts: Sendable, Equatable {
  /// Repetitions that `--dedupe` dropped.
  var deduplicated = 0
  /// Held lines that a newer line of their key replaced (`--throttle`, `--debounce`).
  var superseded = 0
  /// Keys that were removed, or released early, because of `--keys-limit` or the limit of held bytes.
  var evicted = 0

  /// For `--stats`.
  var text: String {
    "deduplicated \(deduplicated), superseded \(superseded), evicted \(evicted)"
  }
}
