// SPDX-License-Identifier: Apache-2.0
import Events
import Process

/// List, then watch, and keep watching: the protocol of one (cluster, resource, namespace), without any I/O.
///
/// Bytes go to `listItem` and `watchEvent`, which answer at once what to print; everything else comes as a `ScopeEvent`
/// and is answered with actions. Time is a parameter (monotonic, from any origin), chance a closure in 0..<1.
/// resourceVersions are opaque: they are handed back to the server, and compared for equality only.
/// There is one machine for each scope, and it is large: nothing copies it.
struct ScopeMachine: ~Copyable {
  enum Purpose: Equatable { case initial, resync, poll }
  enum Next: Equatable { case list(Purpose), check, watch }

  /// One HTTP exchange, from its request on.
  struct Transfer: Equatable {
    var id: TransferID
    var sentAt: Duration
    var openedAt: Duration?
    var lastActivity: Duration
  }

  struct Listing: Equatable {
    var transfer: Transfer
    var purpose: Purpose
    /// The resourceVersion of the first page; empty until it has come.
    var version = ""
    /// In one piece, as the pages have expired.
    var isUnpaged = false
    /// What the last page's answer asked for the next one with.
    var continuation = ""
  }

  struct Watch: Equatable {
    var transfer: Transfer
    /// What the server was asked to end it after.
    var timeoutSeconds: Int
    var sawEvent = false
  }

  enum State: Equatable {
    case idle
    /// A paged list.
    case listing(Listing)
    /// A streaming list, until its end marker; the watch that it then becomes.
    case streaming(Watch, Purpose)
    /// Asking whether the server has reached our resourceVersion.
    case checking(Transfer)
    case watching(Watch)
    case waiting(until: Duration, Next)
    case finished
  }

  let settings: ScopeSettings
  /// The scope, for messages.
  var title = ""
  let random: () -> Double

  var state = State.idle
  private(set) var health = ScopeHealth()
  var known = KnownObjects()
  /// Where the next watch continues.
  var resourceVersion = ""
  /// The first list has been printed whole.
  var isSynced = false
  /// `--verify`: the list that is compared with what was printed, or when the next one is due.
  var verification: Verification?
  var lastListAt = Duration.zero
  var server: ServerBehaviour
  var failures: FailureRecord
  /// For STATUS and metrics.
  var counts = (reconnects: 0, resyncs: 0, errors: 0)
  var now = Duration.zero
  var actions: [ScopeAction] = []
  private var lastTransfer = 0

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

  mutating func event(_ event: ScopeEvent, at time: Duration) -> [ScopeAction] {
    acting(at: time) { $0.handle(event) }
  }

  /// Runs a step; a change of health is its last action.
  mutating func acting(at time: Duration, _ step: (inout ScopeMachine) -> Void) -> [ScopeAction] {
    now = time
    actions = []
    let before = health
    step(&self)
    if health != before { actions.append(.report(health)) }
    return actions
  }

  private mutating func handle(_ event: ScopeEvent) {
    guard state != .finished else { return }
    switch event {
    case .start:
      guard state == .idle else { return }
      start()
    case .opened(let id):
      guard id == transfer?.id else { return }
      let time = now
      change { transfer in (transfer.openedAt, transfer.lastActivity) = (time, time) }
      opened()
    case .page(let id, let meta):
      if id == verification?.transfer { return verified(meta) }
      if id == transfer?.id { page(meta) }
    case .bookmark(let id, let version, let ends):
      guard id == transfer?.id else { return }
      activity(id, at: now)
      bookmark(version, endsInitialEvents: ends)
    case .failed(let id, let failure):
      if id == verification?.transfer { return verificationFailed(failure) }
      if id == transfer?.id { failed(failure) }
    case .ended(let id):
      if id == transfer?.id { ended() }
    case .timer: timer()
    case .peerDied:
      guard isWatchOpen, let id = transfer?.id else { return }
      actions.append(.cancel(id))
      let patience = Heartbeat.patience.components.seconds
      failed(
        ScopeError(
          kind: .transport,
          message: "\(title): the connection is dead: it was silent, and no answer came in \(patience) s"))
    case .relist:
      cancel()
      counts.resyncs += 1
      list(isSynced ? .resync : .initial)
    }
  }

  private mutating func start() {
    if resourceVersion.isEmpty || settings.isSnapshot {
      list(resourceVersion.isEmpty ? .initial : .resync)
    } else {
      isSynced = true
      actions.append(.synced)
      check()
    }
  }

  // MARK: - Transfers

  /// The exchange under way.
  var transfer: Transfer? {
    switch state {
    case .listing(let listing): listing.transfer
    case .streaming(let watch, _), .watching(let watch): watch.transfer
    case .checking(let transfer): transfer
    case .idle, .waiting, .finished: nil
    }
  }

  /// Changes the exchange under way, if there is one.
  private mutating func change(_ body: (inout Transfer) -> Void) {
    switch state {
    case .listing(var listing):
      body(&listing.transfer)
      state = .listing(listing)
    case .streaming(var watch, let purpose):
      body(&watch.transfer)
      state = .streaming(watch, purpose)
    case .watching(var watch):
      body(&watch.transfer)
      state = .watching(watch)
    case .checking(var transfer):
      body(&transfer)
      state = .checking(transfer)
    case .idle, .waiting, .finished: break
    }
  }

  /// Sends a request; the caller puts the transfer into the state that waits for its answer.
  mutating func send(_ request: ScopeRequest, fresh: Bool? = nil) -> Transfer {
    lastTransfer += 1
    actions.append(.send(lastTransfer, request, fresh: fresh ?? failures.takeFreshConnection()))
    return Transfer(id: lastTransfer, sentAt: now, lastActivity: now)
  }

  /// Cancels the exchanges under way.
  mutating func cancel() {
    if let transfer { actions.append(.cancel(transfer.id)) }
    cancelVerification()
  }

  mutating func wait(_ delay: Duration, then next: Next) { state = .waiting(until: now + delay, next) }

  mutating func proceed(_ next: Next) {
    switch next {
    case .list(let purpose): list(purpose)
    case .check: check()
    case .watch: watch()
    }
  }

  /// Ends without an action: the caller has reported why.
  mutating func abandon() {
    verification = nil
    state = .finished
  }

  mutating func finish(_ status: ExitStatus, _ message: String) {
    cancel()
    state = .finished
    actions.append(.finish(status, message))
  }

  /// Bytes of the exchange have come.
  mutating func activity(_ id: TransferID, at time: Duration) {
    if id == transfer?.id { change { $0.lastActivity = time } }
    if id == verification?.transfer { verification?.lastActivity = time }
  }

  /// The reader of stdout was slow for this long: the server was not silent.
  mutating func excuse(_ pause: Duration, at time: Duration) {
    verification?.lastActivity = time
    change { transfer in
      transfer.lastActivity = time
      if let opened = transfer.openedAt {
        transfer.openedAt = opened + pause
      } else {
        transfer.sentAt += pause
      }
    }
  }

  mutating func setHealth(
    _ mode: StreamStatus.Mode, _ level: StreamStatus.Health, _ reason: StreamStatus.Reason = .none,
    connected: Bool, delivering: Bool = false
  ) {
    health = ScopeHealth(
      mode: mode, level: level, reason: reason, isConnected: connected, isDelivering: delivering,
      isPolling: server.isPolling)
  }
}

// MARK: - Questions

extension ScopeMachine {
  /// Whether `resourceVersion` and `known` belong together, so that a state file may keep them.
  var isConsistent: Bool {
    guard isSynced else { return false }
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

  /// Whether the exchange is still of use.
  func wants(_ id: TransferID) -> Bool { id == transfer?.id || id == verification?.transfer }

  var mode: StreamStatus.Mode {
    if settings.isSnapshot { return .snapshot }
    if server.isPolling { return .polling }
    return isSynced ? .watch : .snapshot
  }
}
