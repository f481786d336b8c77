// SPDX-License-Identifier: Apache-2.0

import Process

extension WorkEngine {
  /// The time limit for the server's last responses.
  private static let settlingTime: Duration = .seconds(5)
  /// The time between SIGTERM and SIGKILL for handlers.
  private static let terminationTime: Duration = .seconds(5)

  /// Ends the run with an error; the first one counts.
  func end(with error: any ToolError) { failure = failure ?? error }

  /// Ends the run because nothing is left to do.
  func stop() { isAskedToStop = true }

  /// Moves the run to its next stage when it is due.
  func advance() {
    switch stage {
    case .running:
      if session.shutdown.cause != nil || failure != nil || isAskedToStop { beginDraining() }
    case .draining(let until):
      // An error during draining shortens the time limit to that of an error that began it.
      let limit = failure == nil ? until : min(until, now + Self.terminationTime)
      stage = .draining(until: limit)
      if !isHandling { return settle() }
      if now >= limit { terminateHandlers() }
    case .terminating(let until):
      if !isHandling { return settle() }
      if now >= until { for process in runningProcesses { process.kill() } }
    case .settling(let until):
      let isAnswered = requests.values.allSatisfy { $0.isBoundToConnection }
      if isAnswered || now >= until || !trouble.isOver && failure != nil { leave() }
    case .done: break
    }
  }

  private var isHandling: Bool { !runningProcesses.isEmpty }

  private var runningProcesses: [HandlerProcess] {
    handlers.map(\.process) + lineHandlers.compactMap(\.process)
  }

  private func beginDraining() {
    // A message that is given back would come back to this process's own pull requests, and an ended process leaves it
    // unacknowledged for the whole ack wait.
    deliveries.cancel()
    abandonWaiting()
    // A line handler ends when its input ends, after its last answer.
    for handler in lineHandlers { handler.process?.closeInput() }
    let time = failure == nil ? settings.drainTimeout : min(settings.drainTimeout, Self.terminationTime)
    stage = .draining(until: now + time)
    advance()
  }

  private func terminateHandlers() {
    let count = runningProcesses.count
    diagnostics.warning(
      "\(count) handler\(count == 1 ? "" : "s") did not end within --drain-timeout: ended by signal; "
        + "the messages will be delivered again")
    stage = .terminating(until: now + Self.terminationTime)
    for process in runningProcesses { process.terminate() }
  }

  private func settle() {
    // After an error a response may never arrive: for a missing right, the server only sends the refusal.
    stage = .settling(until: now + (failure == nil ? Self.settlingTime : .seconds(1)))
    advance()
  }

  /// Gives back the messages that are still held, and flushes.
  private func leave() {
    for job in jobs.values {
      if case .settling = job.phase { continue }
      connection.publish(Array("-NAK".utf8), to: job.delivery.reply)
    }
    heartbeat?.send(connection, status: "unhealthy")
    // After the server's answer to a PING no more messages are on their way. Those that came before it are given back.
    flush()
    takeMessages()
    flush()
    stage = .done
  }

  /// Waits until the server has processed everything that was published.
  private func flush() {
    connection.loop.takeOver()
    connection.flush(milliseconds: 1_000)
  }
}
