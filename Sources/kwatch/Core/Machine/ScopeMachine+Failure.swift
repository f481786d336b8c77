import Events
// SPDX-License-Identifier: Apache-2.0
import Process

extension ScopeMachine {
  mutating func failed(_ failure: ScopeFailure) {
    transfer = nil
    if failure.kind == .http(401) {
      // Tokens expire, and not all say when: each refusal asks for new ones. The first tries them at once.
      actions.append(.refreshCredentials)
      guard hasRefreshed else {
        hasRefreshed = true
        again()
        return
      }
    }
    switch phase {
    case .listing(let purpose): listFailed(failure, purpose)
    case .streaming(let purpose): streamingFailed(failure, purpose)
    case .checking: checkFailed(failure)
    case .watching: watchFailed(failure)
    case .idle, .waiting, .finished: break
    }
  }

  private mutating func again() {
    switch phase {
    case .listing(let purpose), .streaming(let purpose): list(purpose)
    case .checking: check()
    case .watching: watch()
    case .idle, .waiting, .finished: break
    }
  }

  /// Waits, then goes on: with `next`, or with a list where the watch has been broken for too long.
  mutating func retry(_ failure: ScopeFailure, then next: Next, reason: StreamStatus.Reason? = nil) {
    failures += 1
    errors += 1
    reconnects += 1
    isProven = false
    cancelVerification()
    let since = brokenSince ?? now
    brokenSince = since
    if failure.kind == .transport || failure.kind == .silence { needsFreshConnection = true }
    if let limit = settings.retryLimit, failures > limit {
      setHealth(mode, .unhealthy, reason ?? Self.reason(of: failure), connected: false)
      finish(reason == .permission || reason == .auth ? .noPermission : .unavailable, failure.message)
      return
    }
    var delay = backoff.next(retryAfter: failure.retryAfter, random: random())
    var next = next
    if isSynced, settings.allowsPolling, !settings.isSnapshot {
      // The moment from which lists replace the watch is exact, whatever the backoff says.
      let untilPolling = since + settings.pollAfter - now
      if failure.retryAfter == nil {
        delay = untilPolling > .zero ? min(delay, untilPolling) : min(delay, settings.pollInterval)
      }
      if now + delay - since >= settings.pollAfter {
        isPolling = true
        next = .list(.poll)
      }
    }
    let isLasting = now - since >= settings.pollAfter
    setHealth(
      mode, isLasting || !isSynced && failures > 3 ? .unhealthy : .degraded,
      reason ?? Self.reason(of: failure),
      connected: failure.code != nil)
    let text = "\(failure.message); trying again in \(delay.milliseconds) ms"
    // A lasting failure is reported again each minute.
    if failures == 1 || failures == 4 || lastWarning.map({ now - $0 >= .seconds(60) }) == true {
      lastWarning = now
      actions.append(.warn(text))
    } else {
      actions.append(.debug(text))
    }
    wait(delay, then: next)
  }

  static func reason(of failure: ScopeFailure) -> StreamStatus.Reason {
    switch failure.kind {
    case .transport, .silence: .disconnect
    case .http(401): .auth
    case .http(403): .permission
    case .http, .stream, .garbage: .error
    }
  }

  // MARK: - Time

  /// When `timer` is next of use.
  var deadline: Duration? {
    Self.earlier(Self.earlier(wakeAt, silenceDeadline), Self.earlier(verifyAt, verificationDeadline))
  }

  private static func earlier(_ left: Duration?, _ right: Duration?) -> Duration? {
    guard let left, let right else { return left ?? right }
    return min(left, right)
  }

  private var silenceDeadline: Duration? {
    guard transfer != nil else { return nil }
    guard let openedAt else { return sentAt + settings.answerTimeout }
    switch phase {
    case .listing, .checking: return lastActivity + settings.answerTimeout
    case .streaming: return lastActivity + settings.streamingSilence
    case .watching:
      // A server ends a watch when it was asked to; one that does not is dead, or its network is.
      let end = openedAt + .seconds(timeoutSeconds + (isProven ? 15 : 2))
      return seesBookmarks && isProven ? min(end, lastActivity + settings.bookmarkSilence) : end
    case .idle, .waiting, .finished: return nil
    }
  }

  mutating func timer() {
    if let at = wakeAt, at <= now, case .waiting(let next) = phase {
      wakeAt = nil
      proceed(next)
    }
    if let at = silenceDeadline, at <= now, let id = transfer {
      actions.append(.cancel(id))
      failed(ScopeFailure(kind: .silence, message: silenceMessage))
    }
    if let at = verifyAt, at <= now { verify() }
    if let at = verificationDeadline, at <= now {
      verificationFailed(ScopeFailure(kind: .silence, message: "no answer"))
    }
  }

  private var silenceMessage: String {
    openedAt == nil ? "no answer in \(settings.answerTimeout.components.seconds) s" : "the stream went silent"
  }
}
