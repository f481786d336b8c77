// SPDX-License-Identifier: Apache-2.0

/// When a message whose handling failed is tried again, and when no more: doubling delays, kept by the server.
struct RetrySchedule: Sendable, Equatable {
  enum Decision: Sendable, Equatable {
    case retry(after: Duration)
    case deadLetter
  }

  var initial: Duration = .seconds(1)
  var maximum: Duration = .seconds(300)
  /// Tries after the first one.
  var retries: UInt64 = 10

  /// What follows the failure of the `attempt`-th try (from 1), by the server's count of deliveries.
  func decision(afterAttempt attempt: UInt64) -> Decision {
    guard attempt <= retries else { return .deadLetter }
    var delay = initial
    for _ in 1..<max(1, min(attempt, 64)) where delay < maximum { delay = delay * 2 }
    return .retry(after: min(delay, maximum))
  }

  /// True when the message has had all its tries: whoever had the last one did not live to say so.
  func isExhausted(beforeAttempt attempt: UInt64) -> Bool { attempt > retries + 1 }
}
