// SPDX-License-Identifier: Apache-2.0
internal import Glibc

/// A point in time as whole nanoseconds since 1970 UTC; prints as RFC 3339 with milliseconds.
package struct Timestamp: Sendable, Hashable, Comparable, CustomStringConvertible {
  package var nanoseconds: Int64

  package init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

  /// Whole seconds, truncated.
  package var seconds: Int64 { nanoseconds / 1_000_000_000 }

  /// The wall clock.
  package static var now: Timestamp {
    var time = timespec()
    unsafe clock_gettime(CLOCK_REALTIME, &time)
    return Timestamp(nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
  }

  package static func < (left: Timestamp, right: Timestamp) -> Bool { left.nanoseconds < right.nanoseconds }

  /// A time in the form of RFC 3339; nil if the text has another form. A time out of range becomes the
  /// earliest or latest one.
  package init?(rfc3339 text: String) {
    guard let nanoseconds = RFC3339.nanoseconds(text) else { return nil }
    self.nanoseconds = nanoseconds
  }

  package var description: String {
    let seconds = nanoseconds.floorDivided(by: 1_000_000_000)
    let milliseconds = String((nanoseconds - seconds * 1_000_000_000) / 1_000_000)
    let fraction = String(repeating: "0", count: 3 - milliseconds.utf8.count) + milliseconds
    return String(decoding: RFC3339Writer.date(seconds), as: UTF8.self) + ".\(fraction)Z"
  }
}
