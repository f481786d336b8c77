// SPDX-License-Identifier: Apache-2.0

/// Waits that double from ``initial`` to ``maximum``, with full jitter: each is uniform between zero and its bound.
///
/// When a server comes back, full jitter spreads its clients better than a fixed fraction. A minimum keeps
/// one client from retrying too fast. The caller gives the clock and the random numbers.
package struct Backoff: Sendable {
  package let initial: Duration
  package let maximum: Duration
  /// The shortest wait.
  package let floor: Duration
  /// The number of failures in a row.
  package private(set) var attempts = 0

  package init(
    initial: Duration = .seconds(1), maximum: Duration = .seconds(30), floor: Duration = .milliseconds(50)
  ) {
    self.initial = initial
    self.maximum = maximum
    self.floor = floor
  }

  /// The upper bound of the next wait.
  package var bound: Duration { Self.bound(after: attempts, initial, maximum) }

  /// `initial`, doubled `failures` times, at most `maximum`.
  package static func bound(after failures: Int, _ initial: Duration, _ maximum: Duration) -> Duration {
    var bound = initial
    for _ in 0..<min(failures, 62) where bound < maximum { bound = bound * 2 }
    return min(bound, maximum)
  }

  /// The next wait, after one more failure.
  ///
  /// - Parameters:
  ///   - retryAfter: the wait that the server asked for (RFC 9110 §10.2.3), used as a minimum.
  ///   - random: uniform in 0..<1.
  /// - Returns: how long to wait before the next try.
  package mutating func next(retryAfter: Duration? = nil, random: Double) -> Duration {
    let wait = max(floor, bound * random)
    attempts += 1
    return max(wait, retryAfter ?? .zero)
  }

  /// Call this after a success: the next failure waits ``initial`` again.
  package mutating func reset() { attempts = 0 }
}
