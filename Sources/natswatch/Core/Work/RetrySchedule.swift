// SPDX-License-Identifier: Apache-2.0
import Process

/// Decides when a failed message is tried again, and when it is given up. The server keeps the delays.
package struct RetrySchedule: Sendable, Equatable {
  package enum Decision: Sendable, Equatable {
    case retry(after: Duration)
    case deadLetter
  }

  package var initial: Duration = .seconds(1)
  package var maximum: Duration = .seconds(300)
  /// The number of tries after the first one.
  package var retries: UInt64 = 10

  package init(
    initial: Duration = .seconds(1), maximum: Duration = .seconds(300), retries: UInt64 = 10
  ) {
    self.initial = initial
    self.maximum = maximum
    self.retries = retries
  }

  /// The decision after failure number `tries`, counted from 1; the delay doubles with each failure.
  package func decision(afterTries tries: UInt64) -> Decision {
    guard tries <= retries else { return .deadLetter }
    return .retry(after: Backoff.bound(after: Int(clamping: max(tries, 1) - 1), initial, maximum))
  }
}
