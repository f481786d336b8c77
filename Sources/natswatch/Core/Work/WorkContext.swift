// SPDX-License-Identifier: Apache-2.0

import Encoding
import Lines
import Metrics
import Process
import Synchronization

/// What the workers of one process share.
final class WorkContext: Sendable {
  let settings: WorkSettings
  let session: Session
  private let current: Mutex<Connection>
  let queue: WorkQueue
  let journal: WorkJournal?
  let pending: Gauge
  private let breaker: Mutex<CircuitBreaker>
  private let duplicates: Mutex<DuplicateFilter>
  private let running = Atomic<Int>(0)
  private let stopping = Atomic<Bool>(false)
  private let shown = Mutex<[UInt64: WorkItem]>([:])
  private let fatal = Mutex<NATSError?>(nil)
  private let origin = ContinuousClock.now
  private let processed: [Bool: Counter]
  private let latency: Histogram
  private let health: Gauge
  private let received: Mutex<SubjectCounters>
  private let published: Mutex<SubjectCounters>

  init(
    _ settings: WorkSettings, session: Session, connection: Connection, queue: WorkQueue,
    metricsPrefix: String
  ) throws(WorkJournal.Failure) {
    self.settings = settings
    self.session = session
    current = Mutex(connection)
    self.queue = queue
    journal = try settings.journal.map { path throws(WorkJournal.Failure) in
      try WorkJournal(path: path, processedBy: settings.controller)
    }
    breaker = Mutex(CircuitBreaker(threshold: settings.breaker, openFor: settings.breakerPause))
    duplicates = Mutex(DuplicateFilter(window: settings.deduplicateFor))
    let registry = session.registry
    let counter = { (result: String) in
      registry.counter(
        "\(metricsPrefix)events_processed_total", help: "Messages handled, by controller and result.",
        labels: [("controller", settings.controller), ("result", result)])
    }
    processed = [true: counter("success"), false: counter("failure")]
    latency = registry.histogram(
      "\(metricsPrefix)event_latency_seconds",
      help: "From the storing of a message to the end of its handling.")
    health = registry.gauge(
      "\(metricsPrefix)controller_health",
      help: "1 while messages are handled, 0 while the circuit breaker is open.",
      labels: [("controller", settings.controller)])
    health.set(1)
    pending = registry.gauge(
      "nats_pending_msgs", help: "Messages that match and have not been delivered yet.")
    received = Mutex(
      SubjectCounters(registry, name: "nats_msgs_received_total", help: "Messages received, by subject."))
    published = Mutex(
      SubjectCounters(
        registry, name: "nats_msgs_published_total", help: "Messages published and acknowledged, by subject.")
    )
  }

  var now: Duration { ContinuousClock.now - origin }

  // MARK: - The connection

  /// The connection as it is now: another one after a loss.
  var connection: Connection { current.withLock { $0 } }
  var jetStream: JetStream { JetStream(connection: connection, shutdown: session.shutdown) }

  /// Tries once to replace a connection that is lost. For the supervising thread.
  func replaceLostConnection() {
    let lost = connection
    guard let loss = lost.loss else { return }
    do throws(NATSError) {
      let next = try session.replace(lost)
      current.withLock { $0 = next }
    } catch {
      guard error.isTransient else { return fail(error) }
      session.diagnostics.debug("connection lost: \(loss.reason): \(error)")
    }
  }

  // MARK: - Coming to an end

  /// True when no more messages are to be pulled.
  var isStopping: Bool { stopping.load(ordering: .relaxed) || session.shutdown.cause != nil }
  func stop() { stopping.store(true, ordering: .relaxed) }

  /// An error that ends the process; the first counts.
  var failure: NATSError? { fatal.withLock { $0 } }
  func fail(_ error: NATSError) {
    fatal.withLock { if $0 == nil { $0 = error } }
    stop()
  }

  var workers: Int { running.load(ordering: .relaxed) }
  func workerStarted() { running.wrappingAdd(1, ordering: .relaxed) }
  func workerEnded() { running.wrappingSubtract(1, ordering: .relaxed) }

  // MARK: - The breaker

  func mayPull() -> Bool { breaker.withLock { $0.mayPull(now: now) } }
  func returnLeave() { breaker.withLock { $0.returnLeave(now: now) } }

  /// What heartbeats say.
  var isHealthy: Bool { breaker.withLock { $0.state == .closed } }

  /// Counts the end of a handling.
  func handled(_ item: WorkItem, succeeded: Bool) {
    processed[succeeded]?.increment()
    let age = Double(Timestamp.now.nanoseconds - item.metadata.time) / 1e9
    latency.observe(max(0, age))
    if succeeded {
      breaker.withLock { $0.succeeded() }
    } else if breaker.withLock({ $0.failed(now: now) }) {
      session.diagnostics.warning(
        "\(settings.breaker ?? 0) failures in a row: pulling nothing for \(DurationText.print(settings.breakerPause))"
      )
    }
    health.set(isHealthy ? 1 : 0)
  }

  // MARK: - Duplicates and counts

  func begin(_ identifier: [UInt8]) -> DuplicateFilter.Verdict {
    duplicates.withLock { $0.begin(identifier, now: now) }
  }

  func end(_ identifier: [UInt8], succeeded: Bool) {
    duplicates.withLock { $0.end(identifier, succeeded: succeeded, now: now) }
  }

  func countReceived(_ item: WorkItem) {
    pending.set(Double(item.metadata.pending))
    received.withLock { $0.increment(item.subject) }
  }

  func countPublished(_ subject: String) { published.withLock { $0.increment(subject) } }

  // MARK: - Dry run

  /// Writes a message to stdout, once however often it is delivered, and keeps it until ``giveBack()``.
  func show(_ item: WorkItem) throws(OutputError) {
    let isNew = shown.withLock { shown in
      guard shown.updateValue(item, forKey: item.metadata.streamSequence) == nil else { return false }
      return true
    }
    guard isNew else { return }
    var encoder = EventEncoder(form: .verbatim)
    encoder.setStream(queue.stream, epoch: queue.epoch)
    let writer = OutputWriter()
    let subject = Array(item.subject.utf8)
    try unsafe item.payload.withUnsafeBufferPointer { (payload) throws(OutputError) in
      try unsafe subject.withUnsafeBufferPointer { (subject) throws(OutputError) in
        _ = try unsafe encoder.encode(
          payload: payload, subject: subject, headers: item.headers, item.metadata, to: writer)
      }
    }
    try writer.flush()
  }

  /// Lets others have what a dry run has shown.
  func giveBack() {
    for item in shown.withLock({ Array($0.values) }) {
      connection.publish(Array("-NAK".utf8), to: item.reply)
    }
  }
}
