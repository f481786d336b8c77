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
  private let health: HealthReporter
  private let notifier = ServiceNotifier()
  private let pending: Gauge
  private let recreations: Counter
  private var received: SubjectCounters
  private let countsSubjects: Bool
  private var lastEvent: Timestamp?
  private var isReady = false
  private var lastAlive = ContinuousClock.now

  /// - Throws: ``OutputError`` if the destination of STATUS lines cannot be opened.
  init(_ settings: TailSettings, session: Session, output: OutputWriter, countsSubjects: Bool) throws {
    self.session = session
    self.countsSubjects = countsSubjects
    let registry = session.registry
    invalid = registry.counter("natswatch_invalid_payloads_total", help: "Payloads that were not JSON.")
    pending = registry.gauge(
      "nats_pending_msgs", help: "Messages that match and have not been delivered yet.")
    recreations = registry.counter(
      "natswatch_consumer_recreations_total", help: "Consumers created again to continue without a gap.")
    received = SubjectCounters(
      registry, name: "nats_msgs_received_total", help: "Messages received, by subject.")
    health = try HealthReporter(
      session.status, output: output,
      scope: [
        ("stream", settings.stream ?? ""),
        ("subject", settings.subjects.map(\.description).joined(separator: ",")),
      ])
  }

  /// A consumer was created; the first message or heartbeat will prove that it delivers.
  func created(stream: String, pending count: UInt64) throws(OutputError) {
    health.status.scope[0].value = stream
    health.status.isConnected = true
    pending.set(Double(count))
    if count == 0, health.lastReported?.health ?? .healthy == .healthy { health.set(.healthy) }
    try health.report()
    if !isReady {
      isReady = true
      notifier.ready("tailing \(stream)")
    }
  }

  func received(_ message: borrowing Message, _ metadata: DeliveryMetadata) {
    lastEvent = Timestamp(nanoseconds: metadata.time)
    if countsSubjects { unsafe received.increment(message.subjectBytes) }
  }

  /// All that has been received so far has been written.
  func flushed(_ machine: OrderedConsumer) throws(OutputError) {
    if let interval = notifier.watchdogInterval, ContinuousClock.now - lastAlive >= interval {
      lastAlive = .now
      notifier.alive()
    }
    pending.set(Double(machine.pending))
    guard lastEvent != nil, health.status.isConnected else { return }
    try markHealthy(machine)
  }

  func heartbeat(_ machine: OrderedConsumer) throws(OutputError) {
    health.status.isConnected = true
    try markHealthy(machine)
  }

  private func markHealthy(_ machine: OrderedConsumer) throws(OutputError) {
    health.set(.healthy)
    try health.report { [lastEvent] status in
      status.lastEvent = lastEvent
      if let frontier = machine.frontier { status.resourceVersion = String(frontier) }
    }
  }

  func disconnected(_ reason: String, isReported: Bool) throws(OutputError) {
    health.status.reconnects += 1
    let text = "connection lost: \(reason): trying again"
    isReported ? session.diagnostics.warning(text) : session.diagnostics.debug(text)
    try health.disconnected()
  }

  func failed(_ error: NATSError) throws(OutputError) {
    health.status.errors += 1
    session.diagnostics.debug("\(error)")
    try health.disconnected()
  }

  func recreating() throws(OutputError) {
    recreations.increment()
    health.status.resyncs += 1
    health.set(.degraded, .resync)
    try health.report()
  }

  func gone() throws(OutputError) {
    health.set(.unhealthy, .gone)
    try health.report()
  }

  func refused(_ error: NATSError) throws(OutputError) { try health.refused(error) }

  func ended() { notifier.stopping() }
}
