// SPDX-License-Identifier: Apache-2.0
import Pipe
import Synchronization
import Watch

/// kwatch's loop: one thread moves bytes from libcurl through the scopes' machines to stdout.
///
/// A blocking write to stdout is the back-pressure: while the reader is slow nothing is read, and what the servers
/// make of that is the machines' business.
final class Engine: ScopeHost {
  struct StartFailure: ToolError {
    var description: String
    var status: ExitStatus
  }

  let configuration: WatchConfiguration
  let diagnostics: Diagnostics
  let shutdown: Shutdown
  let output: OutputWriter
  let multi: CurlMulti
  private let sink: StatusSink
  private let notifier = ServiceNotifier()
  private let hangups = Hangups()
  private var state: StateStore?
  private var clusters: [ClusterRunner] = []
  private(set) var scopes: [ScopeRunner] = []
  private var usages: [UsageRunner] = []
  private var finals: [ObjectIdentifier: ExitStatus] = [:]
  private var firstFailure: ExitStatus?
  private var waiting: [(scope: ScopeRunner, id: TransferID, request: ScopeRequest, fresh: Bool)] = []
  private var outputError: OutputError?
  private var since: [String: (health: StreamStatus.Health, at: Timestamp)] = [:]
  private var isReady = false
  private let metrics: EngineMetrics?

  private final class Hangups: Sendable { let count = Atomic<Int>(0) }
  private var seenHangups = 0

  init(_ configuration: WatchConfiguration, diagnostics: Diagnostics, shutdown: Shutdown) throws {
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
    let waker = multi.waker
    shutdown.interruptWrites()
    shutdown.onRequest { _ in waker.wake() }
    let hangups = hangups
    shutdown.onHangup {
      hangups.count.add(1, ordering: .relaxed)
      waker.wake()
    }
    let loader = KubeconfigLoader(environment: SystemFile.environment, read: SystemFile.read)
    for (name, target) in try loader.targets(
      explicit: configuration.kubeconfig, contexts: configuration.contexts)
    {
      let link = ClusterLink(name: name, target: target, configuration) { waker.wake() }
      clusters.append(
        ClusterRunner(link, configuration.resources, wantsAll: configuration.listsResources) {
          [unowned self] in judged($0, $1, $2)
        })
    }
  }

  /// Runs until everything asked for is done, or can no longer be done, or the process has to end.
  func run() throws -> ExitStatus {
    let start = MonotonicClock.now
    for cluster in clusters { cluster.start() }
    while shutdown.cause == nil {
      let turn = MonotonicClock.now
      let counts = scopes.map(\.eventCount)
      multi.step()
      for (scope, count) in zip(scopes, counts) { scope.noteTime(count) }
      if let outputError { throw outputError }
      try output.flush()
      notifier.alive()
      var now = MonotonicClock.now
      // Nothing but a reader that does not read takes a turn this long.
      if now - turn > .seconds(1) { excuse(now - turn, now) }
      metrics?.update(scopes, bytesWritten: output.bytesWritten)
      try save(now)
      if let status = ending { return try end(status) }
      if let limit = configuration.timeout, now - start >= limit { return try end(.timedOut) }
      timers(now)
      for cluster in clusters { cluster.pump(multi) }
      sendWaiting()
      if let outputError { throw outputError }
      try output.flush()
      now = MonotonicClock.now
      if ending == nil { multi.wait(milliseconds: pause(now, start)) }
    }
    return try end(.ok)
  }

  private func end(_ status: ExitStatus) throws -> ExitStatus {
    notifier.stopping()
    try output.flush()
    try save(MonotonicClock.now, isLast: true)
    return status
  }

  // MARK: - Time

  private func timers(_ now: Duration) {
    let hangups = hangups.count.load(ordering: .relaxed)
    if hangups != seenHangups {
      seenHangups = hangups
      diagnostics.debug("SIGHUP: listing again")
      for scope in scopes { scope.handle(.relist) }
    }
    for cluster in clusters { cluster.timer(now) }
    for usage in usages { usage.timer(now) }
    for scope in scopes {
      if let deadline = scope.machine.deadline, deadline <= now { scope.handle(.timer) }
    }
  }

  private func pause(_ now: Duration, _ start: Duration) -> Int32 {
    var next = now + .seconds(60)
    for cluster in clusters { if let at = cluster.wakeAt { next = min(next, at) } }
    for scope in scopes { if let at = scope.machine.deadline { next = min(next, at) } }
    for usage in usages { next = min(next, usage.deadline) }
    if let interval = notifier.watchdogInterval { next = min(next, now + interval) }
    if let limit = configuration.timeout { next = min(next, start + limit) }
    if state != nil, scopes.contains(where: \.hasNews) { next = min(next, now + .seconds(1)) }
    return Int32(clamping: max(0, (next - now).milliseconds + 1))
  }

  private func excuse(_ length: Duration, _ now: Duration) {
    diagnostics.debug("the reader of stdout was slow for \(length.milliseconds) ms")
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
      case .found(let resource): start(cluster.link, name, resource)
      case .final(let status, let reason, let message):
        diagnostics.error(message)
        firstFailure = firstFailure ?? status
        report(cluster.link, name, .unhealthy, reason)
      case .later(let message, let reason):
        if cluster.attempts == 1 || cluster.attempts == 4 { diagnostics.warning("\(message); trying again") }
        report(cluster.link, name, cluster.attempts > 3 ? .unhealthy : .degraded, reason)
        if let limit = configuration.scope.retryLimit, cluster.attempts > limit {
          diagnostics.error(message)
          firstFailure = firstFailure ?? .unavailable
          cluster.abandon()
        }
      }
    }
  }

  private func start(_ link: ClusterLink, _ name: ResourceName, _ resource: APIResource) {
    var settings = configuration.scope
    settings.canWatch = resource.verbs.contains("watch") || resource.verbs.isEmpty
    let namespaces: [String?]
    if !resource.isNamespaced || configuration.isAllNamespaces {
      namespaces = [nil]
    } else if let namespace = name.namespace {
      namespaces = [namespace]
    } else {
      namespaces = configuration.namespaces.isEmpty ? [link.target.namespace] : configuration.namespaces
    }
    for namespace in namespaces {
      let scope = ScopeRunner(
        link: link, resource: resource, namespace: namespace,
        query: Query(
          labelSelector: configuration.labelSelector, fieldSelector: configuration.fieldSelector,
          object: name.object),
        machine: ScopeMachine(settings: settings, namespaced: resource.isNamespaced) { .random(in: 0..<1) },
        printer: EventPrinter(
          output, resource: resource, options: configuration.output, cluster: link.name, namespace: namespace),
        isTable: configuration.output.format == .table, diagnostics: diagnostics, host: self)
      if let entry = state?.entries[scope.key] {
        scope.machine.restore(resourceVersion: entry.resourceVersion, objects: entry.objects)
      }
      scopes.append(scope)
      report(scope, scope.machine.health)
      scope.handle(.start)
      addUsage(link, resource, namespace, name)
    }
  }

  private func addUsage(
    _ link: ClusterLink, _ resource: APIResource, _ namespace: String?, _ name: ResourceName
  ) {
    guard let interval = configuration.usageInterval, UsageRunner.knows(resource),
      !configuration.scope.isSnapshot
    else { return }
    let query = Query(labelSelector: configuration.labelSelector, object: name.object)
    usages.append(
      UsageRunner(
        link, of: resource, namespace: namespace, query: query, interval: interval, output: output,
        options: configuration.output, diagnostics: diagnostics,
        host: UsageRunner.Host(
          start: { [unowned self] in multi.start($0) }, cancel: { [unowned self] in multi.cancel($0) },
          fail: { [unowned self] in fail($0) },
          report: { [unowned self] in report($0, $1, $2) })))
  }

  private func printResources(_ cluster: ClusterRunner, _ found: [APIResource]) {
    guard !found.isEmpty else {
      firstFailure = firstFailure ?? .unavailable
      diagnostics.error("context \(cluster.link.name): the server told of no resources")
      return cluster.abandon()
    }
    do throws(OutputError) {
      for resource in found where resource.mode != "none" { try output.append(resource.line) }
    } catch { fail(error) }
  }

  // MARK: - The end

  private var ending: ExitStatus? {
    guard clusters.allSatisfy(\.isDone), waiting.isEmpty else { return nil }
    if configuration.listsResources { return hasAnswers ? firstFailure ?? .ok : nil }
    guard hasAnswers, scopes.allSatisfy({ finals[ObjectIdentifier($0)] != nil }) else { return nil }
    return firstFailure ?? .ok
  }

  /// Every cluster has been asked to the end at least once.
  private var hasAnswers: Bool { clusters.allSatisfy { $0.attempts > 0 } }

  private func save(_ now: Duration, isLast: Bool = false) throws {
    guard var store = state, scopes.contains(where: \.hasNews) else { return }
    let count = scopes.reduce(0) { $0 + $1.machine.known.count }
    guard isLast || store.isDue(objectCount: count, now: now) else { return }
    // In the middle of a list resourceVersion and objects do not belong together.
    guard scopes.allSatisfy({ $0.machine.isConsistent || !$0.machine.isSynced }) else { return }
    for scope in scopes { scope.hasNews = false }
    try store.write(scopes, now: now)
    state = store
  }

  // MARK: - ScopeHost

  func send(_ scope: ScopeRunner, _ id: TransferID, _ request: ScopeRequest, fresh: Bool) {
    waiting.append((scope, id, request, fresh))
  }

  func cancel(_ exchange: Exchange) { multi.cancel(exchange) }

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
          finished(next.scope, .badConfig, error.message)
          next.scope.machine.abandon()
        }
      }
    }
  }

  func synced(_ scope: ScopeRunner) {
    guard !isReady, clusters.allSatisfy(\.isDone), scopes.allSatisfy({ $0.machine.isSynced }) else { return }
    isReady = true
    notifier.ready("watching \(scopes.count) scopes")
  }

  func finished(_ scope: ScopeRunner, _ status: ExitStatus, _ message: String) {
    finals[ObjectIdentifier(scope)] = status
    guard status != .ok else { return }
    diagnostics.error(message)
    firstFailure = firstFailure ?? status
  }

  // MARK: - Status

  func report(_ scope: ScopeRunner, _ health: ScopeHealth) {
    guard sink.isActive else { return }
    var status = self.status(
      scope.link, resource: scope.resource.qualifiedName, namespace: scope.namespace, health.level,
      health.reason)
    status.mode = health.mode
    status.isConnected = health.isConnected
    status.isDelivering = health.isDelivering
    status.isPolling = health.isPolling
    status.lastEvent = scope.lastEvent
    status.resourceVersion = scope.machine.resourceVersion
    status.reconnects = scope.machine.reconnects
    status.resyncs = scope.machine.resyncs
    status.errors = scope.machine.errors
    write(status)
  }

  private func report(_ usage: UsageRunner, _ health: StreamStatus.Health, _ reason: StreamStatus.Reason) {
    guard sink.isActive else { return }
    var status = self.status(
      usage.link, resource: usage.resource.qualifiedName, namespace: usage.namespace, health, reason)
    status.mode = .metricsOnly
    status.isConnected = health == .healthy
    status.isDelivering = health == .healthy
    status.isPolling = true
    status.pollingIntervalSeconds = max(1, Int((configuration.usageInterval ?? .zero).components.seconds))
    write(status)
  }

  private func report(
    _ link: ClusterLink, _ name: ResourceName, _ health: StreamStatus.Health, _ reason: StreamStatus.Reason
  ) {
    guard sink.isActive else { return }
    let namespace =
      configuration.isAllNamespaces ? nil : configuration.namespaces.first ?? link.target.namespace
    write(status(link, resource: name.text, namespace: namespace, health, reason))
  }

  private func status(
    _ link: ClusterLink, resource: String, namespace: String?, _ health: StreamStatus.Health,
    _ reason: StreamStatus.Reason
  ) -> StreamStatus {
    let key = "\(link.name)|\(resource)|\(namespace ?? "*")"
    let known = since[key]
    let at = known?.health == health ? known?.at ?? .now : .now
    since[key] = (health, at)
    var status = StreamStatus(
      tool: "kwatch",
      scope: [("cluster", link.name), ("resource", resource), ("namespace", namespace ?? "*")],
      mode: .snapshot, health: health, reason: reason, since: at)
    status.pollingIntervalSeconds = max(1, Int(configuration.scope.pollInterval.components.seconds))
    return status
  }

  private func write(_ status: StreamStatus) {
    do throws(OutputError) { try sink.write(status) } catch {
      // A health file that fills its disk must not stop the data; inline it is the data.
      if configuration.status == .inline { fail(error) }
    }
  }
}
