// SPDX-License-Identifier: Apache-2.0
import Events
import JSON
import Process

/// List, then watch, and keep watching: the protocol of one (cluster, resource, namespace), without any I/O.
///
/// Bytes go to `listItem` and `watchEvent`, which answer at once what to print; everything else comes as a `ScopeEvent`
/// and is answered with actions. Time is a parameter (monotonic, from any origin), chance a closure in 0..<1.
/// resourceVersions are opaque: they are handed back to the server, and compared for equality only.
/// There is one machine for each scope, and it is large: nothing copies it. Only this file changes its state.
struct ScopeMachine: ~Copyable {
  private typealias Purpose = ScopeState.Purpose
  private typealias Transfer = ScopeState.Transfer

  let settings: ScopeSettings
  /// The scope, for messages.
  var title = ""
  private let random: () -> Double

  private(set) var state = ScopeState.idle
  private(set) var health = ScopeHealth()
  private(set) var known = KnownObjects()
  /// Where the next watch continues.
  private(set) var resourceVersion = ""
  /// The first list has been printed whole.
  private(set) var isSynced = false
  /// For STATUS and metrics.
  private(set) var counts = (reconnects: 0, resyncs: 0, errors: 0)
  private var verification: Verification?
  private var lastListAt = Duration.zero
  private var server: ServerBehaviour
  private var failures: FailureRecord
  private var lastTransfer = 0
  /// The time of the current step.
  private var now = Duration.zero
  private var actions: [ScopeAction] = []

  init(settings: ScopeSettings, random: @escaping () -> Double) {
    self.settings = settings
    self.random = random
    server = ServerBehaviour(settings)
    failures = FailureRecord(settings)
  }

  /// Continues from a state file, instead of a first list.
  mutating func restore(resourceVersion: String, objects: [Identity]) {
    self.resourceVersion = resourceVersion
    for identity in objects { known.restore(identity) }
  }

  /// The resource has moved to another version: all objects will be printed again, in their new form.
  mutating func forgetVersions() { known.forgetVersions() }

  /// Ends without an action: the caller has reported why.
  mutating func abandon() {
    verification = nil
    state = .finished
  }
}

// MARK: - Events

extension ScopeMachine {
  mutating func event(_ event: ScopeEvent, at time: Duration) -> [ScopeAction] {
    acting(at: time) { $0.handle(event) }
  }

  /// The watch delivers.
  mutating func prove(at time: Duration) -> [ScopeAction] { acting(at: time) { $0.prove() } }

  /// Runs a step; a change of health is its last action.
  private mutating func acting(at time: Duration, _ step: (inout ScopeMachine) -> Void) -> [ScopeAction] {
    now = time
    actions = []
    let before = health
    step(&self)
    if health != before { actions.append(.report(health)) }
    return actions
  }

  private mutating func handle(_ event: ScopeEvent) {
    guard state != .finished else { return }
    let transfer = state.transfer?.id
    switch event {
    case .start: if state == .idle { start() }
    case .opened(let id): if id == transfer { opened() }
    case .page(let id, let meta):
      if id == verification?.transfer { return verified(meta) }
      if id == transfer { page(meta) }
    case .bookmark(let id, let version, let ends):
      guard id == transfer else { return }
      activity(id, at: now)
      bookmark(version, endsInitialEvents: ends)
    case .failed(let id, let failure):
      if id == verification?.transfer { return verificationFailed(failure) }
      if id == transfer { failed(failure) }
    case .ended(let id): if id == transfer { ended() }
    case .timer: timer()
    case .peerDied:
      guard isWatchOpen else { return }
      let patience = Heartbeat.patience.components.seconds
      giveUp(.transport, "the connection is dead: it was silent, and no answer came in \(patience) s")
    case .relist:
      cancel()
      counts.resyncs += 1
      list(isSynced ? .resync : .initial)
    }
  }

  private mutating func start() {
    guard !resourceVersion.isEmpty, !settings.isSnapshot else {
      return list(resourceVersion.isEmpty ? .initial : .resync)
    }
    isSynced = true
    actions.append(.synced)
    check()
  }

  private mutating func opened() {
    let time = now
    state.change { transfer in (transfer.openedAt, transfer.lastActivity) = (time, time) }
    switch state {
    case .watching where !server.isProven:
      setHealth(server.isPolling ? .polling : .watch, .degraded, .awaiting, connected: true)
    case .listing, .streaming:
      setHealth(mode, .degraded, health.reason == .resync ? .resync : .awaiting, connected: true)
    default: break
    }
  }

  /// Bytes of the exchange have arrived.
  mutating func activity(_ id: TransferID, at time: Duration) {
    if id == state.transfer?.id { state.change { $0.lastActivity = time } }
    if id == verification?.transfer { verification?.activity(at: time) }
  }

  /// The reader of stdout was slow for this long: the server was not silent.
  mutating func excuse(_ pause: Duration, at time: Duration) {
    verification?.activity(at: time)
    state.change { transfer in
      transfer.lastActivity = time
      if let opened = transfer.openedAt {
        transfer.openedAt = opened + pause
      } else {
        transfer.sentAt += pause
      }
    }
  }

  /// The next time at which `timer` has something to do.
  var deadline: Duration? {
    var waitsUntil: Duration?
    if case .waiting(let until, _) = state { waitsUntil = until }
    return [waitsUntil, state.silenceDeadline(settings, server), verificationDeadline].compactMap(\.self)
      .min()
  }

  private mutating func timer() {
    if case .waiting(let until, let next) = state, until <= now {
      switch next {
      case .list(let purpose): list(purpose)
      case .check: check()
      case .watch: watch()
      }
    }
    if let at = state.silenceDeadline(settings, server), at <= now, let transfer = state.transfer {
      let patience = settings.answerTimeout.components.seconds
      giveUp(.silence, transfer.openedAt == nil ? "no answer in \(patience) s" : "the stream went silent")
    }
    if let at = verificationDeadline, at <= now { verificationTimer() }
  }

  /// Cancels the exchange under way, as a failure.
  private mutating func giveUp(_ kind: ScopeError.Kind, _ message: String) {
    guard let transfer = state.transfer else { return }
    actions.append(.cancel(transfer.id))
    failed(ScopeError(kind: kind, message: "\(title): \(message)"))
  }
}

// MARK: - Requests

extension ScopeMachine {
  private mutating func list(_ purpose: ScopeState.Purpose) {
    // A verification marks objects, too, and would sweep by the marks of this list.
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
    state = .streaming(ScopeState.Watch(transfer: transfer, timeoutSeconds: timeout), purpose)
  }

  private mutating func listPaged(_ purpose: ScopeState.Purpose, isUnpaged: Bool = false) {
    // An unfinished list has marked objects that may have been deleted since.
    known.beginRound()
    let limit = purpose == .initial ? settings.firstPageLimit : settings.pageLimit
    let transfer = send(.list(resourceVersion: "", continuation: "", limit: isUnpaged ? nil : limit))
    state = .listing(ScopeState.Listing(transfer: transfer, purpose: purpose, isUnpaged: isUnpaged))
  }

  /// No streaming list here, or no right to watch: a plain list instead, now and later.
  private mutating func withoutStreaming(_ purpose: ScopeState.Purpose, _ reason: String) {
    actions.append(.debug("no streaming list: \(reason)"))
    server.supportsStreamingList = false
    listPaged(purpose)
  }

  /// Asks whether the server has reached our resourceVersion, then watches: a watch from one that is still to come
  /// (an etcd restored from a backup, a replica that lags) answers 200 and is silent.
  private mutating func check() {
    // Without a resourceVersion a watch would begin with all objects, and hide those that are gone.
    guard !resourceVersion.isEmpty else { return list(.resync) }
    state = .checking(send(.probe(resourceVersion: resourceVersion)))
  }

  private mutating func watch() {
    guard !resourceVersion.isEmpty else { return list(.resync) }
    // Until it has proven itself a watch is short: its clean end is proof, and without one, lists continue.
    let isTrial = !server.isProven && settings.allowsPolling
    let timeout = isTrial ? max(1, Int(settings.pollInterval.components.seconds)) : jitteredTimeout()
    let transfer = send(
      .watch(resourceVersion: resourceVersion, initialEvents: false, timeoutSeconds: timeout))
    state = .watching(ScopeState.Watch(transfer: transfer, timeoutSeconds: timeout))
  }

  private func jitteredTimeout() -> Int {
    max(1, Int((settings.watchTimeout * (0.8 + 0.4 * random())).components.seconds))
  }

  /// Sends a request; the caller puts the transfer into the state that waits for its answer.
  private mutating func send(_ request: ScopeRequest, fresh: Bool? = nil) -> ScopeState.Transfer {
    lastTransfer += 1
    actions.append(.send(lastTransfer, request, fresh: fresh ?? failures.takeFreshConnection()))
    return Transfer(id: lastTransfer, sentAt: now, lastActivity: now)
  }

  /// Cancels the exchanges under way.
  private mutating func cancel() {
    if let transfer = state.transfer { actions.append(.cancel(transfer.id)) }
    cancelVerification()
  }

  private mutating func finish(_ status: ExitStatus, _ message: String) {
    cancel()
    state = .finished
    actions.append(.finish(status, message))
  }

  private mutating func wait(_ delay: Duration, then next: ScopeState.Next) {
    state = .waiting(until: now + delay, next)
  }

  private mutating func setHealth(
    _ mode: StreamStatus.Mode, _ level: StreamStatus.Health, _ reason: StreamStatus.Reason = .none,
    connected: Bool, delivering: Bool = false
  ) {
    health = ScopeHealth(
      mode: mode, level: level, reason: reason, isConnected: connected, isDelivering: delivering,
      isPolling: server.isPolling)
  }
}

// MARK: - Lists

extension ScopeMachine {
  /// An item of a list: printed only if it is news.
  mutating func listItem(
    _ id: TransferID, _ text: Span<UInt8>, _ header: ObjectHeader, at time: Duration
  ) -> Disposition {
    if id == verification?.transfer {
      return verification?.item(text, header, &known, at: time) ?? .drop
    }
    guard case .listing(var listing) = state, id == listing.transfer.id else { return .drop }
    listing.transfer.lastActivity = time
    listing.items += 1
    state = .listing(listing)
    return listed(text, header, listing.purpose)
  }

  private mutating func listed(
    _ text: Span<UInt8>, _ header: ObjectHeader, _ purpose: ScopeState.Purpose
  ) -> Disposition {
    let outcome = known.upsert(text, header)
    return purpose == .initial && settings.skipsInitial ? .drop : Disposition(outcome, changed: .modified)
  }

  private mutating func page(_ meta: ListMeta) {
    switch state {
    case .checking:
      failures.clearTooLarge()
      watch()
    case .listing(var listing):
      // All pages have one resourceVersion. If they do not, the first one misses nothing.
      if listing.version.isEmpty { listing.version = meta.resourceVersion }
      guard !meta.continuation.isEmpty else { return finishList(listing) }
      // A new token with the same objects would not end either. A page without objects is legal.
      let isRepeated = listing.items > 0 && known.seenInRound == listing.objectsBefore
      guard listing.continuations.insert(meta.continuation).inserted, !isRepeated else {
        let message = "list \(title): the server gives the same page again and again"
        return failed(ScopeError(kind: .garbage, message: message))
      }
      (listing.items, listing.objectsBefore) = (0, known.seenInRound)
      listing.transfer = send(
        .list(resourceVersion: "", continuation: meta.continuation, limit: settings.pageLimit))
      state = .listing(listing)
    default: break
    }
  }

  /// The list is complete. An object that was printed before and is not in the list has been deleted.
  private mutating func listIsWhole(_ purpose: ScopeState.Purpose, _ version: String) {
    let gone = known.sweep()
    // A skipped object was never printed.
    if !gone.isEmpty, !(purpose == .initial && settings.skipsInitial) { actions.append(.delete(gone)) }
    resourceVersion = version
    lastListAt = now
    failures.listWorked()
    guard !isSynced else { return }
    isSynced = true
    actions.append(.synced)
  }

  private mutating func finishList(_ listing: ScopeState.Listing) {
    listIsWhole(listing.purpose, listing.version)
    guard !settings.isSnapshot else {
      setHealth(.snapshot, .healthy, connected: true, delivering: true)
      state = .finished
      actions.append(.finish(.ok, ""))
      return
    }
    // Without a resourceVersion there is nothing to watch from.
    if listing.version.isEmpty, !server.isWatchRefused {
      actions.append(.warn("\(title): the list has no resourceVersion to watch from; polling instead"))
      server.refuseWatch()
    }
    guard server.isWatchRefused else { return watch() }
    failures.pollWorked()
    setHealth(.polling, .degraded, health.reason == .permission ? .permission : .error, connected: true)
    if server.isTimeToTryWatch(), settings.canWatch, !listing.version.isEmpty {
      watch()
    } else {
      wait(settings.pollInterval, then: .list(.poll))
    }
  }
}

// MARK: - Watches

extension ScopeMachine {
  /// An ADDED, MODIFIED or DELETED of a watch, or of a streaming list's first part.
  mutating func watchEvent(
    _ id: TransferID, _ type: EventType, _ text: Span<UInt8>, _ header: ObjectHeader, at time: Duration
  ) -> Disposition {
    guard id == state.transfer?.id else { return .drop }
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
        let outcome = known.upsert(text, header, touching: verification?.transfer != nil)
        return outcome == .new ? .emit(type) : Disposition(outcome, changed: type)
      }
      verification?.deleted(text, header)
      // Printed before, by a list's difference: not twice.
      return known.remove(text, header) ? .emit(.deleted) : .drop
    default: return .drop
    }
  }

  private mutating func bookmark(_ version: String, endsInitialEvents: Bool) {
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

  private mutating func prove() {
    server.prove()
    failures.watchWorked()
    setHealth(.watch, .healthy, connected: true, delivering: true)
    scheduleVerification()
  }

  /// The stream ended cleanly: its time-out, the server's shutdown, or a reader that was too slow.
  private mutating func ended() {
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
      let failure = ScopeError(kind: .silence, message: "\(title): the watch ended before anything came")
      return retry(failure, then: .check, reason: .awaiting)
    }
    prove()
    // A planned end is not an event: continue at once. After silence, ask first whether it was the silence of a
    // resourceVersion that this server does not know yet.
    guard watch.sawEvent else { return check() }
    // A server that ends each watch after its first event is asked once a second (client-go's RetryWatcher).
    if lived < .seconds(1) { wait(.seconds(1) - lived, then: .watch) } else { self.watch() }
  }
}

// MARK: - Failures

extension ScopeMachine {
  private mutating func failed(_ failure: ScopeError) {
    if failure.kind == .http(401) {
      // Tokens expire, some without notice: each refusal fetches new ones, and after the first the request is repeated at
      // once.
      actions.append(.refreshCredentials)
      if failures.noteRefusedCredentials() { return again() }
    }
    switch FailureResponse(
      failure, in: state, isProven: server.isProven, allowsPolling: settings.allowsPolling)
    {
    case .retry(let next, let reason):
      if case .stream = failure.kind { actions.append(.pass(failure)) }
      retry(failure, then: next, reason: reason)
    case .refuse(let reason, let status, let next):
      guard !isSynced else { return retry(failure, then: next, reason: reason) }
      setHealth(mode, .unhealthy, reason, connected: failure.code != nil)
      finish(status, failure.message)
    case .listInOnePiece(let purpose): listPaged(purpose, isUnpaged: true)
    case .listWithoutStreaming(let purpose):
      if failure.kind == .silence { failures.distrustConnection() }
      withoutStreaming(purpose, failure.message)
    case .watch: watch()
    case .pollInstead:
      server.isPolling = true
      failures.distrustConnection()
      setHealth(.polling, .degraded, .awaiting, connected: false)
      list(.poll)
    case .watchRefused: watchRefused(failure)
    case .missing: missing(failure)
    case .tooLarge:
      guard !failures.noteTooLarge() else { return gone(failure) }
      setHealth(mode, .degraded, .error, connected: true)
      server.doubt()
      wait(failure.retryAfter ?? .seconds(1), then: .check)
    case .gone: gone(failure)
    case .none: break
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

  private mutating func watchRefused(_ failure: ScopeError) {
    guard settings.allowsPolling else {
      setHealth(.watch, .unhealthy, .permission, connected: true)
      return finish(.noPermission, failure.message)
    }
    actions.append(.warn("\(failure.message); polling instead"))
    server.refuseWatch()
    setHealth(.polling, .degraded, .permission, connected: true)
    wait(max(.zero, lastListAt + settings.pollInterval - now), then: .list(.poll))
  }

  private mutating func missing(_ failure: ScopeError) {
    guard isSynced else {
      setHealth(mode, .unhealthy, .noScope, connected: true)
      return finish(.noInput, failure.message)
    }
    actions.append(.rediscover)
    if now - failures.noteNotFound(at: now) >= settings.notFoundGrace {
      known.beginRound()
      let gone = known.sweep()
      if !gone.isEmpty { actions.append(.delete(gone)) }
    }
    retry(failure, then: .list(.resync), reason: .noScope)
  }

  /// The changes between our resourceVersion and now are no longer available.
  private mutating func gone(_ failure: ScopeError) {
    counts.errors += 1
    counts.resyncs += 1
    server.doubt()
    setHealth(mode, .degraded, .gone, connected: true)
    actions.append(.report(health))
    if settings.onGone != .relist { actions.append(.pass(failure)) }
    guard settings.onGone != .exit else { return finish(.gone, failure.message) }
    cancelVerification()
    if let (delay, isWorthWarning) = failures.noteGone(at: now, random: random()) {
      let text = "\(failure.message), again and again; listing again in \(delay.milliseconds) ms"
      actions.append(isWorthWarning ? .warn(text) : .debug(text))
      wait(delay, then: .list(.resync))
    } else {
      list(.resync)
    }
  }

  /// Waits, then continues: with `next`, or with a list if the watch has been broken for too long.
  private mutating func retry(
    _ failure: ScopeError, then next: ScopeState.Next, reason: StreamStatus.Reason? = nil
  ) {
    failures.note(failure, at: now)
    counts.errors += 1
    counts.reconnects += 1
    server.doubt()
    cancelVerification()
    let reason = reason ?? failure.reason
    if let limit = settings.retryLimit, failures.count > limit {
      setHealth(mode, .unhealthy, reason, connected: false)
      return finish(reason == .permission || reason == .auth ? .noPermission : .unavailable, failure.message)
    }
    let mayPoll = isSynced && settings.allowsPolling && !settings.isSnapshot
    let (delay, isBroken) = failures.nextDelay(failure, settings, mayPoll: mayPoll, at: now, random: random())
    if isBroken { server.isPolling = true }
    let isLasting = failures.isLasting(settings, at: now) || !isSynced && failures.count > 3
    setHealth(mode, isLasting ? .unhealthy : .degraded, reason, connected: failure.code != nil)
    let text = "\(failure.message); trying again in \(delay.milliseconds) ms"
    actions.append(failures.isWorthWarning(at: now) ? .warn(text) : .debug(text))
    wait(delay, then: isBroken ? .list(.poll) : next)
  }
}

// MARK: - Verification

extension ScopeMachine {
  private var verificationDeadline: Duration? { verification?.deadline(patience: settings.answerTimeout) }

  private mutating func scheduleVerification() {
    guard let interval = settings.verifyInterval, verification == nil else { return }
    verification = Verification(dueAt: now + interval)
  }

  private mutating func cancelVerification() {
    if let id = verification?.transfer { actions.append(.cancel(id)) }
    verification = nil
  }

  private mutating func verificationTimer() {
    guard verification?.transfer == nil else {
      return verificationFailed(ScopeError(kind: .silence, message: "\(title): no answer"))
    }
    guard case .watching = state, server.isProven, !resourceVersion.isEmpty else {
      verification = nil
      return
    }
    known.beginRound()
    let first = ScopeRequest.list(
      resourceVersion: resourceVersion, continuation: "", limit: settings.pageLimit)
    let id = send(first, fresh: false).id
    verification?.asked(id, at: now)
  }

  private mutating func verified(_ meta: ListMeta) {
    guard meta.continuation.isEmpty else {
      let next = ScopeRequest.list(
        resourceVersion: "", continuation: meta.continuation, limit: settings.pageLimit)
      let id = send(next, fresh: false).id
      verification?.asked(id, at: now)
      return
    }
    let (gone, differences) = verification?.finished(&known) ?? ([], 0)
    verification = nil
    if !gone.isEmpty { actions.append(.delete(gone)) }
    if differences > 0 {
      counts.errors += 1
      actions.append(.warn("\(title): the watch had missed \(differences) changes; they are repaired"))
      setHealth(.watch, .degraded, .drift, connected: true)
      actions.append(.report(health))
      setHealth(.watch, .healthy, connected: true, delivering: true)
      actions.append(.report(health))
    }
    scheduleVerification()
  }

  /// If that version is no longer available (410), the present state is compared instead.
  private mutating func verificationFailed(_ failure: ScopeError) {
    cancelVerification()
    guard failure.kind == .http(410) else {
      actions.append(.debug("verify: \(failure.message)"))
      return scheduleVerification()
    }
    cancel()
    counts.resyncs += 1
    list(.resync)
  }
}

// MARK: - Questions

extension ScopeMachine {
  /// Whether `resourceVersion` and `known` belong together, so that a state file may keep them.
  var isConsistent: Bool {
    guard isSynced, !resourceVersion.isEmpty else { return false }
    switch state {
    case .watching, .checking, .finished, .waiting: return true
    case .idle, .listing, .streaming: return false
    }
  }

  /// Whether a stream is open, whose silence means either that nothing changes or that the peer is dead.
  var isWatchOpen: Bool {
    switch state {
    case .watching(let watch), .streaming(let watch, _): watch.transfer.openedAt != nil
    case .idle, .listing, .checking, .waiting, .finished: false
    }
  }

  /// Whether the results of the exchange are still needed.
  func wants(_ id: TransferID) -> Bool { id == state.transfer?.id || id == verification?.transfer }

  /// Whether the next event of this watch proves it. Cheap enough for every event.
  var needsProof: Bool {
    guard !server.isProven, case .watching = state else { return false }
    return true
  }

  private var mode: StreamStatus.Mode {
    if settings.isSnapshot { return .snapshot }
    if server.isPolling { return .polling }
    return isSynced ? .watch : .snapshot
  }
}
