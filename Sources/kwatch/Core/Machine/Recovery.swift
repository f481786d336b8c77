// SPDX-License-Identifier: Apache-2.0
import Events
import Process

/// The decisions after failures: what a scope does next, how healthy it is, and what is reported.
///
/// `FailureResponse` classifies a failure by the state in which it happened. The rules here also consider
/// what is known of the server, and how often and for how long requests have failed.
struct Recovery {
  /// The step that follows a failure.
  enum Step: Equatable {
    case now(ScopeState.Next)
    case wait(Duration, then: ScopeState.Next)
    case list(ScopeState.Purpose, as: ListForm)
    /// With the failure's message.
    case finish(ExitStatus)
    case none
  }

  struct Decision: Equatable {
    var step: Step
    /// nil: unchanged.
    var health: ScopeHealth?
    var actions: [ScopeAction] = []
  }

  /// For STATUS and metrics.
  var counts = (reconnects: 0, resyncs: 0, errors: 0)
  private let settings: ScopeSettings
  var server: ServerBehaviour
  var failures: FailureRecord

  init(_ settings: ScopeSettings) {
    self.settings = settings
    server = ServerBehaviour(settings)
    failures = FailureRecord(settings)
  }

  /// Decides after a failure of the exchange under way.
  mutating func respond(
    to failure: ScopeError, in state: ScopeState, _ picture: inout Picture, at now: Duration, random: Double
  ) -> Decision {
    var refresh: [ScopeAction] = []
    if failure.kind == .http(401) {
      // Tokens expire, some without notice: each refusal fetches new ones, and after the first the request is repeated at
      // once.
      refresh = [.refreshCredentials]
      if failures.noteRefusedCredentials() {
        return Decision(step: state.repetition.map(Step.now) ?? .none, actions: refresh)
      }
    }
    let response = FailureResponse(
      failure, in: state, isProven: server.isProven, allowsPolling: settings.allowsPolling)
    var decision = decide(response, failure, &picture, at: now, random: random)
    decision.actions = refresh + decision.actions
    return decision
  }

  private mutating func decide(
    _ response: FailureResponse, _ failure: ScopeError, _ picture: inout Picture, at now: Duration,
    random: Double
  ) -> Decision {
    switch response {
    case .retry(let next, let reason):
      return retry(failure, then: next, reason: reason, picture, at: now, random: random)
    case .refuse(let reason, let status, let next):
      guard !picture.isSynced else {
        return retry(failure, then: next, reason: reason, picture, at: now, random: random)
      }
      let health = health(.unhealthy, reason, connected: failure.code != nil, picture)
      return Decision(step: .finish(status), health: health)
    case .listInOnePiece(let purpose): return Decision(step: .list(purpose, as: .onePiece))
    case .listAnyState(let purpose):
      picture.allowOlderList()
      return Decision(step: .list(purpose, as: .pages))
    case .listWithoutStreaming(let purpose):
      if failure.kind == .silence { failures.distrustConnection() }
      return listWithoutStreaming(purpose, failure.message)
    case .watch: return Decision(step: .now(.watch))
    case .pollInstead:
      server.isPolling = true
      failures.distrustConnection()
      return Decision(
        step: .now(.list(.poll)), health: health(.degraded, .awaiting, connected: false, picture))
    case .watchRefused: return watchRefused(failure, picture, at: now)
    case .missing: return missing(failure, &picture, at: now, random: random)
    case .tooLarge(let next): return tooLarge(failure, next, &picture, at: now, random: random)
    case .gone: return gone(failure, picture, at: now, random: random)
    case .none: return Decision(step: .none)
    }
  }

  /// Decides after a paged list: a watch, or if the server refuses that, the next list.
  mutating func afterList(
    _ version: String, isPermitted: Bool, _ picture: Picture, _ title: String
  ) -> Decision {
    var actions: [ScopeAction] = []
    if version.isEmpty, !server.isWatchRefused {
      actions = [.warn("\(title): the list has no resourceVersion to watch from; polling instead")]
      server.refuseWatch()
    }
    guard server.isWatchRefused else { return Decision(step: .now(.watch)) }
    failures.pollWorked()
    let triesWatch = server.isTimeToTryWatch() && settings.canWatch && !version.isEmpty
    return Decision(
      step: triesWatch ? .now(.watch) : .wait(settings.pollInterval, then: .list(.poll)),
      health: health(.degraded, isPermitted ? .error : .permission, connected: true, picture),
      actions: actions)
  }

  /// The server has no streaming lists, or we have no right to watch. Use plain lists from now on.
  mutating func listWithoutStreaming(_ purpose: ScopeState.Purpose, _ reason: String) -> Decision {
    server.supportsStreamingList = false
    return Decision(step: .list(purpose, as: .pages), actions: [.debug("no streaming list: \(reason)")])
  }

  /// Waits, then continues: with `next`, or with a list if the watch has been broken for too long.
  mutating func retry(
    _ failure: ScopeError, then next: ScopeState.Next, reason: StreamStatus.Reason? = nil,
    _ picture: Picture, at now: Duration, random: Double
  ) -> Decision {
    (counts.errors, counts.reconnects) = (counts.errors + 1, counts.reconnects + 1)
    server.doubt()
    let passed: [ScopeAction] = if case .stream = failure.kind { [.pass(failure)] } else { [] }
    let reason = reason ?? failure.reason
    guard let retry = failures.retry(failure, isSynced: picture.isSynced, at: now, random: random) else {
      return Decision(
        step: .finish(reason == .permission || reason == .auth ? .noPermission : .unavailable),
        health: health(.unhealthy, reason, connected: false, picture), actions: passed)
    }
    if retry.polls { server.isPolling = true }
    let level = retry.isLasting ? StreamStatus.Health.unhealthy : .degraded
    let text = "\(failure.message); trying again in \(DurationText.print(retry.delay))"
    return Decision(
      step: .wait(retry.delay, then: retry.polls ? .list(.poll) : next),
      health: health(level, reason, connected: failure.code != nil, picture),
      actions: passed + [retry.isWorthWarning ? Self.warning(failure, text) : .debug(text)])
  }

  private static func warning(_ failure: ScopeError, _ text: String) -> ScopeAction {
    switch failure.kind {
    case .transport, .untrusted: .outage(text)
    case .http, .stream, .silence, .garbage: .warn(text)
    }
  }

  private mutating func watchRefused(
    _ failure: ScopeError, _ picture: Picture, at now: Duration
  ) -> Decision {
    guard settings.allowsPolling else {
      return Decision(
        step: .finish(.noPermission), health: health(.unhealthy, .permission, connected: true, picture))
    }
    server.refuseWatch()
    let delay = max(.zero, picture.listedAt + settings.pollInterval - now)
    return Decision(
      step: .wait(delay, then: .list(.poll)),
      health: health(.degraded, .permission, connected: true, picture),
      actions: [.warn("\(failure.message); polling instead")])
  }

  private mutating func missing(
    _ failure: ScopeError, _ picture: inout Picture, at now: Duration, random: Double
  ) -> Decision {
    guard picture.isSynced else {
      return Decision(
        step: .finish(.noInput), health: health(.unhealthy, .noScope, connected: true, picture))
    }
    let gone = failures.noteNotFound(at: now) ? picture.clear() : []
    var decision = retry(
      failure, then: .list(.resync), reason: .noScope, picture, at: now, random: random)
    decision.actions = [.rediscover] + (gone.isEmpty ? [] : [.delete(gone)]) + decision.actions
    return decision
  }

  /// The server's state is older than the picture. Wait for a newer one; if there is none, print the older
  /// state in the end.
  private mutating func tooLarge(
    _ failure: ScopeError, _ next: ScopeState.Next, _ picture: inout Picture, at now: Duration, random: Double
  ) -> Decision {
    server.doubt()
    if case .wait(let delay, let isWorthWarning) = failures.noteLag(at: now, retryAfter: failure.retryAfter) {
      let text = "\(failure.message); waiting until the server has the version that was printed last"
      return Decision(
        step: .wait(delay, then: next),
        health: health(.degraded, .error, connected: true, picture),
        actions: [isWorthWarning ? .warn(text) : .debug(text)])
    }
    picture.allowOlderList()
    let text = "\(failure.message); listing the older state, as after a restore from a backup"
    guard case .list = next else {
      var decision = gone(failure, picture, at: now, random: random)
      decision.actions.insert(.warn(text), at: 0)
      return decision
    }
    return Decision(step: .now(next), actions: [.warn(text)])
  }

  /// The changes between our resourceVersion and now are no longer available.
  private mutating func gone(
    _ failure: ScopeError, _ picture: Picture, at now: Duration, random: Double
  ) -> Decision {
    (counts.errors, counts.resyncs) = (counts.errors + 1, counts.resyncs + 1)
    server.doubt()
    let health = health(.degraded, .gone, connected: true, picture)
    var decision = Decision(step: .now(.list(.resync)), health: health, actions: [.report(health)])
    if settings.onGone != .relist { decision.actions.append(.pass(failure)) }
    guard settings.onGone != .exit else {
      decision.step = .finish(.gone)
      return decision
    }
    if case .listAfter(let delay, let isWorthWarning) = failures.noteGone(at: now, random: random) {
      let text = "\(failure.message), repeatedly; listing again in \(DurationText.print(delay))"
      decision.actions.append(isWorthWarning ? .warn(text) : .debug(text))
      decision.step = .wait(delay, then: .list(.resync))
    }
    return decision
  }

  /// A verification has found differences to what was printed, and printed them.
  func drift(_ differences: Int, _ picture: Picture, _ title: String) -> Decision {
    let healthy = health(.healthy, .none, connected: true, picture)
    return Decision(
      step: .none, health: healthy,
      actions: [
        .warn("\(title): the watch missed \(differences) changes, which are printed now"),
        .report(health(.degraded, .drift, connected: true, picture)), .report(healthy),
      ])
  }

  /// The health of the scope, with its present mode.
  func health(
    _ level: StreamStatus.Health, _ reason: StreamStatus.Reason, connected: Bool, _ picture: Picture
  ) -> ScopeHealth {
    var mode = picture.isSynced ? StreamStatus.Mode.watch : .snapshot
    if server.isPolling { mode = .polling }
    if settings.isSnapshot { mode = .snapshot }
    return ScopeHealth(
      mode: mode, level: level, reason: reason, isConnected: connected,
      isDelivering: level == .healthy, isPolling: server.isPolling)
  }
}
