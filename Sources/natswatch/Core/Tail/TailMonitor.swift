// SPDX-License-Identifier: Apache-2.0

import Encoding
import Events
import Lines
import Metrics
import Process

/// Reports the state of a tail: STATUS lines, metrics, readiness. Used by the tail's thread alone.
package final class TailMonitor {
  let invalid: Counter
  private let session: Session
  private let sink: StatusSink
  private let notifier = ServiceNotifier()
  private let pending: Gauge
  private let recreations: Counter
  private var received: SubjectCounters
  private let countsSubjects: Bool
  private var status: StreamStatus
  private var told: StreamStatus?
  private var isReady = false
  private var lastAlive = ContinuousClock.now

  /// - Throws: ``OutputError`` if the destination of STATUS lines cannot be opened.
  init(_ settings: TailSettings, session: Session, output: OutputWriter, countsSubjects: Bool) throws {
    self.session = session
    self.countsSubjects = countsSubjects
    sink = try StatusSink(settings.status, output: output)
    let registry = session.registry
    invalid = registry.counter("natswatch_invalid_payloads_total", help: "Payloads that were not JSON.")
    pending = registry.gauge(
      "nats_pending_msgs", help: "Messages that match and have not been delivered yet.")
    recreations = registry.counter(
      "natswatch_consumer_recreations_total", help: "Consumers created again to continue without a gap.")
    received = SubjectCounters(
      registry, name: "nats_msgs_received_total", help: "Messages received, by subject.")
    status = StreamStatus(
      tool: "natswatch", scope: [], mode: .streaming, health: .unhealthy, reason: .awaiting, since: .now)
    status.scope = [
      ("stream", settings.stream ?? ""),
      ("subject", settings.subjects.map(\.description).joined(separator: ",")),
    ]
  }

  /// A consumer was created; the first message or heartbeat will prove that it delivers.
  func created(stream: String, pending count: UInt64) throws(OutputError) {
    status.scope[0].value = stream
    status.isConnected = true
    pending.set(Double(count))
    if count == 0, told?.health == .healthy || told == nil { markHealthy() }
    try tell()
    if !isReady {
      isReady = true
      notifier.ready("tailing \(stream)")
    }
  }

  func received(_ message: borrowing Message, _ metadata: DeliveryMetadata) {
    status.lastEvent = Timestamp(nanoseconds: metadata.time)
    if countsSubjects { unsafe received.increment(message.subjectBytes) }
  }

  /// All that has been received so far has been written.
  func flushed(_ machine: OrderedConsumer) throws(OutputError) {
    if let interval = notifier.watchdogInterval, ContinuousClock.now - lastAlive >= interval {
      lastAlive = .now
      notifier.alive()
    }
    pending.set(Double(machine.pending))
    guard status.lastEvent != nil, status.isConnected else { return }
    markHealthy()
    try tell(machine)
  }

  func heartbeat(_ machine: OrderedConsumer) throws(OutputError) {
    status.isConnected = true
    markHealthy()
    try tell(machine)
  }

  func disconnected(_ reason: String) throws(OutputError) {
    status.isConnected = false
    set(.unhealthy, .disconnect)
    status.reconnects += 1
    session.diagnostics.warning("connection lost: \(reason): trying again")
    try tell()
  }

  func failed(_ error: NATSError) throws(OutputError) {
    status.errors += 1
    status.isConnected = false
    session.diagnostics.debug("\(error)")
    set(.unhealthy, .disconnect)
    try tell()
  }

  func recreating(_ reason: String) throws(OutputError) {
    recreations.increment()
    status.resyncs += 1
    set(.degraded, .resync)
    try tell()
  }

  func gone() throws(OutputError) {
    set(.unhealthy, .gone)
    try tell()
  }

  func refused(_ error: NATSError) throws(OutputError) {
    set(.unhealthy, error.code == .noPermission ? .permission : error.code == .notFound ? .noScope : .error)
    try tell()
  }

  func ended() { notifier.stopping() }

  private func markHealthy() { set(.healthy, .none) }

  private func set(_ health: StreamStatus.Health, _ reason: StreamStatus.Reason) {
    if health != status.health { status.since = .now }
    status.health = health
    status.reason = reason
    status.isDelivering = health == .healthy
  }

  /// Writes one line for each change of health, reason or connection, not for events.
  private func tell(_ machine: OrderedConsumer? = nil) throws(OutputError) {
    guard sink.isActive else { return }
    if let told, told.health == status.health, told.reason == status.reason,
      told.isConnected == status.isConnected
    {
      return
    }
    if let frontier = machine?.frontier { status.resourceVersion = String(frontier) }
    told = status
    try sink.write(status)
  }
}
