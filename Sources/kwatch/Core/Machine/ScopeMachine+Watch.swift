// SPDX-License-Identifier: Apache-2.0
import Events
import JSON
import Process

extension ScopeMachine {
  // MARK: - Starting

  /// Asks whether the server has reached our resourceVersion, then watches: a watch from one that is still to come
  /// (an etcd restored from a backup, a replica that lags) answers 200 and is silent.
  mutating func check() { state = .checking(send(.probe(resourceVersion: resourceVersion))) }

  mutating func watch() {
    // Until it has proven itself a watch is short: its clean end is proof, and without one, lists continue.
    let isTrial = !server.isProven && settings.allowsPolling
    let timeout = isTrial ? max(1, Int(settings.pollInterval.components.seconds)) : jitteredTimeout()
    let transfer = send(
      .watch(resourceVersion: resourceVersion, initialEvents: false, timeoutSeconds: timeout))
    state = .watching(Watch(transfer: transfer, timeoutSeconds: timeout))
  }

  mutating func jitteredTimeout() -> Int {
    max(1, Int((settings.watchTimeout * (0.8 + 0.4 * random())).components.seconds))
  }

  mutating func opened() {
    switch state {
    case .watching where !server.isProven:
      setHealth(server.isPolling ? .polling : .watch, .degraded, .awaiting, connected: true)
    case .listing, .streaming:
      setHealth(mode, .degraded, health.reason == .resync ? .resync : .awaiting, connected: true)
    default: break
    }
  }

  // MARK: - Events

  /// An ADDED, MODIFIED or DELETED of a watch.
  mutating func watchEvent(
    _ id: TransferID, _ type: EventType, _ text: Span<UInt8>, _ header: ObjectHeader, at time: Duration
  ) -> Disposition {
    guard id == transfer?.id else { return .drop }
    switch state {
    case .streaming(_, let purpose):
      activity(id, at: time)
      guard type == .deleted else { return listed(text, header, purpose) }
      let wasKnown = known.remove(text, header)
      return wasKnown && !(purpose == .initial && settings.skipsInitial) ? .emit(.deleted) : .drop
    case .watching(var watch):
      watch.sawEvent = true
      watch.transfer.lastActivity = time
      state = .watching(watch)
      if !header.resourceVersion.isEmpty { resourceVersion = text.text(header.resourceVersion) }
      guard type == .deleted else {
        let outcome = known.upsert(text, header, touching: isVerifying)
        return outcome == .new ? .emit(type) : Self.disposition(of: outcome, changed: type)
      }
      verification?.noteDeleted(text, header)
      // Printed before, by a list's difference: not twice.
      return known.remove(text, header) ? .emit(.deleted) : .drop
    default: return .drop
    }
  }

  /// Whether the first event of this watch is still to be noted as proof; cheap, for every event.
  var needsProof: Bool {
    guard !server.isProven, case .watching = state else { return false }
    return true
  }

  /// The watch delivers.
  mutating func prove(at time: Duration) -> [ScopeAction] { acting(at: time) { $0.prove() } }

  mutating func prove() {
    server.prove()
    failures.watchWorked()
    setHealth(.watch, .healthy, connected: true, delivering: true)
    scheduleVerification()
  }

  mutating func bookmark(_ version: String, endsInitialEvents: Bool) {
    switch state {
    case .streaming(var watch, let purpose):
      // Initial events are in no order of resourceVersion: the marker's is where the watch continues.
      guard endsInitialEvents else { return }
      watch.sawEvent = true
      state = .watching(watch)
      listIsWhole(purpose, version)
    case .watching(var watch):
      watch.sawEvent = true
      state = .watching(watch)
      // Every server sends one just before a time-out; only newer ones (not 1.20) send one a minute.
      if let openedAt = watch.transfer.openedAt, !endsInitialEvents,
        now < openedAt + .seconds(watch.timeoutSeconds - 15)
      {
        server.seesBookmarks = true
      }
      if !version.isEmpty { resourceVersion = version }
    default: return
    }
    prove()
  }

  // MARK: - Ends

  /// The stream ended cleanly: its time-out, the server's shutdown, or a reader that was too slow.
  mutating func ended() {
    if case .streaming(_, let purpose) = state {
      return withoutStreaming(purpose, "no end of initial events came")
    }
    guard case .watching(let watch) = state, let openedAt = watch.transfer.openedAt else { return }
    let lived = now - openedAt
    if !watch.sawEvent, lived < .seconds(1) {
      let failure = ScopeError(kind: .transport, message: "\(title): the watch ended at once")
      return retry(failure, then: .check, reason: .disconnect)
    }
    counts.reconnects += 1
    guard server.isProven || lived >= .seconds(max(1, watch.timeoutSeconds - 1)) else {
      let failure = ScopeError(
        kind: .silence, message: "\(title): the watch ended before anything came")
      return retry(failure, then: .check, reason: .awaiting)
    }
    prove()
    // A planned end is not an event: continue at once. After silence, ask first whether it was the silence of a
    // resourceVersion that this server does not know yet.
    if watch.sawEvent { self.watch() } else { check() }
  }

  mutating func watchFailed(_ failure: ScopeError) {
    switch failure.kind {
    case .http(410), .stream(410): gone(failure)
    case .http(403), .http(405): watchRefused(failure)
    case .http(404): notFound(failure)
    case .http(401): retry(failure, then: .check, reason: .auth)
    case .http, .stream:
      if failure.isTooLarge { return tooLarge(failure) }
      if case .stream = failure.kind { actions.append(.pass(failure)) }
      retry(failure, then: .check)
    case .silence where !server.isProven && settings.allowsPolling:
      // The server accepted the watch and sent nothing: lists replace it while it is tried again.
      server.isPolling = true
      failures.distrustConnection()
      setHealth(.polling, .degraded, .awaiting, connected: false)
      list(.poll)
    default: retry(failure, then: .check)
    }
  }

  private mutating func watchRefused(_ failure: ScopeError) {
    guard settings.allowsPolling else {
      setHealth(.watch, .unhealthy, .permission, connected: true)
      finish(.noPermission, failure.message)
      return
    }
    actions.append(.warn("\(failure.message); polling instead"))
    server.refuseWatch()
    setHealth(.polling, .degraded, .permission, connected: true)
    wait(max(.zero, lastListAt + settings.pollInterval - now), then: .list(.poll))
  }

  mutating func checkFailed(_ failure: ScopeError) {
    switch failure.kind {
    case .http where failure.isTooLarge: tooLarge(failure)
    case .http(403), .http(405), .http(400): watch()
    default: watchFailed(failure)
    }
  }

  /// The server's cache is older than our resourceVersion.
  private mutating func tooLarge(_ failure: ScopeError) {
    guard !failures.noteTooLarge() else { return gone(failure) }
    setHealth(mode, .degraded, .error, connected: true)
    server.doubt()
    wait(failure.retryAfter ?? .seconds(1), then: .check)
  }

  /// The changes between our resourceVersion and now are no longer available.
  mutating func gone(_ failure: ScopeError) {
    counts.errors += 1
    counts.resyncs += 1
    server.doubt()
    setHealth(mode, .degraded, .gone, connected: true)
    actions.append(.report(health))
    if settings.onGone != .relist { actions.append(.pass(failure)) }
    guard settings.onGone != .exit else {
      finish(.gone, failure.message)
      return
    }
    cancelVerification()
    if let delay = failures.noteGone(at: now, random: random()) {
      wait(delay, then: .list(.resync))
    } else {
      list(.resync)
    }
  }
}
