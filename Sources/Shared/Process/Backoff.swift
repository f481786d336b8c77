// SPDX-License-Identifier: Apache-2.0

/// Waits that double from ``initial`` to ``maximum``, with full jitter: each is uniform between zero and its bound.
///
/// Full jitter spreads the clients of a server that comes back better than a fixed fraction does; a floor keeps
/// one client from hammering it. The caller gives the clock and the random numbers.
package struct Backoff: Sendable {
  package let initial: Duration
  package let maximum: Duration
  /// No wait is shorter.
  package let floor: Duration
  /// Failures in a row so far.
  package private(set) var attempts = 0

  package init(
    initial: Duration = .seconds(1), maximum: Duration = .seconds(30), floor: Duration = .milliseconds(50)
  ) {
    self.initial = initial
    self.maximum = maximum
    self.floor = floor
  }

  /// The upper bound of the next wait.
  package var bound: Duration {
    var bound = initial
    for _ in 0..<min(attempts, 62) where bound < maximum { bound = bound * 2 }
    return min(bound, maximum)
  }

  /// The next wait, after one more failure.
  ///
  /// - Parameters:
  ///   - retryAfter: the wait that the server asked for (RFC 9110 §10.2.3), which is the least.
  ///   - random: uniform in 0..<1.
  /// - Returns: how long to wait before the next try.
  package mutating func next(retryAfter: Duration? = nil, random: Double) -> Duration {
    let wait = max(floor, bound * random)
    attempts += 1
    return max(wait, retryAfter ?? .zero)
  }

  /// Call it after a success: the next failure waits ``initial`` again.
  package mutating func reset() { attempts = 0 }
}
