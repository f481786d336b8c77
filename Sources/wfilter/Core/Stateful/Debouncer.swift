// SPDX-License-Identifier: Apache-2.0
import Events

/// `--debounce`: prints the newest line of a key once the key has been quiet; under constant change, every
/// `maximumWait`.
///
/// The last line of a burst is always printed, also at the end of the input. A DELETED is printed at once and
/// replaces the held line, so that a line of an object with the same key that is created later cannot replace
/// it.
struct Debouncer {
  private let quiet: Duration
  private let maximumWait: Duration
  private(set) var held: HeldLines

  /// A debouncer; `maximumWait` counts from the first line that waits.
  init(quiet: Duration, maximumWait: Duration, limit: Int, byteLimit: Int) {
    self.quiet = quiet
    self.maximumWait = maximumWait
    held = HeldLines(limit: limit, byteLimit: byteLimit)
  }

  /// The number of lines that were printed early.
  var evictions: Int { held.early }

  /// Adds a line; appends the lines that pass now to `released`.
  mutating func line(_ line: HeldLine, now: Instant, into released: inout [HeldLine]) {
    tick(now: now, into: &released)
    if line.type == .deleted {
      held.supersede(line.key)
      released.append(line)
    } else {
      held.hold(line, now: now, into: &released) { began in min(now + quiet, began + maximumWait) }
    }
  }

  /// Releases the lines that are due, the soonest first.
  mutating func tick(now: Instant, into released: inout [HeldLine]) {
    while let line = held.popDue(now) { released.append(line) }
  }

  /// Releases all held lines.
  mutating func end(into released: inout [HeldLine]) { held.popAll(into: &released) }
}
