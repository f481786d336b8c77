// SPDX-License-Identifier: Apache-2.0

/// `--dedupe`: whether a value has been seen within a window of time.
///
/// Beyond its limit the oldest value is forgotten before its time; its repetition would then pass.
struct Deduplicator {
  private var seen: KeyTable<ContinuousClock.Instant>
  private let window: Duration
  /// Whether a value had to be forgotten before its time.
  private(set) var hasForgotten = false

  /// Remembers up to `limit` values for `window`, from when each was first seen.
  init(window: Duration, limit: Int) {
    self.window = window
    seen = KeyTable(limit: limit)
  }

  /// How many values are remembered.
  var count: Int { seen.count }

  /// Whether the value is a repetition; remembers it when it is not.
  mutating func isRepetition(_ value: KeyHash, at now: ContinuousClock.Instant) -> Bool {
    // Entries are in the order of their times.
    while let first = seen.first, seen[first] + window <= now { seen.remove(first) }
    guard seen.place(of: value) == nil else { return true }
    if seen.append(value, now) != nil { hasForgotten = true }
    return false
  }
}
