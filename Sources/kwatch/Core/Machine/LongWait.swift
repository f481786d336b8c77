// SPDX-License-Identifier: Apache-2.0
import Process

/// A wait whose reason is reported again each minute, such as an hour that a server asks for with `Retry-After`.
struct LongWait: Equatable {
  private static let interval = Duration.seconds(60)

  private let reason: String
  private let until: Duration
  /// When to report next; nil if the wait ends before.
  private(set) var nextReport: Duration?

  init(_ reason: String, until: Duration, at now: Duration) {
    self.reason = reason
    self.until = until
    advance(from: now)
  }

  /// Nil if the failure asks for no wait.
  init?(askedBy failure: ScopeError?, for delay: Duration, at now: Duration) {
    guard let failure, failure.retryAfter != nil else { return nil }
    self.init(failure.message, until: now + delay, at: now)
  }

  /// The text to report, if it is time.
  mutating func report(at now: Duration) -> String? {
    guard let nextReport, nextReport <= now else { return nil }
    advance(from: now)
    let seconds = Duration.seconds((until - now).components.seconds)
    return "\(reason); still waiting, and trying again in \(DurationText.print(max(.zero, seconds)))"
  }

  private mutating func advance(from now: Duration) {
    nextReport = now + Self.interval < until ? now + Self.interval : nil
  }
}
