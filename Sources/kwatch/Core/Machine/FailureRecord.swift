// SPDX-License-Identifier: Apache-2.0
import Process

/// The failures in a row, and their times.
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
    if [.transport, .untrusted, .silence].contains(failure.kind) { needsFreshConnection = true }
  }

  /// Notes that the resource is missing.
  /// - Returns: the time since which it is missing.
  mutating func noteNotFound(at now: Duration) -> Duration {
    let since = notFoundSince ?? now
    notFoundSince = since
    return since
  }

  /// Notes a 410. A server that expires everything at once must not be listed in a loop.
  /// - Returns: how long to wait before the next list, and whether to report it; nil: not at all.
  mutating func noteGone(at now: Duration, random: Double) -> (Duration, isWorthWarning: Bool)? {
    if let lastGoneAt, now - lastGoneAt < .seconds(10) { goneCount += 1 } else { goneCount = 0 }
    lastGoneAt = now
    guard goneCount > 0 else { return nil }
    let isWorthWarning = goneCount == 2 || lastWarning.map { now - $0 >= .seconds(60) } == true
    if isWorthWarning { lastWarning = now }
    return (backoff.next(random: random), isWorthWarning)
  }

  /// Notes that the server's cache is older than our resourceVersion.
  /// - Returns: whether this has lasted too long. A replica catches up quickly, a restored etcd never does.
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

  /// How long to wait after a failure that was noted, and whether lists replace the watch then; `mayPoll`: they can.
  mutating func nextDelay(
    _ failure: ScopeError, _ settings: ScopeSettings, mayPoll: Bool, at now: Duration, random: Double
  ) -> (Duration, polls: Bool) {
    var delay = backoff.next(retryAfter: failure.retryAfter, random: random)
    guard mayPoll else { return (delay, false) }
    // The moment from which lists replace the watch is exact, whatever the backoff is.
    let pollsAt = (brokenSince ?? now) + settings.pollAfter
    if failure.retryAfter == nil {
      delay = pollsAt > now ? min(delay, pollsAt - now) : min(delay, settings.pollInterval)
    }
    return (delay, now + delay >= pollsAt)
  }

  /// Whether requests have failed for as long as lists replace a watch after.
  func isLasting(_ settings: ScopeSettings, at now: Duration) -> Bool {
    now - (brokenSince ?? now) >= settings.pollAfter
  }

  /// The connection may be dead: the next request uses a new one.
  mutating func distrustConnection() { needsFreshConnection = true }

  mutating func takeFreshConnection() -> Bool {
    defer { needsFreshConnection = false }
    return needsFreshConnection
  }

  /// A list was complete.
  mutating func listWorked() {
    hasRefreshed = false
    notFoundSince = nil
  }

  /// Lists that replace a refused watch work.
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
