// SPDX-License-Identifier: Apache-2.0

/// Stops pulling after consecutive failures, so that other workers take over, then handles one message as a
/// probe.
struct CircuitBreaker: Sendable, Equatable {
  enum State: Sendable, Equatable {
    case closed
    case open(until: Duration)
    /// One message may be handled; `isUnderWay` after it has arrived.
    case probing(isUnderWay: Bool)
  }

  /// The number of consecutive failures that opens it; nil for never.
  let threshold: Int?
  let openFor: Duration
  private(set) var state = State.closed
  private var failures = 0

  init(threshold: Int?, openFor: Duration = .seconds(30)) {
    self.threshold = threshold
    self.openFor = openFor
  }

  /// The number of messages that may be pulled if there is room for `free`.
  mutating func allowance(_ free: Int, now: Duration) -> Int {
    if case .open(let until) = state, now >= until { state = .probing(isUnderWay: false) }
    return switch state {
    case .closed: free
    case .probing(false): min(free, 1)
    case .open, .probing(true): 0
    }
  }

  /// Whether a message that has arrived may be handled. The first one after the pause is the probe.
  mutating func admits() -> Bool {
    switch state {
    case .closed: return true
    case .probing(false):
      state = .probing(isUnderWay: true)
      return true
    case .open, .probing(true): return false
    }
  }

  /// The probe ended without a result: its message was not handled, or its handler was interrupted.
  mutating func abandoned() {
    if case .probing(true) = state { state = .probing(isUnderWay: false) }
  }

  mutating func succeeded() {
    failures = 0
    state = .closed
  }

  /// - Returns: Whether this failure opened it.
  mutating func failed(now: Duration) -> Bool {
    failures += 1
    guard let threshold else { return false }
    switch state {
    case .open: return false
    case .closed where failures < threshold: return false
    case .closed, .probing:
      state = .open(until: now + openFor)
      return true
    }
  }
}
