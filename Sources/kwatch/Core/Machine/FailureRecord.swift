// SPDX-License-Identifier: Apache-2.0
import Process

/// The consecutive failures of a scope, and the rules for retries and reports.
struct FailureRecord {
  /// The step after a failure.
  struct Retry: Equatable {
    let delay: Duration
    /// Lists replace the watch from then on.
    let polls: Bool
    /// Requests have failed for so long that the problem is not temporary.
    let isLasting: Bool
    let isWorthWarning: Bool
  }

  /// The step after a 410.
  enum Expiry: Equatable {
    case listNow
    case listAfter(Duration, isWorthWarning: Bool)
  }

  /// What to do about a server whose state is older than ours.
  enum Lag: Equatable {
    case wait(Duration, isWorthWarning: Bool)
    case lasting
  }

  private let settings: ScopeSettings
  private var count = 0
  private var brokenSince: Duration?
  private var notFoundSince: Duration?
  private var backoff: Backoff
  /// Since when watches deliver without a failure.
  private var workedSince: Duration?
  private var lastWarning: Duration?
  /// The minute whose warnings are counted.
  private var minute: (since: Duration, warnings: Int)?
  private var lastGoneAt: Duration?
  private var goneCount = 0
  private var lag: (since: Duration, isReported: Bool)?
  private var hasRefreshed = false
  private var needsFreshConnection = false

  init(_ settings: ScopeSettings) {
    self.settings = settings
    backoff = Backoff(
      initial: settings.backoffInitial, maximum: settings.backoffMaximum, floor: .milliseconds(100))
  }

  /// Notes a failure. `isSynced`: the first list was complete.
  ///
  /// - Returns: what to do; nil if the retries are spent.
  mutating func retry(
    _ failure: ScopeError, isSynced: Bool, at now: Duration, random: Double
  ) -> Retry? {
    count += 1
    // A watch that breaks after each event must not be tried again at once.
    let delivered = workedSince.map { now - $0 }
    if let delivered, delivered >= .seconds(1) { backoff.reset() }
    workedSince = nil
    let since = brokenSince ?? now
    brokenSince = since
    if [.transport, .untrusted, .silence].contains(failure.kind) { needsFreshConnection = true }
    if let limit = settings.retryLimit, count > limit { return nil }
    var delay = backoff.next(retryAfter: failure.retryAfter, random: random)
    var polls = false
    let pollsAt = since + settings.pollAfter
    if isSynced, settings.allowsPolling, !settings.isSnapshot {
      // The time at which lists replace the watch does not depend on the backoff.
      if failure.retryAfter == nil {
        delay = min(delay, pollsAt > now ? pollsAt - now : settings.pollInterval)
      }
      // A list has only the last state of each object, so a watch that has delivered is tried again.
      polls = delivered == nil && now + delay >= pollsAt
    }
    return Retry(
      delay: delay, polls: polls, isLasting: now >= pollsAt || !isSynced && count > 3,
      isWorthWarning: isWorthWarning(count == 1 || count == 4, at: now))
  }

  /// Notes that the resource is missing.
  ///
  /// - Returns: whether the resource has been missing for so long that its objects are gone.
  mutating func noteNotFound(at now: Duration) -> Bool {
    let since = notFoundSince ?? now
    notFoundSince = since
    return now - since >= settings.notFoundGrace
  }

  /// Notes a 410. A server that expires everything at once must not be listed in a loop.
  mutating func noteGone(at now: Duration, random: Double) -> Expiry {
    if let lastGoneAt, now - lastGoneAt < .seconds(10) { goneCount += 1 } else { goneCount = 0 }
    lastGoneAt = now
    guard goneCount > 0 else { return .listNow }
    return .listAfter(backoff.next(random: random), isWorthWarning: isWorthWarning(goneCount == 2, at: now))
  }

  /// Notes that the server's state is older than our resourceVersion. A replica catches up, a restored etcd never does.
  mutating func noteLag(at now: Duration, retryAfter: Duration?) -> Lag {
    let since = lag?.since ?? now
    let left = since + settings.lagPatience - now
    guard left > .zero else {
      lag = nil
      return .lasting
    }
    let delay = min(retryAfter ?? .seconds(1), left)
    // Most replicas have caught up after the first wait.
    let isLong = lag != nil || delay >= .seconds(5)
    let isWorthWarning = isLong && lag?.isReported != true
    lag = (since, isLong)
    return .wait(delay, isWorthWarning: isWorthWarning)
  }

  /// The server has reached our resourceVersion.
  mutating func clearLag() { lag = nil }

  /// Whether a refusal of the credentials is the first one, after which new ones are tried at once.
  mutating func noteRefusedCredentials() -> Bool {
    defer { hasRefreshed = true }
    return !hasRefreshed
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
    lag = nil
  }

  /// Lists that replace a refused watch work.
  mutating func pollWorked() { count = 0 }

  /// A watch delivers.
  mutating func watchWorked(at now: Duration) {
    count = 0
    workedSince = workedSince ?? now
    brokenSince = nil
    notFoundSince = nil
    hasRefreshed = false
    goneCount = 0
  }

  /// Whether to report a failure: because it is new, or because a minute has passed since the last report.
  ///
  /// A watch that works for a moment and then breaks, again and again, is reported five times a minute at most.
  private mutating func isWorthWarning(_ isNew: Bool, at now: Duration) -> Bool {
    guard isNew || lastWarning.map({ now - $0 >= .seconds(60) }) == true else { return false }
    var current = minute ?? (now, 0)
    if now - current.since >= .seconds(60) { current = (now, 0) }
    current.warnings += 1
    minute = current
    guard current.warnings <= 5 else { return false }
    lastWarning = now
    return true
  }
}
