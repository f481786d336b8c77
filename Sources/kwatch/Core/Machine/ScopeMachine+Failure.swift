// SPDX-License-Identifier: Apache-2.0
import Events
import Process

extension ScopeMachine {
  mutating func failed(_ failure: ScopeError) {
    if failure.kind == .http(401) {
      // Tokens expire, some without notice: each refusal fetches new ones, and after the first the request is repeated at
      // once.
      actions.append(.refreshCredentials)
      if failures.noteRefusedCredentials() { return again() }
    }
    switch state {
    case .listing(let listing): listFailed(failure, listing)
    case .streaming(_, let purpose): streamingFailed(failure, purpose)
    case .checking: checkFailed(failure)
    case .watching: watchFailed(failure)
    case .idle, .waiting, .finished: break
    }
  }

  private mutating func again() {
    switch state {
    case .listing(let listing): list(listing.purpose)
    case .streaming(_, let purpose): list(purpose)
    case .checking: check()
    case .watching: watch()
    case .idle, .waiting, .finished: break
    }
  }

  /// Waits, then continues: with `next`, or with a list if the watch has been broken for too long.
  mutating func retry(_ failure: ScopeError, then next: Next, reason: StreamStatus.Reason? = nil) {
    failures.note(failure, at: now)
    counts.errors += 1
    counts.reconnects += 1
    server.doubt()
    cancelVerification()
    let reason = reason ?? Self.reason(of: failure)
    if let limit = settings.retryLimit, failures.count > limit {
      setHealth(mode, .unhealthy, reason, connected: false)
      finish(reason == .permission || reason == .auth ? .noPermission : .unavailable, failure.message)
      return
    }
    let since = failures.brokenSince ?? now
    var delay = failures.nextDelay(retryAfter: failure.retryAfter, random: random())
    var next = next
    if isSynced, settings.allowsPolling, !settings.isSnapshot {
      // The moment from which lists replace the watch is exact, whatever the backoff is.
      let untilPolling = since + settings.pollAfter - now
      if failure.retryAfter == nil {
        delay = untilPolling > .zero ? min(delay, untilPolling) : min(delay, settings.pollInterval)
      }
      if now + delay - since >= settings.pollAfter {
        server.isPolling = true
        next = .list(.poll)
      }
    }
    let isLasting = now - since >= settings.pollAfter || !isSynced && failures.count > 3
    setHealth(mode, isLasting ? .unhealthy : .degraded, reason, connected: failure.code != nil)
    let text = "\(failure.message); trying again in \(delay.milliseconds) ms"
    actions.append(failures.isWorthWarning(at: now) ? .warn(text) : .debug(text))
    wait(delay, then: next)
  }

  static func reason(of failure: ScopeError) -> StreamStatus.Reason {
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
    var waitsUntil: Duration?
    if case .waiting(let until, _) = state { waitsUntil = until }
    return [waitsUntil, silenceDeadline, verificationDeadline].compactMap(\.self).min()
  }

  /// When the exchange under way is given up for its silence.
  private var silenceDeadline: Duration? {
    guard let transfer else { return nil }
    guard let openedAt = transfer.openedAt else { return transfer.sentAt + settings.answerTimeout }
    switch state {
    case .listing, .checking: return transfer.lastActivity + settings.answerTimeout
    case .streaming: return transfer.lastActivity + settings.streamingSilence
    case .watching(let watch):
      // A server ends a watch when it was asked to; one that does not is dead, or its network is.
      let end = openedAt + .seconds(watch.timeoutSeconds + (server.isProven ? 15 : 2))
      guard server.seesBookmarks, server.isProven else { return end }
      return min(end, transfer.lastActivity + settings.bookmarkSilence)
    case .idle, .waiting, .finished: return nil
    }
  }

  mutating func timer() {
    if case .waiting(let until, let next) = state, until <= now { proceed(next) }
    if let at = silenceDeadline, at <= now, let transfer {
      actions.append(.cancel(transfer.id))
      let message =
        transfer.openedAt == nil
        ? "no answer in \(settings.answerTimeout.components.seconds) s" : "the stream went silent"
      failed(ScopeError(kind: .silence, message: "\(title): \(message)"))
    }
    verificationTimer()
  }
}
