// SPDX-License-Identifier: Apache-2.0

/// Limits the requests to the validator that one address may cause. A token that turns out to be valid is not
/// charged. Pure: the caller passes the time.
struct QuestionBudget: Sendable {
  private let rate: Double
  private let burst: Double
  private var left: Double
  private var last: Duration
  private(set) var inFlight = 0

  init(rate: Double, burst: Double, now: Duration) {
    self.rate = rate
    self.burst = max(1, burst)
    left = self.burst
    last = now
  }

  enum Admission: Equatable {
    case go
    /// Try again after this time, or when a request in flight has been answered.
    case wait(Duration)
  }

  /// Begins a request. A request in flight is charged as if its token were bad until the response arrives.
  mutating func begin(now: Duration) -> Admission {
    refill(now)
    guard left - Double(inFlight) < 1 else {
      inFlight += 1
      return .go
    }
    return .wait(.seconds((1 + Double(inFlight) - left) / rate))
  }

  mutating func end(isRefused: Bool, now: Duration) {
    refill(now)
    inFlight -= 1
    if isRefused { left = max(0, left - 1) }
  }

  /// Whether the whole budget is available and no request is in flight.
  func isIdle(now: Duration) -> Bool { inFlight == 0 && left + (now - last) / .seconds(1) * rate >= burst }

  private mutating func refill(_ now: Duration) {
    left = min(burst, left + (now - last) / .seconds(1) * rate)
    last = now
  }
}
