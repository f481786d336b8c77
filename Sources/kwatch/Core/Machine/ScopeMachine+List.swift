// SPDX-License-Identifier: Apache-2.0
import Events
import Process

extension ScopeMachine {
  // MARK: - Starting

  mutating func list(_ purpose: Purpose) {
    // Its sweep would take this round's marks for its own.
    cancelVerification()
    isUnpaged = false
    if purpose == .resync {
      isProven = false
      setHealth(mode, .degraded, .resync, connected: health.isConnected)
    }
    if supportsStreamingList, purpose != .poll, !settings.isSnapshot, !isWatchRefused {
      phase = .streaming(purpose)
      known.beginRound()
      timeoutSeconds = jitteredTimeout()
      send(.watch(resourceVersion: "", initialEvents: true, timeoutSeconds: timeoutSeconds))
    } else {
      listPaged(purpose)
    }
  }

  mutating func listPaged(_ purpose: Purpose) {
    phase = .listing(purpose)
    // What a list before it has shown, and did not come to its end, may be gone by now.
    known.beginRound()
    listVersion = ""
    let limit = purpose == .initial ? settings.firstPageLimit : settings.pageLimit
    send(.list(resourceVersion: "", continuation: "", limit: isUnpaged ? nil : limit))
  }

  var mode: StreamStatus.Mode {
    if settings.isSnapshot { return .snapshot }
    if isPolling { return .polling }
    return isSynced ? .watch : .snapshot
  }

  // MARK: - Items

  /// An item of a list, or an event of a streaming list's first part: told only if it is news.
  mutating func listItem(
    _ id: TransferID, _ text: Span<UInt8>, _ header: ObjectHeader, at time: Duration
  ) -> Disposition {
    if id == verification?.transfer { return verifiedItem(text, header) }
    guard id == transfer else { return .drop }
    let purpose: Purpose
    switch phase {
    case .listing(let current), .streaming(let current): purpose = current
    default: return .drop
    }
    lastActivity = time
    let outcome = known.upsert(text, header)
    if purpose == .initial, settings.skipsInitial { return .drop }
    return Self.disposition(of: outcome, changed: .modified)
  }

  static func disposition(of outcome: KnownObjects.Outcome, changed type: EventType) -> Disposition {
    switch outcome {
    case .new: .emit(.added)
    case .changed: .emit(type)
    case .same: .drop
    case .replaced(let predecessor): .replace(predecessor)
    }
  }

  // MARK: - Pages

  mutating func page(_ meta: ListMeta) {
    switch phase {
    case .checking:
      tooLargeCount = 0
      watch()
    case .listing(let purpose):
      // All pages share one resourceVersion; should they not, the first misses nothing.
      if listVersion.isEmpty { listVersion = meta.resourceVersion }
      guard meta.continuation.isEmpty else {
        send(.list(resourceVersion: "", continuation: meta.continuation, limit: settings.pageLimit))
        return
      }
      finishList(purpose, listVersion)
    default: break
    }
  }

  /// The set is whole: what was told and not shown again is gone.
  mutating func listIsWhole(_ purpose: Purpose, _ version: String) {
    let gone = known.sweep()
    // Of what was skipped nobody was told.
    if !gone.isEmpty, !(purpose == .initial && settings.skipsInitial) { actions.append(.delete(gone)) }
    resourceVersion = version
    lastListAt = now
    hasRefreshed = false
    notFoundSince = nil
    guard !isSynced else { return }
    isSynced = true
    actions.append(.synced)
  }

  private mutating func finishList(_ purpose: Purpose, _ version: String) {
    listIsWhole(purpose, version)
    guard !settings.isSnapshot else {
      setHealth(.snapshot, .healthy, connected: true, delivering: true)
      phase = .finished
      transfer = nil
      actions.append(.finish(.ok, ""))
      return
    }
    if version.isEmpty, !isWatchRefused {
      // Without a resourceVersion there is nothing to watch from.
      isWatchRefused = true
      isPolling = true
    }
    guard isWatchRefused else { return watch() }
    failures = 0
    setHealth(.polling, .degraded, health.reason == .permission ? .permission : .error, connected: true)
    pollsSinceRefusal += 1
    if settings.canWatch, !version.isEmpty, pollsSinceRefusal.isMultiple(of: 6) {
      watch()
    } else {
      wait(settings.pollInterval, then: .list(.poll))
    }
  }

  // MARK: - Failures

  mutating func listFailed(_ failure: ScopeFailure, _ purpose: Purpose) {
    switch failure.kind {
    case .http(410) where !isUnpaged:
      // The pages took longer than the server keeps their state. Its token for an inconsistent remainder would
      // leave changes to the first pages untold: one list in one piece instead.
      isUnpaged = true
      listPaged(purpose)
    case .http(403):
      refused(.permission, .noPermission, failure, then: .list(purpose))
    case .http(401):
      refused(.auth, .noPermission, failure, then: .list(purpose))
    case .http(404), .http(405):
      notFound(failure)
    case .http(400), .http(406), .http(415), .http(422):
      refused(.error, failure.code == 400 ? .usage : .unavailable, failure, then: .list(purpose))
    default:
      retry(failure, then: .list(purpose))
    }
  }

  /// A refusal that no waiting will mend ends a scope that never worked; one that did goes on trying.
  private mutating func refused(
    _ reason: StreamStatus.Reason, _ status: ExitStatus, _ failure: ScopeFailure, then next: Next
  ) {
    guard isSynced else {
      setHealth(mode, .unhealthy, reason, connected: true)
      finish(status, failure.message)
      return
    }
    retry(failure, then: next, reason: reason)
  }

  mutating func streamingFailed(_ failure: ScopeFailure, _ purpose: Purpose) {
    switch failure.kind {
    case .transport, .garbage, .http(401), .http(429), .http(500...), .http(300..<400):
      listFailed(failure, purpose)
    case .http, .stream, .silence:
      // No streaming list here, or no right to watch: a plain list says what there is.
      actions.append(.debug("no streaming list: \(failure.message)"))
      supportsStreamingList = false
      needsFreshConnection = failure.kind == .silence
      listPaged(purpose)
    }
  }

  mutating func notFound(_ failure: ScopeFailure) {
    guard isSynced else {
      setHealth(mode, .unhealthy, .noScope, connected: true)
      finish(.noInput, failure.message)
      return
    }
    actions.append(.rediscover)
    let since = notFoundSince ?? now
    if now - since >= settings.notFoundGrace {
      known.beginRound()
      let gone = known.sweep()
      if !gone.isEmpty { actions.append(.delete(gone)) }
    }
    retry(failure, then: .list(.resync), reason: .noScope)
    notFoundSince = since
  }
}
