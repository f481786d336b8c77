// SPDX-License-Identifier: Apache-2.0
import Process

/// Limits the requests to the validator that one address may cause. A token that turns out to be valid is not
/// charged. Pure: the caller passes the time.
struct QuestionBudget: Sendable {
  private var limiter: RateLimiter
  private(set) var inFlight = 0

  init(rate: Double, burst: Double, now: Duration) {
    limiter = RateLimiter(rate: rate, burst: burst, now: now)
  }

  /// Begins a request, or returns the time after which to try again. A request in flight is charged as if its
  /// token were bad until the response arrives.
  mutating func begin(now: Duration) -> Duration? {
    if let wait = limiter.wait(for: inFlight + 1, now: now) { return wait }
    inFlight += 1
    return nil
  }

  mutating func end(isRefused: Bool, now: Duration) {
    inFlight -= 1
    if isRefused { _ = limiter.take(now: now) }
  }

  /// Whether the whole budget is available and no request is in flight.
  func isIdle(now: Duration) -> Bool { inFlight == 0 && limiter.isFull(now: now) }
}
