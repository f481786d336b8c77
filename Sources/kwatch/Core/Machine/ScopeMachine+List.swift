// SPDX-License-Identifier: Apache-2.0
import Events
import Process

extension ScopeMachine {
  // MARK: - Starting

  mutating func list(_ purpose: Purpose) {
    // Its sweep would take this round's marks for its own.
    cancelVerification()
    if purpose == .resync {
      server.doubt()
      setHealth(mode, .degraded, .resync, connected: health.isConnected)
    }
    guard server.supportsStreamingList, purpose != .poll, !settings.isSnapshot, !server.isWatchRefused else {
      return listPaged(purpose)
    }
    known.beginRound()
    let timeout = jitteredTimeout()
    let transfer = send(.watch(resourceVersion: "", initialEvents: true, timeoutSeconds: timeout))
    state = .streaming(Watch(transfer: transfer, timeoutSeconds: timeout), purpose)
  }

  private mutating func listPaged(_ purpose: Purpose, isUnpaged: Bool = false) {
    // An unfinished list has marked objects that may be gone by now.
    known.beginRound()
    let limit = purpose == .initial ? settings.firstPageLimit : settings.pageLimit
    let transfer = send(.list(resourceVersion: "", continuation: "", limit: isUnpaged ? nil : limit))
    state = .listing(Listing(transfer: transfer, purpose: purpose, isUnpaged: isUnpaged))
  }

  // MARK: - Items

  /// An item of a list, or an event of a streaming list's first part: printed only if it is news.
  mutating func listItem(
    _ id: TransferID, _ text: Span<UInt8>, _ header: ObjectHeader, at time: Duration
  ) -> Disposition {
    if id == verification?.transfer { return verifiedItem(text, header) }
    guard id == transfer?.id else { return .drop }
    activity(id, at: time)
    switch state {
    case .listing(let listing): return listed(text, header, listing.purpose)
    case .streaming(_, let purpose): return listed(text, header, purpose)
    default: return .drop
    }
  }

  mutating func listed(_ text: Span<UInt8>, _ header: ObjectHeader, _ purpose: Purpose) -> Disposition {
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
    switch state {
    case .checking:
      failures.clearTooLarge()
      watch()
    case .listing(var listing):
      // All pages share one resourceVersion; should they not, the first misses nothing.
      if listing.version.isEmpty { listing.version = meta.resourceVersion }
      guard meta.continuation.isEmpty else {
        guard meta.continuation != listing.continuation else {
          let message = "list \(title): the server gives the same page again and again"
          return failed(ScopeError(kind: .garbage, message: message))
        }
        listing.continuation = meta.continuation
        listing.transfer = send(
          .list(resourceVersion: "", continuation: meta.continuation, limit: settings.pageLimit))
        state = .listing(listing)
        return
      }
      finishList(listing)
    default: break
    }
  }

  /// The list is complete: an object that was printed before and is not in it is gone.
  mutating func listIsWhole(_ purpose: Purpose, _ version: String) {
    let gone = known.sweep()
    // What was skipped was never printed.
    if !gone.isEmpty, !(purpose == .initial && settings.skipsInitial) { actions.append(.delete(gone)) }
    resourceVersion = version
    lastListAt = now
    failures.listWorked()
    guard !isSynced else { return }
    isSynced = true
    actions.append(.synced)
  }

  private mutating func finishList(_ listing: Listing) {
    listIsWhole(listing.purpose, listing.version)
    guard !settings.isSnapshot else {
      setHealth(.snapshot, .healthy, connected: true, delivering: true)
      state = .finished
      actions.append(.finish(.ok, ""))
      return
    }
    // Without a resourceVersion there is nothing to watch from.
    if listing.version.isEmpty, !server.isWatchRefused { server.refuseWatch() }
    guard server.isWatchRefused else { return watch() }
    failures.pollWorked()
    setHealth(.polling, .degraded, health.reason == .permission ? .permission : .error, connected: true)
    if server.isTimeToTryWatch(), settings.canWatch, !listing.version.isEmpty {
      watch()
    } else {
      wait(settings.pollInterval, then: .list(.poll))
    }
  }

  // MARK: - Failures

  mutating func listFailed(_ failure: ScopeError, _ listing: Listing) {
    if failure.kind == .http(410), !listing.isUnpaged {
      // The pages took longer than the server keeps their state. Its token for an inconsistent remainder would hide
      // changes to the first pages: one list in one piece instead.
      return listPaged(listing.purpose, isUnpaged: true)
    }
    listFailed(failure, listing.purpose)
  }

  private mutating func listFailed(_ failure: ScopeError, _ purpose: Purpose) {
    switch failure.kind {
    case .http(403): refused(.permission, .noPermission, failure, then: .list(purpose))
    case .http(401): refused(.auth, .noPermission, failure, then: .list(purpose))
    case .http(404), .http(405): notFound(failure)
    case .http(400), .http(406), .http(415), .http(422):
      refused(.error, failure.code == 400 ? .usage : .unavailable, failure, then: .list(purpose))
    default: retry(failure, then: .list(purpose))
    }
  }

  /// A refusal that no waiting will change ends a scope that never worked; one that did keeps trying.
  private mutating func refused(
    _ reason: StreamStatus.Reason, _ status: ExitStatus, _ failure: ScopeError, then next: Next
  ) {
    guard isSynced else {
      setHealth(mode, .unhealthy, reason, connected: true)
      finish(status, failure.message)
      return
    }
    retry(failure, then: next, reason: reason)
  }

  mutating func streamingFailed(_ failure: ScopeError, _ purpose: Purpose) {
    switch failure.kind {
    case .http(410): listPaged(purpose, isUnpaged: true)
    case .transport, .garbage, .http(401), .http(429), .http(500...), .http(300..<400):
      listFailed(failure, purpose)
    case .http, .stream, .silence:
      if failure.kind == .silence { failures.distrustConnection() }
      withoutStreaming(purpose, failure.message)
    }
  }

  /// No streaming list here, or no right to watch: a plain list instead, now and later.
  mutating func withoutStreaming(_ purpose: Purpose, _ reason: String) {
    actions.append(.debug("no streaming list: \(reason)"))
    server.supportsStreamingList = false
    listPaged(purpose)
  }

  mutating func notFound(_ failure: ScopeError) {
    guard isSynced else {
      setHealth(mode, .unhealthy, .noScope, connected: true)
      finish(.noInput, failure.message)
      return
    }
    actions.append(.rediscover)
    if now - failures.noteNotFound(at: now) >= settings.notFoundGrace {
      known.beginRound()
      let gone = known.sweep()
      if !gone.isEmpty { actions.append(.delete(gone)) }
    }
    retry(failure, then: .list(.resync), reason: .noScope)
  }
}
