// SPDX-License-Identifier: Apache-2.0

/// The newest held line of each key, with its deadline; bounded by keys and by bytes.
///
/// Keys are in the order in which their first line was held, for ``BookmarkBarrier``.
struct HeldLines: ~Copyable {
  /// A line that waits.
  struct Entry {
    var line: HeldLine
    /// The time at which the key began to wait.
    var began: Instant
    var sequence: UInt64
  }

  private var table: KeyTable<Entry>
  private var deadlines = DeadlineQueue()
  private let byteLimit: Int
  private var byteCount = 0
  private var sequence: UInt64 = 0

  /// Lines that a newer one of their key replaced.
  private(set) var superseded = 0
  /// The number of lines that were released early for lack of space.
  private(set) var early = 0

  init(limit: Int, byteLimit: Int) {
    table = KeyTable(limit: limit)
    self.byteLimit = byteLimit
  }

  /// The number of held lines.
  var count: Int { table.count }
  /// The soonest deadline.
  var deadline: Instant? { deadlines.next }
  /// A number that every later beginning exceeds.
  var latestSequence: UInt64 { sequence }
  /// The number of the earliest first line among the held keys.
  var earliestSequence: UInt64? { table.oldest.flatMap { table[$0]?.sequence } }

  func contains(_ key: KeyHash) -> Bool { table.slot(of: key) != nil }

  /// Holds the line instead of an older one of its key. Lines that must be released early for it are added to
  /// `released`. `deadline` computes the key's deadline from the time at which it began to wait.
  @inline(__always)
  mutating func hold(
    _ line: ArrivingLine, now: Instant, into released: inout [HeldLine],
    deadline: (_ began: Instant) -> Instant
  ) {
    byteCount += unsafe line.bytes.count
    if let known = table.slot(of: line.key) {
      let (count, began) = table.update(known) { entry in
        let previous = (entry?.line.line.count ?? 0, entry?.began ?? now)
        entry?.line.replace(with: line)
        return previous
      }
      superseded += 1
      byteCount -= count
      deadlines.set(known, to: deadline(began))
    } else {
      if let full = table.makeRoom() { releaseEarly(full.state, at: full.slot, into: &released) }
      sequence += 1
      let slot = table.insert(line.key, Entry(line: HeldLine(line), began: now, sequence: sequence))
      deadlines.set(slot, to: deadline(now))
    }
    while byteCount > byteLimit, let oldest = table.oldest, let entry = table.remove(oldest) {
      releaseEarly(entry, at: oldest, into: &released)
    }
  }

  /// Removes the line of `key`, because a newer one replaces it elsewhere.
  mutating func supersede(_ key: KeyHash) {
    guard let slot = table.slot(of: key), let entry = table.remove(slot) else { return }
    superseded += 1
    byteCount -= entry.line.line.count
    deadlines.remove(slot)
  }

  /// Removes the line with the soonest deadline, if that is not after `now`.
  mutating func popDue(_ now: Instant) -> HeldLine? {
    guard let slot = deadlines.popDue(now), let entry = table.remove(slot) else { return nil }
    byteCount -= entry.line.line.count
    return entry.line
  }

  /// Removes and returns all lines, in the order in which their keys began to wait.
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
