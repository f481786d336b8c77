import Events
// SPDX-License-Identifier: Apache-2.0
import JSON
import Process

extension ScopeMachine {
  // MARK: - Starting

  /// Asks whether the server has reached our resourceVersion, then watches: a watch from one that is still to come
  /// (an etcd restored from a backup, a replica that lags) answers 200 and is silent.
  mutating func check() {
    phase = .checking
    send(.probe(resourceVersion: resourceVersion))
  }

  mutating func watch() {
    phase = .watching
    // Until it has proven itself a watch is short: its clean end is proof, and where none comes, lists go on.
    let isTrial = !isProven && settings.allowsPolling
    timeoutSeconds = isTrial ? max(1, Int(settings.pollInterval.components.seconds)) : jitteredTimeout()
    send(.watch(resourceVersion: resourceVersion, initialEvents: false, timeoutSeconds: timeoutSeconds))
  }

  mutating func jitteredTimeout() -> Int {
    max(1, Int((settings.watchTimeout * (0.8 + 0.4 * random())).components.seconds))
  }

  mutating func opened() {
    switch phase {
    case .watching where !isProven:
      setHealth(isPolling ? .polling : .watch, .degraded, .awaiting, connected: true)
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
    guard id == transfer else { return .drop }
    lastActivity = time
    sawEvent = true
    if case .streaming(let purpose) = phase {
      guard type == .deleted else { return listItem(id, text, header, at: time) }
      let wasKnown = known.remove(text, header)
      return wasKnown && !(purpose == .initial && settings.skipsInitial) ? .emit(.deleted) : .drop
    }
    guard phase == .watching else { return .drop }
    if !header.resourceVersion.isEmpty {
      resourceVersion = text.text(header.resourceVersion)
    }
    if type == .deleted {
      verification?.noteDeleted(text, header)
      // Told before, by a list's difference: not twice.
      return known.remove(text, header) ? .emit(.deleted) : .drop
    }
    let outcome = known.upsert(text, header, touching: verification != nil)
    return outcome == .new ? .emit(type) : Self.disposition(of: outcome, changed: type)
  }

  /// Whether the first event of this watch is still to be told to the machine as proof; cheap, for every event.
  var needsProof: Bool { !isProven && phase == .watching }

  /// The watch delivers.
  mutating func prove(at time: Duration) -> [ScopeAction] {
    now = time
    actions = []
    let before = health
    prove()
    if health != before { actions.append(.report(health)) }
    return actions
  }

  mutating func prove() {
    isProven = true
    isPolling = false
    isWatchRefused = false
    pollsSinceRefusal = 0
    failures = 0
    backoff.reset()
    brokenSince = nil
    notFoundSince = nil
    hasRefreshed = false
    goneCount = 0
    setHealth(.watch, .healthy, connected: true, delivering: true)
    scheduleVerification()
  }

  mutating func bookmark(_ version: String, endsInitialEvents: Bool) {
    lastActivity = now
    if case .streaming(let purpose) = phase {
      // Initial events are in no order of resourceVersion: the place to go on from is the marker's.
      guard endsInitialEvents else { return }
      phase = .watching
      finishStreaming(purpose, version)
      return
    }
    guard phase == .watching else { return }
    sawEvent = true
    // Every server sends one just before a time-out; only newer ones (not 1.20) send one a minute.
    if let openedAt, !endsInitialEvents, now < openedAt + .seconds(timeoutSeconds - 15) {
      seesBookmarks = true
    }
    if !version.isEmpty { resourceVersion = version }
    prove()
  }

  private mutating func finishStreaming(_ purpose: Purpose, _ version: String) {
    listIsWhole(purpose, version)
    sawEvent = true
    prove()
  }

  // MARK: - Ends

  /// The stream ended cleanly: its time-out, the server's shutdown, or a reader that was too slow.
  mutating func ended() {
    transfer = nil
    if case .streaming(let purpose) = phase {
      supportsStreamingList = false
      actions.append(.debug("no end of initial events came: listing instead"))
      listPaged(purpose)
      return
    }
    guard phase == .watching, let openedAt else { return }
    let lived = now - openedAt
    if !sawEvent, lived < .seconds(1) {
      retry(
        ScopeFailure(kind: .transport, message: "the watch ended at once"), then: .check, reason: .disconnect)
      return
    }
    reconnects += 1
    if isProven || lived >= .seconds(max(1, timeoutSeconds - 1)) {
      let wasSilent = !sawEvent
      prove()
      // A planned end is no event: go on at once. After silence, ask first whether it was the silence of a
      // resourceVersion that this server does not know yet.
      if wasSilent { check() } else { watch() }
    } else {
      retry(
        ScopeFailure(kind: .silence, message: "the watch ended before anything came"), then: .check,
        reason: .awaiting)
    }
  }

  mutating func watchFailed(_ failure: ScopeFailure) {
    switch failure.kind {
    case .http(410), .stream(410):
      gone(failure)
    case .http(403), .http(405):
      guard settings.allowsPolling else {
        setHealth(.watch, .unhealthy, .permission, connected: true)
        finish(.noPermission, failure.message)
        return
      }
      actions.append(.warn("\(failure.message); polling instead"))
      isWatchRefused = true
      isPolling = true
      isProven = false
      setHealth(.polling, .degraded, .permission, connected: true)
      wait(max(.zero, lastListAt + settings.pollInterval - now), then: .list(.poll))
    case .http(404):
      notFound(failure)
    case .http(401):
      retry(failure, then: .check, reason: .auth)
    case .http, .stream:
      if failure.isTooLarge { return tooLarge(failure) }
      if case .stream = failure.kind { actions.append(.pass(failure)) }
      retry(failure, then: .check)
    case .silence where !isProven && settings.allowsPolling:
      // It accepted and said nothing: lists go on while it is tried again.
      isPolling = true
      needsFreshConnection = true
      setHealth(.polling, .degraded, .awaiting, connected: false)
      list(.poll)
    default:
      retry(failure, then: .check)
    }
  }

  mutating func checkFailed(_ failure: ScopeFailure) {
    switch failure.kind {
    case .http where failure.isTooLarge: tooLarge(failure)
    case .http(403), .http(405), .http(400): watch()
    default: watchFailed(failure)
    }
  }

  /// The server is behind our resourceVersion. A replica catches up in a moment; a restored etcd never does.
  private mutating func tooLarge(_ failure: ScopeFailure) {
    tooLargeCount += 1
    guard tooLargeCount < 5 else {
      tooLargeCount = 0
      gone(failure)
      return
    }
    setHealth(mode, .degraded, .error, connected: true)
    isProven = false
    wait(failure.retryAfter ?? .seconds(1), then: .check)
  }

  /// What happened between our resourceVersion and now can no longer be had.
  mutating func gone(_ failure: ScopeFailure) {
    errors += 1
    resyncs += 1
    isProven = false
    setHealth(mode, .degraded, .gone, connected: true)
    actions.append(.report(health))
    if settings.onGone != .relist { actions.append(.pass(failure)) }
    guard settings.onGone != .exit else {
      finish(.gone, failure.message)
      return
    }
    // A server that expires everything at once must not be listed in a loop.
    if let lastGoneAt, now - lastGoneAt < .seconds(10) { goneCount += 1 } else { goneCount = 0 }
    lastGoneAt = now
    cancelVerification()
    if goneCount == 0 { list(.resync) } else { wait(backoff.next(random: random()), then: .list(.resync)) }
  }
}
