// SPDX-License-Identifier: Apache-2.0
import Events
import Process

/// List, then watch, for ever: the protocol of one (cluster, resource, namespace), without any I/O.
///
/// Bytes come to `listItem` and `watchEvent`, which say at once what to print; everything else comes as a
/// `ScopeEvent` and is answered with actions. Time is a parameter (monotonic, since any moment), chance a closure
/// in 0..<1. resourceVersions are opaque: they are handed back to the server and compared for equality only.
/// There is one of it for each scope, and it is large: nothing copies it.
struct ScopeMachine: ~Copyable {
  enum Purpose: Equatable { case initial, resync, poll }
  enum Next: Equatable { case list(Purpose), check, watch }

  enum Phase: Equatable {
    case idle
    /// A paged list.
    case listing(Purpose)
    /// A streaming list, until its end marker.
    case streaming(Purpose)
    /// Asking whether the server has reached our resourceVersion.
    case checking
    case watching
    case waiting(Next)
    case finished
  }

  let settings: ScopeSettings
  var random: () -> Double

  private(set) var health = ScopeHealth()
  var known = KnownObjects()
  var phase = Phase.idle
  /// Where the next watch goes on from.
  var resourceVersion = ""
  /// The first list has been told whole.
  var isSynced = false

  /// For STATUS and metrics.
  var counts: (reconnects: Int, resyncs: Int, errors: Int) { (reconnects, resyncs, errors) }
  var reconnects = 0
  var resyncs = 0
  var errors = 0

  var transfer: TransferID?
  var verification: Verification?
  var lastTransfer = 0
  var now = Duration.zero
  var actions: [ScopeAction] = []

  // The exchange under way.
  var sentAt = Duration.zero
  var openedAt: Duration?
  var lastActivity = Duration.zero
  var timeoutSeconds = 0
  var sawEvent = false
  var listVersion = ""
  var isUnpaged = false
  var needsFreshConnection = false

  // What failed, and since when.
  var isProven = false
  var isPolling = false
  var isWatchRefused = false
  var pollsSinceRefusal = 0
  var lastListAt = Duration.zero
  var failures = 0
  var lastWarning: Duration?
  var backoff: Backoff
  var brokenSince: Duration?
  var notFoundSince: Duration?
  var lastGoneAt: Duration?
  var goneCount = 0
  var tooLargeCount = 0
  var hasRefreshed = false
  var supportsStreamingList: Bool
  var seesBookmarks = false
  var wakeAt: Duration?
  var verifyAt: Duration?

  init(settings: ScopeSettings, random: @escaping () -> Double) {
    self.settings = settings
    self.random = random
    supportsStreamingList = settings.allowsStreamingList
    backoff = Backoff(
      initial: settings.backoffInitial, maximum: settings.backoffMaximum, floor: .milliseconds(100))
    isWatchRefused = !settings.canWatch
    isPolling = !settings.canWatch
  }

  /// Goes on from what a state file has kept, instead of a first list.
  mutating func restore(resourceVersion: String, objects: [Identity]) {
    self.resourceVersion = resourceVersion
    for identity in objects { known.restore(identity) }
  }

  /// Whether `resourceVersion` and `known` belong together, so that a state file may keep them.
  var isConsistent: Bool {
    guard isSynced else { return false }
    switch phase {
    case .watching, .checking, .finished, .waiting: return true
    case .idle, .listing, .streaming: return false
    }
  }

  mutating func event(_ event: ScopeEvent, at time: Duration) -> [ScopeAction] {
    now = time
    actions = []
    let before = health
    handle(event)
    if health != before { actions.append(.report(health)) }
    return actions
  }

  private mutating func handle(_ event: ScopeEvent) {
    guard phase != .finished else { return }
    switch event {
    case .start:
      guard phase == .idle else { return }
      if resourceVersion.isEmpty || settings.isSnapshot {
        list(resourceVersion.isEmpty ? .initial : .resync)
      } else {
        isSynced = true
        actions.append(.synced)
        check()
      }
    case .opened(let id):
      guard id == transfer else { return }
      openedAt = now
      lastActivity = now
      opened()
    case .page(let id, let meta):
      if id == verification?.transfer { return verified(meta) }
      if id == transfer { page(meta) }
    case .bookmark(let id, let version, let ends):
      if id == transfer { bookmark(version, endsInitialEvents: ends) }
    case .failed(let id, let failure):
      if id == verification?.transfer { return verificationFailed(failure) }
      if id == transfer { failed(failure) }
    case .ended(let id):
      if id == transfer { ended() }
    case .timer: timer()
    case .peerDied:
      guard isWatchOpen, let id = transfer else { return }
      actions.append(.cancel(id))
      let patience = Heartbeat.patience.components.seconds
      failed(
        ScopeFailure(
          kind: .transport,
          message: "the connection is dead: it was silent, and no answer came in \(patience) s"))
    case .relist:
      cancel()
      resyncs += 1
      list(isSynced ? .resync : .initial)
    }
  }

  // MARK: - Exchanges

  mutating func send(_ request: ScopeRequest) {
    lastTransfer += 1
    transfer = lastTransfer
    sentAt = now
    openedAt = nil
    lastActivity = now
    sawEvent = false
    wakeAt = nil
    actions.append(.send(lastTransfer, request, fresh: needsFreshConnection))
    needsFreshConnection = false
  }

  /// Gives up what is under way.
  mutating func cancel() {
    if let transfer { actions.append(.cancel(transfer)) }
    transfer = nil
    cancelVerification()
  }

  mutating func wait(_ delay: Duration, then next: Next) {
    phase = .waiting(next)
    transfer = nil
    wakeAt = now + delay
  }

  mutating func proceed(_ next: Next) {
    switch next {
    case .list(let purpose): list(purpose)
    case .check: check()
    case .watch: watch()
    }
  }

  /// Whether a stream is open, whose silence means that there is no news, or that the peer is dead.
  var isWatchOpen: Bool {
    guard transfer != nil, openedAt != nil else { return false }
    switch phase {
    case .watching, .streaming: return true
    case .idle, .listing, .checking, .waiting, .finished: return false
    }
  }

  /// Whether the exchange is still of use.
  func wants(_ id: TransferID) -> Bool { id == transfer || id == verification?.transfer }

  /// Ends without a word: whoever calls has said it.
  mutating func abandon() {
    transfer = nil
    verification = nil
    verifyAt = nil
    wakeAt = nil
    phase = .finished
  }

  mutating func finish(_ status: ExitStatus, _ message: String) {
    cancel()
    phase = .finished
    wakeAt = nil
    actions.append(.finish(status, message))
  }

  /// Bytes of the exchange have come.
  mutating func activity(_ id: TransferID, at time: Duration) {
    if id == transfer { lastActivity = time }
    if id == verification?.transfer { verification?.lastActivity = time }
  }

  /// The reader of stdout was slow for this long: the server was not silent.
  mutating func excuse(_ pause: Duration, at time: Duration) {
    lastActivity = time
    verification?.lastActivity = time
    if let opened = openedAt { openedAt = opened + pause } else { sentAt += pause }
  }

  mutating func setHealth(
    _ mode: StreamStatus.Mode, _ level: StreamStatus.Health, _ reason: StreamStatus.Reason = .none,
    connected: Bool, delivering: Bool = false
  ) {
    health = ScopeHealth(
      mode: mode, level: level, reason: reason, isConnected: connected, isDelivering: delivering,
      isPolling: isPolling)
  }
}
