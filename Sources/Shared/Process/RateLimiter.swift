// SPDX-License-Identifier: Apache-2.0

/// A token bucket: limits the average rate and the size of a burst. Pure: the caller gives the time.
package struct RateLimiter: Sendable {
  /// The rate per second.
  package let rate: Double
  /// The size of a burst after a pause.
  package let burst: Double
  private var tokens: Double
  private var last: Duration

  /// A full bucket.
  package init(rate: Double, burst: Double, now: Duration) {
    self.rate = rate
    self.burst = max(1, burst)
    tokens = self.burst
    last = now
  }

  /// The longest wait that is returned, in seconds: at a very low rate the wait for a token exceeds a
  /// `Duration`.
  private static let longestWait = 1e9

  /// Takes a token.
  ///
  /// - Returns: the time to wait before using the token; zero if one was available. The token is taken either
  ///   way, so that a caller that waits keeps the rate.
  package mutating func take(now: Duration) -> Duration {
    refill(now)
    tokens -= 1
    return tokens >= 0 ? .zero : .seconds(min(-tokens / rate, Self.longestWait))
  }

  /// Takes a token if there is one.
  ///
  /// - Returns: the time until the next token; nil if one was taken.
  package mutating func takeIfThere(now: Duration) -> Duration? {
    if let wait = wait(for: 1, now: now) { return wait }
    tokens -= 1
    return nil
  }

  /// The time until the bucket has this many tokens; nil if it has them. Takes none.
  package mutating func wait(for count: Int, now: Duration) -> Duration? {
    refill(now)
    let missing = Double(count) - tokens
    return missing > 0 ? .seconds(min(missing / rate, Self.longestWait)) : nil
  }

  /// Whether ``takeIfThere(now:)`` would take a token.
  package func hasToken(now: Duration) -> Bool { tokens + (now - last) / .seconds(1) * rate >= 1 }

  /// Whether the bucket is full again, as it was at the start.
  package func isFull(now: Duration) -> Bool { tokens + (now - last) / .seconds(1) * rate >= burst }

  private mutating func refill(_ now: Duration) {
    tokens = min(burst, tokens + (now - last) / .seconds(1) * rate)
    last = now
  }

  /// A rate per second, from `100/s`, `600/m` or `100`. Nil for any other text.
  package static func parse(_ text: String) -> Double? {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    guard let count = parts.first.flatMap({ Double($0) }), count > 0, count.isFinite else { return nil }
    switch parts.count == 2 ? String(parts[1]) : parts.count == 1 ? "s" : "" {
    case "s": return count
    case "m": return count / 60
    case "h": return count / 3600
    default: return nil
    }
  }
}
