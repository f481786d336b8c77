// SPDX-License-Identifier: Apache-2.0

/// The newest held line of each key, with its deadline; bounded by keys and by bytes.
///
/// Keys are in the order in which their first line was held, for ``BookmarkBarrier``.
struct HeldLines {
  /// A line that waits.
  private struct Entry {
    var line: HeldLine
    /// When the key began to wait.
    var began: ContinuousClock.Instant
    var sequence: UInt64
  }

  private var table: KeyTable<Entry>
  private var deadlines = DeadlineQueue()
  private let byteLimit: Int
  private var byteCount = 0
  private var sequence: UInt64 = 0

  /// Lines that a newer one of their key replaced.
  private(set) var superseded = 0
  /// Lines given out before their time, because there was no more room.
  private(set) var early = 0

  init(limit: Int, byteLimit: Int) {
    table = KeyTable(limit: limit)
    self.byteLimit = byteLimit
  }

  /// Lines that wait.
  var count: Int { table.count }
  /// The soonest deadline.
  var deadline: ContinuousClock.Instant? { deadlines.next }
  /// A number that every later beginning exceeds.
  var latestSequence: UInt64 { sequence }
  /// The number of the earliest first line among the held keys.
  var earliestSequence: UInt64? { table.oldest.flatMap { table[$0]?.sequence } }

  func contains(_ key: KeyHash) -> Bool { table.slot(of: key) != nil }

  /// Holds the line in place of an older one of its key. What must leave early for it goes to `released`.
  /// `deadline` makes the key's deadline of the time at which it began to wait.
  mutating func hold(
    _ line: HeldLine, now: ContinuousClock.Instant, into released: inout [HeldLine],
    deadline: (_ began: ContinuousClock.Instant) -> ContinuousClock.Instant
  ) {
    byteCount += line.line.count
    let slot: Int
    if let known = table.slot(of: line.key), var entry = table[known] {
      superseded += 1
      byteCount -= entry.line.line.count
      entry.line = line
      table[known] = entry
      deadlines.set(known, to: deadline(entry.began))
    } else {
      if let full = table.makeRoom() { releaseEarly(full.state, at: full.slot, into: &released) }
      sequence += 1
      slot = table.insert(line.key, Entry(line: line, began: now, sequence: sequence))
      deadlines.set(slot, to: deadline(now))
    }
    while byteCount > byteLimit, let oldest = table.oldest, let entry = table.remove(oldest) {
      releaseEarly(entry, at: oldest, into: &released)
    }
  }

  /// Takes away the line of `key`: a newer one takes another way.
  mutating func supersede(_ key: KeyHash) {
    guard let slot = table.slot(of: key), let entry = table.remove(slot) else { return }
    superseded += 1
    byteCount -= entry.line.line.count
    deadlines.remove(slot)
  }

  /// Removes the line with the soonest deadline, if that is not after `now`.
  mutating func popDue(_ now: ContinuousClock.Instant) -> HeldLine? {
    guard let slot = deadlines.popDue(now), let entry = table.remove(slot) else { return nil }
    byteCount -= entry.line.line.count
    return entry.line
  }

  /// Takes all, in the order in which they began to wait.
  mutating func popAll(into released: inout [HeldLine]) {
    while let oldest = table.oldest, let entry = table.remove(oldest) {
      deadlines.remove(oldest)
      released.append(entry.line)
    }
    byteCount = 0
  }

  private mutating func releaseEarly(_ entry: Entry, at slot: Int, into released: inout [HeldLine]) {
    early += 1
    byteCount -= entry.line.line.count
    deadlines.remove(slot)
    released.append(entry.line)
  }
}
