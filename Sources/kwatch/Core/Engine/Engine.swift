// SPDX-License-Identifier: Apache-2.0
import Encoding
import Events
import Lines
package import Process
import Synchronization

/// kwatch's loop: one thread moves bytes from libcurl through the scopes' machines to stdout.
///
/// A blocking write to stdout is the back-pressure: while the reader is slow nothing is read, and what the servers
/// make of that is the machines' business.
package final class Engine: ScopeHost {
  struct StartFailure: ToolError {
    package var description: String
    package var status: ExitStatus
  }

  let configuration: WatchConfiguration
  let diagnostics: Diagnostics
  let shutdown: Shutdown
  let output: OutputWriter
  let multi: CurlMulti
  let sink: StatusSink
  private let notifier = ServiceNotifier()
  private var state: StateStore?
  private var clusters: [ClusterRunner] = []
  /// Second looks at where a resource is, each for one scope.
  private var rediscoveries: [(scope: ScopeRunner, cluster: ClusterRunner)] = []
  private var heartbeats: [HeartbeatRunner] = []
  private(set) var scopes: [ScopeRunner] = []
  private var usages: [UsageRunner] = []
  private var finals: [ObjectIdentifier: ExitStatus] = [:]
  private var firstFailure: ExitStatus?
  private var reportedFailures: Set<String> = []
  private var waiting: [(scope: ScopeRunner, id: TransferID, request: ScopeRequest, fresh: Bool)] = []
  private var outputError: OutputError?
  /// Since when each scope is as healthy as it is.
  var since: [String: (health: StreamStatus.Health, at: Timestamp)] = [:]
  private var isReady = false
  private let metrics: EngineMetrics?

  private let start = MonotonicClock.now
  /// When something is due besides reading and printing.
  private var nextTurn = Duration.zero
  /// A scope's machine has moved: deadlines and what is to be sent may have changed.
  private var isDisturbed = true
  /// No discovery is under way, and nothing waits to be sent.
  private var isSettled = false

  /// What other threads want of the loop: SIGHUP, credentials that have come.
  private final class Wakes: Sendable {
    private let count = Atomic<Int>(0)
    let hangups = Atomic<Int>(0)
    private let waker: CurlMulti.Waker

    init(_ waker: CurlMulti.Waker) { self.waker = waker }

    var total: Int { count.load(ordering: .acquiring) }

    func wake() {
      count.add(1, ordering: .releasing)
      waker.wake()
    }
  }
  private let wakes: Wakes
  private var seenWakes = 0
  private var seenHangups = 0

  package init(_ configuration: WatchConfiguration, diagnostics: Diagnostics, shutdown: Shutdown) throws {
    self.configuration = configuration
    self.diagnostics = diagnostics
    self.shutdown = shutdown
    output = OutputWriter(shutdown: shutdown)
    sink = try StatusSink(configuration.status, output: output)
    guard let multi = CurlMulti() else {
      throw StartFailure(description: "libcurl does not start", status: .software)
    }
    self.multi = multi
    state = try configuration.stateFile.map { try StateStore(path: $0) }
    metrics = try configuration.metricsAddress.map { try EngineMetrics(address: $0) }
    let wakes = Wakes(multi.waker)
    self.wakes = wakes
    shutdown.interruptWrites()
    shutdown.onRequest { _ in wakes.wake() }
    shutdown.onHangup {
      wakes.hangups.add(1, ordering: .relaxed)
      wakes.wake()
    }
    var loader = KubeconfigLoader.system
    loader.overrides = configuration.overrides
    for (name, target) in try loader.targets(
      explicit: configuration.kubeconfig, contexts: configuration.contexts)
    {
      let link = ClusterLink(name: name, target: target, configuration) { wakes.wake() }
      clusters.append(
        ClusterRunner(link, configuration.resources, wantsAll: configuration.listsResources) {
          [unowned self] in judged($0, $1, $2)
        })
      heartbeats.append(HeartbeatRunner(link))
    }
  }

  /// Runs until everything asked for is done, or can no longer be done, or the process has to end.
  package func run() throws -> ExitStatus {
    for cluster in clusters { cluster.start() }
    while shutdown.cause == nil {
      let begin = MonotonicClock.now
      multi.step()
      if let outputError { throw outputError }
      try output.flush()
      let now = MonotonicClock.now
      // Nothing but a reader that does not read makes a step this long.
      if now - begin > .seconds(1) { excuse(now - begin, now) }
      // What wakes the loop is an event or two as a rule, and they are out.
      if isDisturbed || !isSettled || now >= nextTurn || wakes.total != seenWakes {
        if let status = try turn(now) { return try end(status) }
      }
      if !isDisturbed { multi.wait(milliseconds: Int32(clamping: (nextTurn - now).milliseconds + 1)) }
    }
    return try end(.ok)
  }

  /// Does all that is due, and sets when there is more to do.
  ///
  /// - Returns: the status to end with, once nothing is left to do.
  private func turn(_ now: Duration) throws -> ExitStatus? {
    isDisturbed = false
    seenWakes = wakes.total
    notifier.alive()
    metrics?.update(scopes, bytesWritten: output.bytesWritten)
    try save(now)
    timers(now)
    for cluster in clusters { cluster.pump(multi) }
    for (_, cluster) in rediscoveries { cluster.pump(multi) }
    sendWaiting()
    if let outputError { throw outputError }
    try output.flush()
    isSettled = waiting.isEmpty && rediscoveries.isEmpty && clusters.allSatisfy(\.isDone)
    nextTurn = deadline(now)
    if let ending { return ending }
    guard let limit = configuration.timeout, now - start >= limit else { return nil }
    return .timedOut
  }

  private func end(_ status: ExitStatus) throws -> ExitStatus {
    notifier.stopping()
    try output.flush()
    try save(MonotonicClock.now, isLast: true)
    return status
  }

  // MARK: - Time

  private func timers(_ now: Duration) {
    let hangups = wakes.hangups.load(ordering: .relaxed)
    if hangups != seenHangups {
      seenHangups = hangups
      diagnostics.debug("SIGHUP: listing again")
      for scope in scopes { scope.handle(.relist) }
    }
    for cluster in clusters { cluster.timer(now) }
    for usage in usages { usage.timer(now) }
    for cluster in clusters {
      if let message = cluster.link.credentials.waitingMessage(at: now) {
        diagnostics.warning("\(message) (\(cluster.link.label))")
      }
    }
    for heartbeat in heartbeats where heartbeat.deadline <= now { beat(heartbeat, now) }
    rediscoveries.removeAll { $0.cluster.isIdle }
    for scope in scopes {
      if let deadline = scope.machine.deadline, deadline <= now { scope.handle(.timer) }
    }
  }

  private func beat(_ heartbeat: HeartbeatRunner, _ now: Duration) {
    let watching = scopes.filter { $0.link === heartbeat.link && $0.machine.isWatchOpen }
    guard heartbeat.timer(now, isWaiting: !watching.isEmpty, multi) == .giveUp else { return }
    for scope in watching { scope.handle(.peerDied) }
  }

  private func deadline(_ now: Duration) -> Duration {
    var next = now + .seconds(60)
    for cluster in clusters {
      if let at = cluster.wakeAt { next = min(next, at) }
      if let at = cluster.link.credentials.messageDeadline { next = min(next, at) }
    }
    for scope in scopes { if let at = scope.machine.deadline { next = min(next, at) } }
    for usage in usages { if let at = usage.deadline { next = min(next, at) } }
    for heartbeat in heartbeats { next = min(next, heartbeat.deadline) }
    if let interval = notifier.watchdogInterval { next = min(next, now + interval) }
    if let limit = configuration.timeout { next = min(next, start + limit) }
    // These two follow events, which call for no turn themselves.
    if state != nil || metrics != nil { next = min(next, now + .seconds(1)) }
    return next
  }

  private func excuse(_ length: Duration, _ now: Duration) {
    diagnostics.debug("the reader of stdout was slow for \(length.milliseconds) ms")
    for heartbeat in heartbeats { heartbeat.link.heartbeat.activity(at: now) }
    for scope in scopes where finals[ObjectIdentifier(scope)] == nil {
      scope.machine.excuse(length, at: now)
      guard sink.isActive, scope.machine.health.level == .healthy else { continue }
      var health = scope.machine.health
      health.level = .degraded
      health.reason = .backpressure
      report(scope, health)
      report(scope, scope.machine.health)
    }
  }

  // MARK: - Discovery's end

  private func judged(
    _ cluster: ClusterRunner, _ verdicts: [(ResourceName, ClusterRunner.Verdict)], _ found: [APIResource]
  ) {
    if configuration.listsResources { return printResources(cluster, found) }
    for (name, verdict) in verdicts {
      switch verdict {
      case .found(let resource, let others):
        if !others.isEmpty {
          diagnostics.warning(
            "'\(name.text)' is \(resource.qualifiedName); it could also mean "
              + "\(others.map(\.qualifiedName).joined(separator: ", ")): write the one that is meant")
        }
        start(cluster.link, name, resource)
      case .final(let status, let reason, let message):
        failed(status, message)
        report(cluster.link, name, .unhealthy, reason)
      case .later(let message, let reason):
        if cluster.isWorthReporting { diagnostics.warning("\(message); trying again") }
        report(cluster.link, name, cluster.attempts > 3 ? .unhealthy : .degraded, reason)
        if let limit = configuration.scope.retryLimit, cluster.attempts > limit {
          failed(.unavailable, message)
          cluster.abandon()
        }
      }
    }
  }

  private func start(_ link: ClusterLink, _ name: ResourceName, _ resource: APIResource) {
    var settings = configuration.scope
    settings.canWatch = resource.verbs.contains("watch") || resource.verbs.isEmpty
    // A table's columns fit a page; and a Table hides the marker of the end in one of its rows.
    settings.allowsStreamingList = configuration.output.format != .table
    let namespaces: [String?]
    if !resource.isNamespaced || configuration.isAllNamespaces {
      namespaces = [nil]
    } else if let namespace = name.namespace {
      namespaces = [namespace]
    } else {
      namespaces = configuration.namespaces.isEmpty ? [link.target.namespace] : configuration.namespaces
    }
    let isUsage = resource.group == UsageRunner.group && configuration.output.format == .json
    for namespace in namespaces {
      if isUsage {
        let query = Query(
          labelSelector: configuration.labelSelector, fieldSelector: configuration.fieldSelector,
          object: name.object)
        add(usage: resource, link, namespace, query, standsAlone: true)
        continue
      }
      let scope = ScopeRunner(
        link: link, name: name, resource: resource, namespace: namespace,
        query: Query(
          labelSelector: configuration.labelSelector, fieldSelector: configuration.fieldSelector,
          object: name.object),
        settings: settings, output: output, options: configuration.output, diagnostics: diagnostics,
        host: self)
      if let entry = state?.entry(scope.key) {
        scope.machine.restore(resourceVersion: entry.resourceVersion, objects: entry.objects)
      }
      scopes.append(scope)
      report(scope, scope.machine.health)
      scope.handle(.start)
      guard configuration.usageInterval != nil, !settings.isSnapshot,
        let usage = UsageRunner.usage(of: resource)
      else { continue }
      let query = Query(labelSelector: configuration.labelSelector, object: name.object)
      add(usage: usage, link, namespace, query, standsAlone: false)
    }
  }

  private func add(
    usage resource: APIResource, _ link: ClusterLink, _ namespace: String?, _ query: Query, standsAlone: Bool
  ) {
    usages.append(
      UsageRunner(
        link, resource, namespace: namespace, query: query,
        interval: configuration.usageInterval ?? configuration.scope.pollInterval, standsAlone: standsAlone,
        isSnapshot: configuration.scope.isSnapshot, retryLimit: configuration.scope.retryLimit,
        output: output, options: configuration.output,
        diagnostics: diagnostics,
        host: UsageRunner.Host(
          start: { [unowned self] in multi.start($0) }, cancel: { [unowned self] in multi.cancel($0) },
          fail: { [unowned self] in fail($0) },
          report: { [unowned self] in
            report($0, $1, $2)
            noteReady()
          },
          finished: { [unowned self] status, message in
            isDisturbed = true
            if status != .ok { failed(status, message) }
          })))
  }

  private func printResources(_ cluster: ClusterRunner, _ found: [APIResource]) {
    guard !found.isEmpty else {
      failed(.unavailable, "the server lists no resources (\(cluster.link.label))")
      return cluster.abandon()
    }
    do throws(OutputError) {
      for resource in found where resource.mode != "none" { try output.append(resource.line) }
    } catch { fail(error) }
  }

  // MARK: - The end

  private var ending: ExitStatus? {
    guard finals.count >= scopes.count, usages.allSatisfy({ $0.isFinished || !$0.standsAlone }) else {
      return nil
    }
    guard clusters.allSatisfy(\.isDone), waiting.isEmpty else { return nil }
    if configuration.listsResources { return hasAnswers ? firstFailure ?? .ok : nil }
    guard hasAnswers else { return nil }
    return firstFailure ?? .ok
  }

  /// Every cluster has been asked to the end at least once.
  private var hasAnswers: Bool { clusters.allSatisfy { $0.attempts > 0 } }

  private func save(_ now: Duration, isLast: Bool = false) throws {
    guard var store = state, scopes.contains(where: \.hasNews) else { return }
    let count = scopes.reduce(0) { $0 + $1.machine.known.count }
    guard isLast || store.isDue(objectCount: count, now: now) else { return }
    try store.write(scopes, now: now)
    state = store
  }

  // MARK: - ScopeHost

  func disturb() { isDisturbed = true }

  func send(_ scope: ScopeRunner, _ id: TransferID, _ request: ScopeRequest, fresh: Bool) {
    waiting.append((scope, id, request, fresh))
  }

  func cancel(_ exchange: Exchange, discarding: Bool) { multi.cancel(exchange, discarding: discarding) }

  func fail(_ error: OutputError) { outputError = outputError ?? error }

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
        if next.scope.machine.isSynced {
          next.scope.handle(.failed(next.id, ScopeFailure(kind: .transport, message: error.message)))
        } else {
          finished(next.scope, error.status, "\(error.message) (\(next.scope.link.label))")
          next.scope.machine.abandon()
        }
      }
    }
  }

  func synced(_ scope: ScopeRunner) { noteReady() }

  private func noteReady() {
    guard !isReady, clusters.allSatisfy(\.isDone), scopes.allSatisfy({ $0.machine.isSynced }),
      usages.allSatisfy({ $0.hasWorked || !$0.standsAlone })
    else { return }
    isReady = true
    notifier.ready("watching \(scopes.count) scopes")
  }

  func finished(_ scope: ScopeRunner, _ status: ExitStatus, _ message: String) {
    finals[ObjectIdentifier(scope)] = status
    if status != .ok { failed(status, message) }
  }

  private func failed(_ status: ExitStatus, _ message: String) {
    // One problem of a cluster may end several scopes; it is reported once.
    if reportedFailures.insert(message).inserted { diagnostics.error(message) }
    firstFailure = firstFailure ?? status
  }

  func rediscover(_ scope: ScopeRunner) {
    // A path and a version say where it is; and whoever is asked already need not be asked again.
    let name = scope.name
    guard !name.isPath, name.version == nil, !rediscoveries.contains(where: { $0.scope === scope }),
      let whole = try? ResourceName(scope.resource.qualifiedName)
    else { return }
    let cluster = ClusterRunner(scope.link, [whole], wantsAll: false) { _, verdicts, _ in
      // Another version or reach of the same resource, but not one of the same name in another group.
      guard case .found(let found, _)? = verdicts.first?.1,
        found.qualifiedName == scope.resource.qualifiedName,
        found.path(namespace: scope.namespace) != scope.resource.path(namespace: scope.namespace)
      else { return }
      scope.move(to: found)
    }
    rediscoveries.append((scope, cluster))
    cluster.start()
  }
}
