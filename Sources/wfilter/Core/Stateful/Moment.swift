// SPDX-License-Identifier: Apache-2.0
import Encoding

/// A point in time on both clocks: intervals are measured on the monotonic one, people are told the wall's.
struct Moment: Sendable {
  var instant: ContinuousClock.Instant
  var wall: Timestamp

  /// Reads both clocks.
  static var now: Moment { Moment(instant: .now, wall: .now) }
}
