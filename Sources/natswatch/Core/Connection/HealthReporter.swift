// SPDX-License-Identifier: Apache-2.0

import Encoding
import Events
import Lines

/// Writes a STATUS line for each change of health, reason or connection, not for events. For one thread.
final class HealthReporter {
  /// The state now; what changes in it is reported by ``report()``.
  var status: StreamStatus
  private(set) var lastReported: StreamStatus?
  private let sink: StatusSink

  /// - Throws: ``OutputError`` if the destination cannot be opened.
  init(
    _ destination: StatusSink.Destination, output: OutputWriter, scope: [(key: String, value: String)]
  ) throws(OutputError) {
    sink = try StatusSink(destination, output: output)
    status = StreamStatus(
      tool: "natswatch", scope: scope, mode: .streaming, health: .unhealthy, reason: .awaiting, since: .now)
  }

  /// For a run that writes nothing else to stdout.
  convenience init(_ session: Session, scope: [(key: String, value: String)]) throws(OutputError) {
    try self.init(
      session.status == .inline ? .descriptor(1) : session.status,
      output: OutputWriter(shutdown: session.shutdown), scope: scope)
  }

  func set(_ health: StreamStatus.Health, _ reason: StreamStatus.Reason = .none) {
    if health != status.health { status.since = .now }
    status.health = health
    status.reason = reason
    status.isDelivering = health == .healthy
  }

  /// Writes a line if something has changed; `complete` sets before what changes with every event.
  func report(_ complete: (inout StreamStatus) -> Void = { _ in }) throws(OutputError) {
    guard sink.isActive else { return }
    if let last = lastReported, last.health == status.health, last.reason == status.reason,
      last.isConnected == status.isConnected
    {
      return
    }
    complete(&status)
    lastReported = status
    try sink.write(status)
  }

  /// The server has answered.
  func connected() throws(OutputError) {
    status.isConnected = true
    set(.healthy)
    try report()
  }

  func disconnected() throws(OutputError) {
    status.isConnected = false
    set(.unhealthy, .disconnect)
    try report()
  }

  /// Reports the error that ends the run.
  func refused(_ error: NATSError) throws(OutputError) {
    status.errors += 1
    let reason: StreamStatus.Reason =
      switch error.code {
      case .noPermission: .permission
      case .notFound: .noScope
      default: .error
      }
    set(.unhealthy, reason)
    try report()
  }
}
