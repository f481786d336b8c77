// SPDX-License-Identifier: Apache-2.0

/// Stops the pulling after failures in a row, so that other workers take over, then lets one message through as a probe.
struct CircuitBreaker: Sendable, Equatable {
  enum State: Sendable, Equatable {
    case closed
    case open(until: Duration)
    /// One message may be handled; `isUnderWay` once it has arrived.
    case probing(isUnderWay: Bool)
  }

  /// Failures in a row that open it; nil: never.
  let threshold: Int?
  let openFor: Duration
  private(set) var state = State.closed
  private var failures = 0

  init(threshold: Int?, openFor: Duration = .seconds(30)) {
    self.threshold = threshold
    self.openFor = openFor
  }

  /// How many messages may be asked for, when there is room for `free`.
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

  /// The probe ended without a verdict: its message was not handled, or its handler was interrupted.
  mutating func abandoned() {
    if case .probing(true) = state { state = .probing(isUnderWay: false) }
  }

  mutating func succeeded() {
    failures = 0
    state = .closed
  }

  /// - Returns: True when this failure opened it.
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
