// SPDX-License-Identifier: Apache-2.0

/// A token bucket: so many a second on average, so many at once. Pure: the time is given.
struct RateLimiter: Sendable {
  /// Messages a second.
  let rate: Double
  /// How many may go at once after a pause.
  let burst: Double
  private var tokens: Double
  private var last: Duration

  init(rate: Double, burst: Double, now: Duration) {
    self.rate = rate
    self.burst = max(1, burst)
    tokens = self.burst
    last = now
  }

  /// Takes a token.
  ///
  /// - Returns: How long to wait before the message may go; zero when there was a token. The token is taken either
  ///   way, so that whoever waits and sends keeps the rate.
  mutating func take(now: Duration) -> Duration {
    tokens = min(burst, tokens + (now - last) / .seconds(1) * rate)
    last = now
    tokens -= 1
    return tokens >= 0 ? .zero : .seconds(-tokens / rate)
  }

  /// `100/s`, `600/m`, `100`: messages a second. Nil for anything else.
  static func parse(_ text: String) -> Double? {
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
