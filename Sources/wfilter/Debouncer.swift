// SPDX-License-Identifier: Apache-2.0

/// `--debounce`: of a key's lines that follow each other closely only the last passes, once the key has been quiet for a
/// while, or at the latest so long after the first was held.
struct Debouncer {
  private struct Held {
    var line: [UInt8]
    var last: ContinuousClock.Instant
    var first: ContinuousClock.Instant
  }

  /// Ordered by the time of the last line.
  private var held: KeyTable<Held>
  /// Keys in the order in which they began to be held; a key whose time differs has passed since and began anew.
  private var beginnings: [(key: KeyHash, first: ContinuousClock.Instant)] = []
  private var beginningsTaken = 0
  private let quiet: Duration
  private let maximumWait: Duration?
  /// Whether a line had to pass before its time for want of room.
  private(set) var hasRunOver = false

  /// Holds the lines of up to `limit` keys.
  init(quiet: Duration, maximumWait: Duration?, limit: Int) {
    self.quiet = quiet
    self.maximumWait = maximumWait
    held = KeyTable(limit: limit)
  }

  /// When ``due(at:)`` has something to say, if nothing comes before.
  var deadline: ContinuousClock.Instant? {
    guard let first = held.first else { return nil }
    let byQuiet = held[first].last + quiet
    guard let maximumWait, beginningsTaken < beginnings.count else { return byQuiet }
    return min(byQuiet, beginnings[beginningsTaken].first + maximumWait)
  }

  /// Takes a line. Returns one that has to pass now to make room, if any.
  mutating func offer(_ key: KeyHash, _ line: [UInt8], at now: ContinuousClock.Instant) -> [[UInt8]] {
    if let place = held.place(of: key) {
      held[place].line = line
      held[place].last = now
      held.moveToEnd(place)
      return []
    }
    if maximumWait != nil { beginnings.append((key, now)) }
    guard let evicted = held.append(key, Held(line: line, last: now, first: now)) else { return [] }
    hasRunOver = true
    return [evicted.line]
  }

  /// The lines whose time has come, in the order in which they came in.
  mutating func due(at now: ContinuousClock.Instant) -> [[UInt8]] {
    var due: [Held] = []
    if let maximumWait {
      while beginningsTaken < beginnings.count, beginnings[beginningsTaken].first + maximumWait <= now {
        let (key, first) = beginnings[beginningsTaken]
        beginningsTaken += 1
        if let place = held.place(of: key), held[place].first == first { due.append(held.remove(place)) }
      }
      if beginningsTaken > 1024, beginningsTaken * 2 > beginnings.count {
        beginnings.removeFirst(beginningsTaken)
        beginningsTaken = 0
      }
    }
    while let first = held.first, held[first].last + quiet <= now { due.append(held.remove(first)) }
    return due.sorted { $0.last < $1.last }.map(\.line)
  }

  /// All that is held, for the end of the input.
  mutating func drain() -> [[UInt8]] {
    var lines: [[UInt8]] = []
    while let first = held.first { lines.append(held.remove(first).line) }
    beginnings = []
    beginningsTaken = 0
    return lines
  }
}
