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

  static var now: Instant { Instant(nanoseconds: Interval(ContinuousClock.now - origin).nanoseconds) }

  /// The same time for a wait.
  var onClock: ContinuousClock.Instant { Self.origin + .nanoseconds(nanoseconds) }

  static func < (left: Instant, right: Instant) -> Bool { left.nanoseconds < right.nanoseconds }

  /// The end of an interval: 292 years later for one that is longer.
  static func + (start: Instant, interval: Interval) -> Instant {
    let (sum, overflow) = start.nanoseconds.addingReportingOverflow(interval.nanoseconds)
    return Instant(nanoseconds: overflow ? .max : sum)
  }
}

/// The time between two instants: a `Duration`, which has 128 bits, is converted once and not for each line.
struct Interval: Sendable {
  fileprivate let nanoseconds: Int64

  /// The interval of this length; the longest one for a duration that is longer.
  init(_ duration: Duration) {
    let (seconds, attoseconds) = duration.components
    let (nanoseconds, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
    let (sum, carry) = nanoseconds.addingReportingOverflow(attoseconds / 1_000_000_000)
    self.nanoseconds = overflow || carry ? .max : sum
  }
}
