// SPDX-License-Identifier: Apache-2.0
import Encoding

/// A point in time on two clocks: the monotonic one for intervals, the wall clock for output.
struct Moment: Sendable {
  var instant: ContinuousClock.Instant
  var wall: Timestamp

  /// Reads both clocks.
  static var now: Moment { Moment(instant: .now, wall: .now) }
}
