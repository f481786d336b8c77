// SPDX-License-Identifier: Apache-2.0
import Encoding

/// A point in time on two clocks: the monotonic one for intervals, the wall clock for output.
struct Moment: Sendable {
  var instant: Instant
  var wall: Timestamp

  /// Reads both clocks.
  static var now: Moment { Moment(instant: .now, wall: .now) }
}

/// A time of the monotonic clock, in nanoseconds. `ContinuousClock.Instant` has 128 bits, and is compared by
/// functions of the runtime, which takes longer than the rest of a heap or table.
struct Instant: Hashable, Comparable, Sendable {
  private var nanoseconds: Int64

  private static let origin = ContinuousClock.now

  static var now: Instant { Instant(nanoseconds: (ContinuousClock.now - origin).wholeNanoseconds) }

  /// The same time for a wait.
  var onClock: ContinuousClock.Instant { Self.origin + .nanoseconds(nanoseconds) }

  static func < (left: Instant, right: Instant) -> Bool { left.nanoseconds < right.nanoseconds }

  /// The end of an interval: 292 years later for one that is longer.
  static func + (start: Instant, interval: Duration) -> Instant {
    let (sum, overflow) = start.nanoseconds.addingReportingOverflow(interval.wholeNanoseconds)
    return Instant(nanoseconds: overflow ? .max : sum)
  }
}

extension Duration {
  fileprivate var wholeNanoseconds: Int64 {
    let (seconds, attoseconds) = components
    let (nanoseconds, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
    let (sum, carry) = nanoseconds.addingReportingOverflow(attoseconds / 1_000_000_000)
    return overflow || carry ? .max : sum
  }
}
