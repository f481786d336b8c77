// SPDX-License-Identifier: Apache-2.0
import Events

/// `--debounce`: prints the newest line of a key once the key has been quiet; under constant change, every
/// `maximumWait`.
///
/// The last line of a burst is always printed, also at the end of the input. A DELETED is printed at once and
/// replaces the held line, so that a line of an object with the same key that is created later cannot replace
/// it.
struct Debouncer: ~Copyable {
  private let quiet: Interval
  private let maximumWait: Interval
  private(set) var held: HeldLines

  /// A debouncer; `maximumWait` counts from the first line that waits.
  init(quiet: Duration, maximumWait: Duration, limit: Int, byteLimit: Int) {
    self.quiet = Interval(quiet)
    self.maximumWait = Interval(maximumWait)
    held = HeldLines(limit: limit, byteLimit: byteLimit)
  }

  /// The number of lines that were printed early.
  var evictions: Int { held.early }

  /// Takes a line; appends the held lines that pass now to `released`. Returns whether the line itself passes,
  /// after these.
  mutating func passes(_ line: ArrivingLine, now: Instant, into released: inout [HeldLine]) -> Bool {
    tick(now: now, into: &released)
    if line.type == .deleted {
      held.supersede(line.key)
      return true
    }
    let (quiet, maximumWait) = (quiet, maximumWait)
    held.hold(line, now: now, into: &released) { began in min(now + quiet, began + maximumWait) }
    return false
  }

  /// Releases the lines that are due, the soonest first.
  mutating func tick(now: Instant, into released: inout [HeldLine]) {
    while let line = held.popDue(now) { released.append(line) }
  }

  /// Releases all held lines.
  mutating func end(into released: inout [HeldLine]) { held.popAll(into: &released) }
}
