// SPDX-License-Identifier: Apache-2.0
import Events
import JSON
import Process

/// List, then watch, and keep watching: the protocol of one (cluster, resource, namespace), without any I/O.
///
/// `ScopeState` is the current activity of the scope, and each function here is a transition between its
/// cases. The rules about the data are in the types that own it: `Picture` (what was printed), `Listing` and
/// `Watch` (the exchanges), `Verification`, and `Recovery` (what follows a failure).
///
/// Bytes go to `listItem` and `watchEvent`, which answer at once what to print; everything else comes as a `ScopeEvent`
/// and is answered with actions. Time is a parameter (monotonic, from any origin), chance a closure in 0..<1.
struct ScopeMachine: ~Copyable {
  /// The scope, for messages.
  var title = ""
  private(set) var state = ScopeState.idle
  private(set) var picture: Picture
  private(set) var health = ScopeHealth()
  private let settings: ScopeSettings
  private let random: () -> Double
  private var verification: Verification
  private var recovery: Recovery
  /// The time of the event that is handled, and the actions so far.
  private var now = Duration.zero
  private var actions = Outbox()
  /// Whether the silence of the first list has been reported.
  private var hasReportedSilence = false

  init(settings: ScopeSettings, random: @escaping () -> Double) {
    self.settings = settings
    self.random = random
    picture = Picture(skipsInitial: settings.skipsInitial)
    verification = Verification(settings)
    recovery = Recovery(settings)
  }

  /// Continues from a state file, instead of a first list.
  mutating func restore(resourceVersion: String, objects: [Identity]) {
    picture.restore(resourceVersion, objects)
  }

  /// The resource has moved to another version: all objects will be printed again, in their new form.
  mutating func forgetVersions() { picture.known.forgetVersions() }

  /// Ends without an action: the caller has reported why.
  mutating func abandon() {
    verification.stop(&actions)
    state = .finished
  }

  var counts: (reconnects: Int, resyncs: Int, errors: Int) { recovery.counts }

  /// Whether the picture is complete, so that it may be stored in a state file.
  var isConsistent: Bool {
    picture.isSynced && !picture.resourceVersion.isEmpty && state != .idle && !state.isInList
  }

  /// Whether the results of the exchange are still needed.
  func wants(_ id: TransferID) -> Bool { id == state.transfer?.id || id == verification.transfer }

  /// Whether the next event proves that this watch delivers, so that `delivered` must be called.
  var needsProof: Bool {
    guard !recovery.server.isProven, case .watching = state else { return false }
    return true
  }

  /// The next time at which `timer` must be called.
  var deadline: Duration? {
    [state.waitDeadline, silenceDeadline, firstListDeadline, verification.deadline].compactMap(\.self).min()
  }

  /// The time at which the exchange under way is cancelled if it stays silent.
  private var silenceDeadline: Duration? { state.silenceDeadline(settings, recovery.server) }

  /// The time at which to report that the first list is silent.
  private var firstListDeadline: Duration? {
    guard !hasReportedSilence, !picture.isSynced, state.isInList else { return nil }
    return state.transfer.map { $0.lastActivity + settings.listPatience }
  }
}

// MARK: - Events

extension ScopeMachine {
  /// A change of health is the last action.
  mutating func event(_ event: ScopeEvent, at time: Duration) -> [ScopeAction] {
    now = time
    let before = health
    handle(event)
    if health != before { actions.append(.report(health)) }
    return actions.take()
  }

  private mutating func handle(_ event: ScopeEvent) {
    guard state != .finished else { return }
    let transfer = state.transfer?.id
    switch event {
    case .start: if state == .idle { start() }
    case .opened(let id): if id == transfer { opened() }
    case .page(let id, let meta) where id == verification.transfer: verified(meta)
    case .page(let id, let meta): if id == transfer { page(meta) }
    case .bookmark(let id, let version, let ends): if id == transfer { bookmark(version, endsList: ends) }
    case .failed(let id, let failure) where id == verification.transfer: verificationFailed(failure)
    case .failed(let id, let failure): if id == transfer { failed(failure) }
    case .delivered: prove()
    case .ended(let id): if id == transfer { ended() }
    case .timer: timer()
    case .peerDied: if state.isWatchOpen { giveUp(.transport, Heartbeat.verdict) }
    case .relist:
      cancel()
      recovery.counts.resyncs += 1
      list(picture.isSynced ? .resync : .initial)
    }
  }

  private mutating func start() {
    if picture.resourceVersion.isEmpty { return list(.initial) }
    if settings.isSnapshot { return list(.resync) }
    picture.resume()
    actions.append(.synced)
    check()
  }

  private mutating func opened() {
    let time = now
    state.change { $0.open(at: time) }
    switch state {
    case .watching where !recovery.server.isProven: setHealth(.degraded, .awaiting)
    case .listing, .streaming: setHealth(.degraded, health.reason == .resync ? .resync : .awaiting)
    default: break
    }
  }

  /// Bytes of the exchange have arrived.
  mutating func activity(_ id: TransferID, at time: Duration) {
    if id == state.transfer?.id { state.change { $0.lastActivity = time } }
    verification.activity(of: id, at: time)
  }

  /// The request waits for credentials, and has not been sent.
  mutating func postpone(_ id: TransferID, to time: Duration) {
    if id == state.transfer?.id { state.change { $0.postpone(to: time) } }
    verification.activity(of: id, at: time)
  }

  /// The reader of stdout was slow for this long: the server was not silent.
  mutating func excuse(_ pause: Duration, at time: Duration) {
    verification.activity(at: time)
    state.change { $0.excuse(pause, at: time) }
  }

  private mutating func timer() {
    if case .waiting(let until, let next, _) = state, until <= now { go(next) }
    if let text = state.longWaitReport(at: now) { actions.append(.warn(text)) }
    if let at = silenceDeadline, at <= now, let transfer = state.transfer {
      let patience = settings.answerTimeout.components.seconds
      giveUp(.silence, transfer.openedAt == nil ? "no response in \(patience) s" : "the stream went silent")
    }
    if let at = firstListDeadline, at <= now {
      hasReportedSilence = true
      let patience = settings.listPatience.components.seconds
      actions.append(
        .warn("nothing has arrived for \(patience) s; still waiting for the first list of \(title)"))
    }
    if let at = verification.deadline, at <= now { verify() }
  }

  /// Cancels the exchange under way, as a failure.
  private mutating func giveUp(_ kind: ScopeError.Kind, _ message: String) {
    actions.cancel(state.transfer?.id)
    failed(fault(kind, message))
  }

  private func fault(_ kind: ScopeError.Kind, _ message: String) -> ScopeError {
    ScopeError(kind: kind, message: "\(title): \(message)")
  }

  // MARK: - Requests

  private mutating func go(_ next: ScopeState.Next) {
    switch next {
    case .list(let purpose): list(purpose)
    case .check: check()
    case .watch: watch()
    }
  }

  /// `form` replaces the form that fits the server.
  private mutating func list(_ purpose: ScopeState.Purpose, as form: ListForm? = nil) {
    if purpose == .resync {
      recovery.server.doubt()
      setHealth(.degraded, .resync, connected: health.isConnected)
    }
    // A verification and an unfinished list have marked objects that may have been deleted since.
    verification.stop(&actions)
    picture.known.beginRound()
    let form = form ?? recovery.server.listForm(purpose, settings)
    begin(settings.list(purpose, form, picture.version(for: purpose), random: random()), purpose)
  }

  /// Asks whether the server has reached our resourceVersion, then watches: a watch from one that is still to come
  /// (an etcd restored from a backup, a replica that lags) answers 200 and is silent.
  private mutating func check() {
    // Without a resourceVersion a watch would begin with all objects, and hide those that are gone.
    guard !picture.resourceVersion.isEmpty else { return list(.resync) }
    begin(.probe(resourceVersion: picture.resourceVersion))
  }

  private mutating func watch() {
    guard !picture.resourceVersion.isEmpty else { return list(.resync) }
    let seconds = settings.watchSeconds(isTrial: !recovery.server.isProven, random: random())
    begin(.watch(resourceVersion: picture.resourceVersion, timeoutSeconds: seconds))
  }

  private mutating func begin(_ request: ScopeRequest, _ purpose: ScopeState.Purpose = .initial) {
    state = ScopeState(request, send(request), purpose)
  }

  private mutating func send(_ request: ScopeRequest) -> Transfer {
    actions.send(request, fresh: recovery.failures.takeFreshConnection(), at: now)
  }

  /// Cancels the exchanges under way.
  private mutating func cancel() {
    actions.cancel(state.transfer?.id)
    verification.stop(&actions)
  }

  private mutating func finish(_ status: ExitStatus, _ message: String) {
    cancel()
    state = .finished
    actions.append(.finish(status, message))
  }

  private mutating func wait(_ delay: Duration, then next: ScopeState.Next, _ failure: ScopeError? = nil) {
    state = .waiting(until: now + delay, next, LongWait(askedBy: failure, for: delay, at: now))
  }

  private mutating func setHealth(
    _ level: StreamStatus.Health, _ reason: StreamStatus.Reason = .none, connected: Bool = true
  ) {
    health = recovery.health(level, reason, connected: connected, picture)
  }

  // MARK: - Lists and watches

  /// How to print an item of a list.
  mutating func listItem(
    _ id: TransferID, _ text: Span<UInt8>, _ header: ObjectHeader, at time: Duration
  ) -> Disposition {
    if id == verification.transfer { return verification.item(text, header, &picture.known, at: time) }
    guard let purpose = state.noteItem(id, at: time) else { return .drop }
    return picture.listed(text, header, purpose)
  }

  /// How to print an ADDED, MODIFIED or DELETED of a watch, or of a streaming list's first part.
  mutating func watchEvent(
    _ id: TransferID, _ type: EventType, _ text: Span<UInt8>, _ header: ObjectHeader, at time: Duration
  ) -> Disposition {
    switch state.noteEvent(id, at: time) {
    case .streamingList(let purpose): return picture.streamed(type, text, header, purpose)
    case .watch:
      if type == .deleted { verification.deleted(text, header) }
      return picture.watched(type, text, header, touching: verification.transfer != nil)
    case nil: return .drop
    }
  }

  private mutating func page(_ meta: ListMeta) {
    if case .checking = state {
      recovery.failures.clearLag()
      return watch()
    }
    guard case .listing(var listing) = state else { return }
    switch listing.page(meta, objects: picture.known.seenInRound, limit: settings.pageLimit) {
    case .next(let request):
      picture.known.reserve(meta.remaining)
      listing.transfer = send(request)
      state = .listing(listing)
    case .whole(let version): listed(listing.purpose, version)
    case .repeated: failed(fault(.garbage, "the server sends the same page of the list again"))
    case .empty: failed(fault(.garbage, "the server sends page after page of the list without an object"))
    }
  }

  private mutating func complete(_ purpose: ScopeState.Purpose, _ version: String) {
    let wasSynced = picture.isSynced
    actions.delete(picture.complete(purpose, version, at: now))
    recovery.failures.listWorked()
    if !wasSynced { actions.append(.synced) }
  }

  /// A paged list is complete.
  private mutating func listed(_ purpose: ScopeState.Purpose, _ version: String) {
    complete(purpose, version)
    guard !settings.isSnapshot else {
      setHealth(.healthy)
      return finish(.ok, "")
    }
    perform(recovery.afterList(version, isPermitted: health.reason != .permission, picture, title))
  }

  private mutating func bookmark(_ version: String, endsList: Bool) {
    switch state.noteBookmark(endsList: endsList, at: now) {
    case .endOfList(let purpose): complete(purpose, version)
    case .progress(let isMidway):
      if isMidway { recovery.server.seesBookmarks = true }
      picture.bookmark(version)
    case nil: return
    }
    prove()
  }

  private mutating func prove() {
    recovery.server.prove()
    recovery.failures.watchWorked(at: now)
    setHealth(.healthy)
    verification.schedule(at: now)
  }

  /// The stream ended cleanly.
  private mutating func ended() {
    if case .streaming(_, let purpose) = state {
      return perform(
        recovery.listWithoutStreaming(purpose, "the server did not mark the end of the initial events"))
    }
    guard case .watching(let watch) = state else { return }
    switch watch.ending(at: now, isProven: recovery.server.isProven) {
    case .atOnce: retry(fault(.transport, "the watch ended at once"), .disconnect)
    case .beforeProof: retry(fault(.silence, "the watch ended before the server sent anything"), .awaiting)
    case .silent: proceed(.check)
    case .early(let delay): proceed(.watch, after: delay)
    case .planned: proceed(.watch)
    }
  }

  /// A planned end is not a failure: continues at once.
  private mutating func proceed(_ next: ScopeState.Next, after delay: Duration? = nil) {
    recovery.counts.reconnects += 1
    prove()
    if let delay { wait(delay, then: next) } else { go(next) }
  }

  // MARK: - Failures

  private mutating func failed(_ failure: ScopeError) {
    perform(recovery.respond(to: failure, in: state, &picture, at: now, random: random()), failure)
  }

  private mutating func retry(_ failure: ScopeError, _ reason: StreamStatus.Reason) {
    let decision = recovery.retry(
      failure, then: .check, reason: reason, picture, at: now, random: random())
    perform(decision, failure)
  }

  private mutating func perform(_ decision: Recovery.Decision, _ failure: ScopeError? = nil) {
    actions.append(decision.actions)
    if let health = decision.health { self.health = health }
    switch decision.step {
    case .now(let next): go(next)
    case .wait(let delay, let next):
      verification.stop(&actions)
      wait(delay, then: next, failure)
    case .list(let purpose, let form): list(purpose, as: form)
    case .finish(let status): finish(status, failure?.message ?? "")
    case .none: break
    }
  }

  // MARK: - Verification

  private mutating func verify() {
    guard verification.transfer == nil else { return verificationFailed(fault(.silence, "no response")) }
    guard case .watching = state, recovery.server.isProven, !picture.resourceVersion.isEmpty else {
      return verification.stop(&actions)
    }
    verification.begin(&picture, &actions, at: now)
  }

  private mutating func verified(_ meta: ListMeta) {
    guard let differences = verification.page(meta, &picture, &actions, at: now), differences > 0 else {
      return
    }
    recovery.counts.errors += 1
    perform(recovery.drift(differences, picture, title))
  }

  /// If that version is no longer available (410), the present state is compared instead.
  private mutating func verificationFailed(_ failure: ScopeError) {
    verification.stop(&actions)
    guard failure.kind == .http(410) else {
      actions.append(.debug("verify: \(failure.message)"))
      return verification.schedule(at: now)
    }
    cancel()
    recovery.counts.resyncs += 1
    list(.resync)
  }
}
