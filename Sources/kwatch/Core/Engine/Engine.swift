// SPDX-License-Identifier: Apache-2.0
import Events
import Glibc
import Lines
package import Process

/// kwatch's loop: one thread moves bytes from libcurl through the scopes' machines to stdout.
///
/// A blocking write to stdout is the back-pressure: while the reader is slow nothing is read from the servers.
package final class Engine: RunnerHost {
  struct StartError: ToolError {
    package var description: String
    package var status: ExitStatus
  }

  let configuration: WatchConfiguration
  let diagnostics: Diagnostics
  let output: OutputWriter
  /// `-o table` on a terminal.
  let screen: LiveTable?
  let reporter: HealthReporter
  let saver: StateSaver?
  private let shutdown: Shutdown
  private let multi: CurlMulti
  private let wakes: Wakes
  private let metrics: EngineMetrics?
  private let notifier = ServiceNotifier()
  /// A descriptor that was a terminal at the start.
  private let terminal = [STDIN_FILENO, STDERR_FILENO].first { isatty($0) == 1 }

  var clusters: [ClusterRunner] = []
  private var heartbeats: [HeartbeatRunner] = []
  /// Further discoveries, each for one scope whose resource has moved.
  private var rediscoveries: [ClusterRunner] = []
  var scopes: [ScopeRunner] = []
  var usages: [UsageRunner] = []
  var schemas: [SchemaRunner] = []
  var endings = Endings()
  /// How often each scope has been named: it is started once.
  var timesNamed: [String: Int] = [:]
  private var waiting: [(scope: ScopeRunner, id: TransferID, request: ScopeRequest, fresh: Bool)] = []
  private var outputError: OutputError?
  private var isReady = false

  /// The next time at which something other than reading and printing is due.
  private var nextTurn = Duration.zero
  /// A runner has changed its state: deadlines and pending requests may have changed.
  private var isDisturbed = true
  /// No discovery is running, and no request waits.
  private var isSettled = false
  private var seenWakes = 0
  private var lastFlush = Duration.zero

  package init(_ configuration: WatchConfiguration, diagnostics: Diagnostics, shutdown: Shutdown) throws {
    self.configuration = configuration
    self.shutdown = shutdown
    output = OutputWriter(shutdown: shutdown, pipeSize: 1 << 20)
    screen =
      configuration.output.isLive ? LiveTable(output, usesColour: configuration.output.usesColour) : nil
    self.diagnostics = screen.map { $0.taking(diagnostics) } ?? diagnostics
    reporter = try HealthReporter(configuration, output: output)
    guard let multi = CurlMulti() else {
      throw StartError(description: "libcurl could not be initialised", status: .software)
    }
    self.multi = multi
    saver = try configuration.stateFile.map { try StateSaver(path: $0) }
    metrics = try configuration.metricsAddress.map { try EngineMetrics(address: $0) }
    let wakes = Wakes(multi.waker)
    self.wakes = wakes
    shutdown.interruptWrites()
    shutdown.onRequest { _ in wakes.wake() }
    shutdown.onHangup { wakes.hangUp() }
    if let limit = configuration.timeout { shutdown.requestEnd(after: limit) }
    var loader = KubeconfigLoader.system(
      warn: { diagnostics.warning($0) }, isEnding: { shutdown.cause != nil })
    loader.overrides = configuration.overrides
    for (name, target) in try Self.targets(loader, configuration, shutdown) {
      let link = try ClusterLink(name: name, target: target, configuration) { wakes.wake() }
      clusters.append(
        ClusterRunner(link, configuration.resources, wantsAll: configuration.listsResources, host: self))
      heartbeats.append(HeartbeatRunner(link))
    }
  }

  private static func targets(
    _ loader: KubeconfigLoader, _ configuration: WatchConfiguration, _ shutdown: Shutdown
  ) throws -> [(name: String, target: ClusterTarget)] {
    do {
      return try loader.targets(explicit: configuration.kubeconfig, contexts: configuration.contexts)
    } catch {
      // The wait for a pipe was interrupted: the cause of the end is the answer.
      if shutdown.cause != nil { throw OutputError.interrupted }
      throw error
    }
  }

  /// Runs until everything that was requested is done or has failed, or the process has to end.
  package func run() throws -> ExitStatus {
    for cluster in clusters { cluster.start() }
    while shutdown.cause == nil {
      let begin = MonotonicClock.now
      multi.step()
      try throwOutputErrors()
      if !delaysFlush(begin) { try flush() }
      let now = MonotonicClock.now
      // Only a blocked stdout takes this long.
      if now - begin > .seconds(1) { excuse(now - begin, now) }
      // One turn for each event would cost more than the event.
      if isDisturbed || !isSettled || now >= nextTurn || wakes.total != seenWakes {
        if let status = try turn(now) { return try end(status) }
      }
      guard output.bytesBuffered == 0, !isDisturbed, shutdown.cause == nil else { continue }
      multi.wait(milliseconds: Int32(clamping: (nextTurn - now).milliseconds + 1))
    }
    return try end(shutdown.cause == .deadline ? .timedOut : .ok)
  }

  /// Whether to read again before flushing, because the last flush was less than a millisecond ago.
  ///
  /// A server sends a list in pieces of a few kilobytes, and to wake up and write for each costs more than its
  /// bytes. An event after a pause is never delayed.
  private func delaysFlush(_ now: Duration) -> Bool {
    let pause = lastFlush + .milliseconds(1) - now
    guard output.bytesBuffered > 0, pause > .zero else { return false }
    if !multi.wait(milliseconds: 0) { usleep(UInt32(pause / .microseconds(1))) }
    return true
  }

  private func flush() throws {
    let now = MonotonicClock.now
    try screen?.draw(now)
    if output.bytesBuffered > 0 { lastFlush = now }
    try output.flush()
  }

  /// Does everything that is due, and computes the next deadline.
  ///
  /// - Returns: the exit status, if nothing is left to do.
  private func turn(_ now: Duration) throws -> ExitStatus? {
    // A saved state covers only what was written.
    try flush()
    isDisturbed = false
    seenWakes = wakes.total
    notifier.alive()
    metrics?.update(scopes, bytesWritten: output.bytesWritten)
    try saver?.save(scopes, now: now)
    timers(now)
    for cluster in clusters + rediscoveries { cluster.pump() }
    for schema in schemas where !endings.contains(schema) { schema.pump() }
    sendWaiting()
    try throwOutputErrors()
    try flush()
    isSettled = waiting.isEmpty && rediscoveries.isEmpty && clusters.allSatisfy(\.isDone)
    nextTurn = deadline(now)
    return ending
  }

  private func end(_ status: ExitStatus) throws -> ExitStatus {
    notifier.stopping()
    try screen?.finish(MonotonicClock.now)
    try output.flush()
    try saver?.save(scopes, now: MonotonicClock.now, isLast: true)
    return status
  }

  private func throwOutputErrors() throws(OutputError) {
    if let error = outputError ?? reporter.failure { throw error }
  }

  /// The exit status once every runner has ended: that of the first failure.
  private var ending: ExitStatus? {
    guard clusters.allSatisfy({ $0.attempts > 0 && $0.isDone }), waiting.isEmpty,
      scopes.allSatisfy({ endings.contains($0) }), schemas.allSatisfy({ endings.contains($0) }),
      usages.allSatisfy({ endings.contains($0) || !$0.standsAlone })
    else { return nil }
    return endings.firstFailure ?? .ok
  }

  // MARK: - Time

  private func timers(_ now: Duration) {
    if wakes.takeHangup() {
      // The terminal has been closed: this is not a request for a list.
      if let terminal, isatty(terminal) == 0 { return shutdown.request(.signal(SIGHUP)) }
      diagnostics.debug("SIGHUP: listing again")
      for scope in scopes { scope.handle(.relist) }
    }
    for cluster in clusters {
      cluster.timer(now)
      if let message = cluster.link.credentials.waitingMessage(at: now) {
        diagnostics.warning("\(message) (\(cluster.link.label))")
      }
      if let message = cluster.waitingMessage(at: now) { diagnostics.warning(message) }
    }
    for request in waiting { request.scope.machine.postpone(request.id, to: now) }
    for usage in usages { usage.timer(now) }
    for schema in schemas where !endings.contains(schema) { schema.timer(now) }
    for heartbeat in heartbeats where heartbeat.deadline <= now { beat(heartbeat, now) }
    rediscoveries.removeAll(where: \.isIdle)
    for scope in scopes {
      if let deadline = scope.machine.deadline, deadline <= now { scope.handle(.timer) }
    }
  }

  private func beat(_ heartbeat: HeartbeatRunner, _ now: Duration) {
    let watching = scopes.filter { $0.link === heartbeat.link && $0.machine.state.isWatchOpen }
    guard heartbeat.timer(now, isWaiting: !watching.isEmpty, multi) == .giveUp else { return }
    for scope in watching { scope.handle(.peerDied) }
  }

  private func deadline(_ now: Duration) -> Duration {
    var deadlines: [Duration?] = [now + .seconds(60), screen?.deadline]
    deadlines += clusters.flatMap { [$0.wakeAt, $0.messageDeadline, $0.link.credentials.messageDeadline] }
    deadlines += scopes.map { $0.machine.deadline }
    deadlines += usages.map(\.deadline)
    deadlines += schemas.map(\.wakeAt)
    deadlines += heartbeats.map(\.deadline)
    deadlines.append(notifier.watchdogInterval.map { now + $0 })
    // These two follow events, which cause no turn themselves.
    if saver != nil || metrics != nil { deadlines.append(now + .seconds(1)) }
    return deadlines.compactMap(\.self).min() ?? now
  }

  private func excuse(_ length: Duration, _ now: Duration) {
    diagnostics.debug("the reader of stdout was slow for \(length.milliseconds) ms")
    for heartbeat in heartbeats { heartbeat.link.heartbeat.activity(at: now) }
    for scope in scopes where !endings.contains(scope) {
      scope.machine.excuse(length, at: now)
      reporter.reportBackpressure(scope)
    }
  }

  // MARK: - RunnerHost

  func disturb() { isDisturbed = true }

  func start(_ exchange: Exchange) { multi.start(exchange) }

  func cancel(_ exchange: Exchange, discarding: Bool) { multi.cancel(exchange, discarding: discarding) }

  func fail(_ error: OutputError) { outputError = outputError ?? error }

  func send(_ scope: ScopeRunner, _ id: TransferID, _ request: ScopeRequest, fresh: Bool) {
    waiting.append((scope, id, request, fresh))
  }

  private func sendWaiting() {
    var rest = waiting
    waiting = []
    while !rest.isEmpty {
      let next = rest.removeFirst()
      guard next.scope.machine.wants(next.id) else { continue }
      do throws(ConfigError) {
        if let exchange = try next.scope.exchange(next.id, next.request, fresh: next.fresh) {
          multi.start(exchange)
        } else {
          waiting.append(next)
        }
      } catch {
        let message = "\(error.message) (\(next.scope.link.label))"
        if next.scope.machine.picture.isSynced {
          next.scope.handle(.failed(next.id, ScopeError(kind: .transport, message: message)))
        } else {
          finished(next.scope, error.status, message)
          next.scope.machine.abandon()
        }
      }
    }
  }

  func rediscover(_ scope: ScopeRunner) {
    // A path or a version needs no discovery, and one discovery at a time is enough.
    guard !scope.name.isPath, scope.name.version == nil,
      !rediscoveries.contains(where: { $0.moved === scope }),
      let name = try? ResourceName(scope.resource.qualifiedName)
    else { return }
    let cluster = ClusterRunner(scope.link, [name], moved: scope, host: self)
    rediscoveries.append(cluster)
    cluster.start()
  }

  func report(_ scope: ScopeRunner, _ health: ScopeHealth) { reporter.report(scope, health) }

  func report(_ usage: UsageRunner, _ health: StreamStatus.Health, _ reason: StreamStatus.Reason) {
    reporter.report(usage, health, reason)
    synced()
  }

  /// Notifies systemd that the service is ready, once every requested resource delivers.
  func synced() {
    guard !isReady, clusters.allSatisfy(\.isDone), scopes.allSatisfy({ $0.machine.picture.isSynced }),
      usages.allSatisfy({ $0.hasWorked || !$0.standsAlone })
    else { return }
    isReady = true
    notifier.ready("watching \(scopes.count) scopes")
  }

  func finished(_ runner: AnyObject, _ status: ExitStatus, _ message: String) {
    isDisturbed = true
    endings.add(runner, status, message, diagnostics)
  }
}
