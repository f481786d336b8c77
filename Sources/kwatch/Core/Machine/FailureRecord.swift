// SPDX-License-Identifier: Apache-2.0
import Process

/// What has failed in a row, and since when.
struct FailureRecord {
  private(set) var count = 0
  private(set) var brokenSince: Duration?
  private(set) var notFoundSince: Duration?
  private var backoff: Backoff
  private var lastWarning: Duration?
  private var lastGoneAt: Duration?
  private var goneCount = 0
  private var tooLargeCount = 0
  private var hasRefreshed = false
  private var needsFreshConnection = false

  init(_ settings: ScopeSettings) {
    backoff = Backoff(
      initial: settings.backoffInitial, maximum: settings.backoffMaximum, floor: .milliseconds(100))
  }

  mutating func note(_ failure: ScopeError, at now: Duration) {
    count += 1
    brokenSince = brokenSince ?? now
    if failure.kind == .transport || failure.kind == .silence { needsFreshConnection = true }
  }

  /// Notes that the resource is missing.
  /// - Returns: since when.
  mutating func noteNotFound(at now: Duration) -> Duration {
    let since = notFoundSince ?? now
    notFoundSince = since
    return since
  }

  /// Notes a 410. A server that expires everything at once must not be listed in a loop.
  /// - Returns: how long to wait before the next list; nil: not at all.
  mutating func noteGone(at now: Duration, random: Double) -> Duration? {
    if let lastGoneAt, now - lastGoneAt < .seconds(10) { goneCount += 1 } else { goneCount = 0 }
    lastGoneAt = now
    return goneCount == 0 ? nil : backoff.next(random: random)
  }

  /// Notes that the server's cache is older than our resourceVersion.
  /// - Returns: whether it has been for too long: a replica catches up in a moment, a restored etcd never does.
  mutating func noteTooLarge() -> Bool {
    tooLargeCount += 1
    if tooLargeCount < 5 { return false }
    tooLargeCount = 0
    return true
  }

  /// The server has reached our resourceVersion.
  mutating func clearTooLarge() { tooLargeCount = 0 }

  /// Whether a refusal of the credentials is the first one, after which new ones are tried at once.
  mutating func noteRefusedCredentials() -> Bool {
    defer { hasRefreshed = true }
    return !hasRefreshed
  }

  /// Whether this failure is worth a warning: the first, the fourth, and then one a minute.
  mutating func isWorthWarning(at now: Duration) -> Bool {
    guard count == 1 || count == 4 || lastWarning.map({ now - $0 >= .seconds(60) }) == true else {
      return false
    }
    lastWarning = now
    return true
  }

  mutating func nextDelay(retryAfter: Duration?, random: Double) -> Duration {
    backoff.next(retryAfter: retryAfter, random: random)
  }

  /// The connection may be dead: the next request takes another.
  mutating func distrustConnection() { needsFreshConnection = true }

  mutating func takeFreshConnection() -> Bool {
    defer { needsFreshConnection = false }
    return needsFreshConnection
  }

  /// A list came whole.
  mutating func listWorked() {
    hasRefreshed = false
    notFoundSince = nil
  }

  /// Lists in place of a refused watch work.
  mutating func pollWorked() { count = 0 }

  /// A watch delivers.
  mutating func watchWorked() {
    count = 0
    backoff.reset()
    brokenSince = nil
    notFoundSince = nil
    hasRefreshed = false
    goneCount = 0
  }
}
