// SPDX-License-Identifier: Apache-2.0

/// `--throttle`: at most one line of a key in each interval. The first passes at once; of those that follow within the
/// interval the last is held and passes at its end, so that a key's last state is always told.
struct Throttle {
  private struct Interval {
    var end: ContinuousClock.Instant
    var held: [UInt8]?
  }

  private var intervals: KeyTable<Interval>
  private let interval: Duration
  /// Whether a line had to pass before its time for want of room.
  private(set) var hasRunOver = false

  /// Keeps intervals for up to `limit` keys.
  init(interval: Duration, limit: Int) {
    self.interval = interval
    intervals = KeyTable(limit: limit)
  }

  /// When ``due(at:)`` has something to say, if nothing comes before.
  var deadline: ContinuousClock.Instant? { intervals.first.map { intervals[$0].end } }

  /// Takes a line. Returns the lines that pass now, in order: it, or nothing, and before it one that had to make room.
  mutating func offer(_ key: KeyHash, _ line: [UInt8], at now: ContinuousClock.Instant) -> [[UInt8]] {
    if let place = intervals.place(of: key) {
      if now < intervals[place].end {
        intervals[place].held = line
        return []
      }
      intervals.remove(place)  // its end has not been asked for yet; this line is newer than what it held
    }
    guard let evicted = intervals.append(key, Interval(end: now + interval)) else { return [line] }
    hasRunOver = true
    return (evicted.held.map { [$0] } ?? []) + [line]
  }

  /// The lines whose interval has ended.
  mutating func due(at now: ContinuousClock.Instant) -> [[UInt8]] {
    var lines: [[UInt8]] = []
    while let first = intervals.first, intervals[first].end <= now {
      let key = intervals.key(at: first)
      guard let line = intervals.remove(first).held else { continue }
      lines.append(line)
      _ = intervals.append(key, Interval(end: now + interval))
    }
    return lines
  }

  /// All that is held, for the end of the input. Intervals are forgotten.
  mutating func drain() -> [[UInt8]] {
    var lines: [[UInt8]] = []
    while let first = intervals.first {
      if let line = intervals.remove(first).held { lines.append(line) }
    }
    return lines
  }
}
