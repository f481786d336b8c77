// SPDX-License-Identifier: Apache-2.0
import Encoding
import Events
import Glibc
import Lines
import Process
import Synchronization

/// Writes a STATUS line when the health of the server has changed: `--status`.
final class StatusReporter: Sendable {
  /// The sink is used under the mutex only.
  private struct Sink: @unchecked Sendable {
    let sink: StatusSink
    var last: StreamStatus?
  }

  private let sink: Mutex<Sink>
  private let server: Server

  init(_ destination: StatusSink.Destination, server: Server) throws(OutputError) {
    self.server = server
    let output = OutputWriter(descriptor: STDOUT_FILENO, capacity: 4096)
    // wfanout prints nothing else to stdout, so an inline line goes there.
    let place = destination == .inline ? .descriptor(STDOUT_FILENO) : destination
    sink = Mutex(Sink(sink: try StatusSink(place, output: output)))
  }

  /// Reports until a line cannot be written; `whenFailed` is called then.
  func start(whenFailed: @escaping @Sendable (OutputError) -> Void) {
    guard sink.withLock({ $0.sink.isActive }) else { return }
    startThread {
      do throws(OutputError) {
        while true {
          try self.report(isOver: false)
          usleep(250_000)
        }
      } catch {
        whenFailed(error)
      }
    }
  }

  /// Writes the last line, at the end of the stream.
  func end() { try? report(isOver: true) }

  private func report(isOver: Bool) throws(OutputError) {
    var status = server.status
    if isOver { (status.health, status.reason) = (.unhealthy, .disconnect) }
    status.isConnected = !isOver
    let error: OutputError? = sink.withLock { sink in
      guard sink.sink.isActive else { return nil }
      let isNew = sink.last?.health != status.health || sink.last?.reason != status.reason
      if let last = sink.last, last.health == status.health { status.since = last.since }
      guard isNew else { return nil }
      sink.last = status
      do throws(OutputError) {
        try sink.sink.write(status)

        return nil
      } catch {
        return error
      }
    }
    if let error { throw error }
  }
}

extension Server {
  /// Healthy after an event, or if the sources report it; a server that starts its sources on demand is
  /// healthy.
  var status: StreamStatus {
    let streams = pool.map { $0.running.map(\.stream) } ?? [stream]
    let said = Set(streams.map(\.state.health.worst))
    var status = StreamStatus(
      tool: "wfanout", scope: [("source", pool == nil ? "stdin" : "upstream")], mode: .streaming,
      health: .healthy, reason: .none, since: .now)
    let published = streams.reduce(0) { $0 + $1.state.published }
    if said.contains("unhealthy") {
      (status.health, status.reason) = (.unhealthy, .error)
    } else if said.contains("degraded") {
      (status.health, status.reason) = (.degraded, .error)
    } else if pool == nil, published == 0 {
      (status.health, status.reason) = (.degraded, .awaiting)
    }
    status.isDelivering = status.health == .healthy && admission.clientCount > 0
    return status
  }
}
