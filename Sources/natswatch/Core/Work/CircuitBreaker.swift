// SPDX-License-Identifier: Apache-2.0

/// Stops the pulling after failures in a row, so that others take over; then lets one message through as a probe.
struct CircuitBreaker: Sendable, Equatable {
  enum State: Sendable, Equatable {
    case closed
    case open(until: Duration)
    /// The probe is under way.
    case halfOpen
  }

  /// Failures in a row that open it; nil: never.
  let threshold: Int?
  let openFor: Duration
  private(set) var state = State.closed
  private(set) var failures = 0

  init(threshold: Int?, openFor: Duration = .seconds(30)) {
    self.threshold = threshold
    self.openFor = openFor
  }

  /// Asks for leave to pull one message. The first who asks after the pause has the probe.
  mutating func mayPull(now: Duration) -> Bool {
    switch state {
    case .closed: return true
    case .halfOpen: return false
    case .open(let until):
      guard now >= until else { return false }
      state = .halfOpen
      return true
    }
  }

  /// The leave was not used: no message came.
  mutating func returnLeave(now: Duration) {
    if state == .halfOpen { state = .open(until: now) }
  }

  mutating func succeeded() {
    failures = 0
    state = .closed
  }

  /// - Returns: True when this failure opened it.
  mutating func failed(now: Duration) -> Bool {
    failures += 1
    guard let threshold, state == .halfOpen || failures >= threshold else { return false }
    if case .open = state { return false }
    state = .open(until: now + openFor)
    return true
  }
}
