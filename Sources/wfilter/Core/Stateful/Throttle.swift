// SPDX-License-Identifier: Apache-2.0
import Events

/// Prints at most one line of a key in an interval: the first one at once, and the newest one at the end of
/// the interval.
///
/// The last line of a burst is thus always delivered. A DELETED passes at once, and the key starts again.
struct Throttle: ~Copyable {
  private let interval: Interval
  /// The time at which a key's next line may pass. All intervals have the same length, so the oldest entry
  /// comes first.
  private var gates: KeyTable<Instant>
  private(set) var held: HeldLines

  init(interval: Duration, limit: Int, byteLimit: Int) {
    self.interval = Interval(interval)
    gates = KeyTable(limit: limit)
    held = HeldLines(limit: limit, byteLimit: byteLimit)
  }

  /// Keys that were removed, or released, before their interval had passed.
  var evictions: Int { gates.evictions + held.early }

  /// Takes a line; appends the held lines that pass now to `released`. Returns whether the line itself passes,
  /// after these.
  mutating func passes(_ line: ArrivingLine, now: Instant, into released: inout [HeldLine]) -> Bool {
    tick(now: now, into: &released)
    let gate = gates.slot(of: line.key)
    if line.type == .deleted {
      held.supersede(line.key)
      if let gate { gates.remove(gate) }
      return true
    }
    if let gate, let opens = gates[gate] {
      held.hold(line, now: now, into: &released) { _ in opens }
      return false
    }
    // Where there are too many keys, a key may lose its gate while it has a line that waits. That line is older.
    held.supersede(line.key)
    gates.insert(line.key, now + interval)
    return true
  }

  /// Releases the lines that are due.
  mutating func tick(now: Instant, into released: inout [HeldLine]) {
    while let line = held.popDue(now) {
      if let gate = gates.slot(of: line.key) { gates.remove(gate) }
      gates.insert(line.key, now + interval)
      released.append(line)
    }
    while let oldest = gates.oldest, let opens = gates[oldest], opens <= now { gates.remove(oldest) }
  }

  /// Releases all held lines.
  mutating func end(into released: inout [HeldLine]) { held.popAll(into: &released) }
}
