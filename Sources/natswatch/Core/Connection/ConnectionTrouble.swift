// SPDX-License-Identifier: Apache-2.0

import Process

/// A lost connection, and the times of the next attempt and the next report. Pure.
///
/// A connection that is lost soon after it was made continues the same problem. Without a pause, a server
/// that closes each connection would get hundreds of connections a second.
struct ConnectionTrouble: Sendable {
  /// A connection that has lasted for this long has worked.
  static let proof: Duration = .seconds(5)

  private(set) var isOver = true
  /// The time of the next attempt to replace the connection.
  private(set) var nextAttempt = Duration.zero
  private var since = Duration.zero
  private var lastEnd: Duration?
  private var nextReport = Duration.zero
  private var backoff = Backoff(initial: .milliseconds(100), maximum: .seconds(2))

  /// The connection is lost.
  mutating func begin(_ now: Duration, random: Double = .random(in: 0..<1)) {
    guard isOver else { return }
    isOver = false
    if let lastEnd, now - lastEnd < Self.proof {
      return fail(now, random: random)
    }
    (since, nextAttempt, nextReport) = (now, now, now)
    backoff.reset()
  }

  /// An attempt has failed.
  mutating func fail(_ now: Duration, random: Double = .random(in: 0..<1)) {
    nextAttempt = now + backoff.next(random: random)
  }

  /// The connection has been replaced.
  mutating func end(_ now: Duration) {
    isOver = true
    lastEnd = now
  }

  /// Whether to report the problem now, if it has lasted for at least `delay`: once, then every minute.
  mutating func isReportDue(_ now: Duration, after delay: Duration = .zero) -> Bool {
    guard now - since >= delay, now >= nextReport else { return false }
    nextReport = now + .seconds(60)
    return true
  }
}
