// SPDX-License-Identifier: Apache-2.0

/// When a message whose handling failed is tried again, and when no more: doubling delays, kept by the server.
package struct RetrySchedule: Sendable, Equatable {
  package enum Decision: Sendable, Equatable {
    case retry(after: Duration)
    case deadLetter
  }

  package var initial: Duration = .seconds(1)
  package var maximum: Duration = .seconds(300)
  /// Tries after the first one.
  package var retries: UInt64 = 10

  package init(
    initial: Duration = .seconds(1), maximum: Duration = .seconds(300), retries: UInt64 = 10
  ) {
    self.initial = initial
    self.maximum = maximum
    self.retries = retries
  }

  /// What follows the failure of the `attempt`-th try (from 1), by the server's count of deliveries.
  package func decision(afterAttempt attempt: UInt64) -> Decision {
    guard attempt <= retries else { return .deadLetter }
    var delay = initial
    for _ in 1..<max(1, min(attempt, 64)) where delay < maximum { delay = delay * 2 }
    return .retry(after: min(delay, maximum))
  }

  /// True when the message has had all its tries: whoever had the last one did not live to say so.
  package func isExhausted(beforeAttempt attempt: UInt64) -> Bool { attempt > retries + 1 }
}
