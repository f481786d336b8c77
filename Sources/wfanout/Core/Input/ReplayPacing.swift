// SPDX-License-Identifier: Apache-2.0
import Encoding

/// The time at which each line of a recording is due, relative to the first: the lines' own times, scaled by
/// the speed.
///
/// A line is never due before the previous one. A line without a time is due with the previous line or, while
/// no line has had a time, at a fixed rate.
struct ReplayPacing: Sendable {
  /// How much faster than recorded; infinite is without waiting.
  let speed: Double
  /// The longest pause, before scaling; the objects of a list may be years apart.
  let longestGap: Duration
  private var previous: Timestamp?
  private var due: Duration = .zero
  private var isFirst = true

  /// The interval of lines without times.
  private static let step = Duration.milliseconds(100)

  init(speed: Double, longestGap: Duration) {
    self.speed = speed
    self.longestGap = longestGap
  }

  mutating func due(_ time: Timestamp?) -> Duration {
    defer { isFirst = false }
    var gap = Duration.zero
    if let time {
      if let previous {
        gap = .nanoseconds(max(0, time.nanoseconds.subtractingSaturated(previous.nanoseconds)))
      }
      previous = max(previous ?? time, time)
    } else if previous == nil, !isFirst {
      gap = ReplayPacing.step
    }
    if speed.isFinite { due += min(gap, longestGap) / speed }
    return due
  }
}

extension Int64 {
  fileprivate func subtractingSaturated(_ other: Int64) -> Int64 {
    let (difference, overflow) = subtractingReportingOverflow(other)
    return overflow ? (self > other ? .max : .min) : difference
  }
}
