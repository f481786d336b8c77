// SPDX-License-Identifier: Apache-2.0
import Events

/// Waits until a key has been quiet, and then gives out its newest line; under constant change, every `maximumWait`.
///
/// The last line of a burst is always delivered, at the end of the input too. A DELETED passes at once, in place of
/// what waited: a line of the object made again can thus never take its place.
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

  /// Lines that had to be delivered before their time.
  var evictions: Int { held.early }

  /// Takes a line; `released` gets those that pass now.
  mutating func line(_ line: HeldLine, now: ContinuousClock.Instant, into released: inout [HeldLine]) {
    tick(now: now, into: &released)
    if line.type == .deleted {
      held.supersede(line.key)
      released.append(line)
    } else {
      held.hold(line, now: now, into: &released) { began in min(now + quiet, began + maximumWait) }
    }
  }

  /// Gives out what is due, the soonest first.
  mutating func tick(now: ContinuousClock.Instant, into released: inout [HeldLine]) {
    while let line = held.popDue(now) { released.append(line) }
  }

  /// Gives out all that waits.
  mutating func end(into released: inout [HeldLine]) { held.popAll(into: &released) }
}
