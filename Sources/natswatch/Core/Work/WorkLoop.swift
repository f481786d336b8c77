// SPDX-License-Identifier: Apache-2.0

package import Process

/// `natswatch work` from the start to the end: what can fail is tried before the consumer is made, and a consumer that
/// this run has made is removed when the run fails before its first message.
package struct WorkLoop {
  let settings: WorkSettings
  let session: Session
  let untilNow: Bool
  let timeLimit: Duration?
  let metricsPrefix: String

  package init(
    settings: WorkSettings, session: Session, untilNow: Bool, timeLimit: Duration?, metricsPrefix: String
  ) {
    self.settings = settings
    self.session = session
    self.untilNow = untilNow
    self.timeLimit = timeLimit
    self.metricsPrefix = metricsPrefix
  }

  /// Works until there is a reason to end, then lets running handlers finish.
  ///
  /// - Returns: The status to end with.
  /// - Throws: ``NATSError``, `WorkJournal.WriteError`, `ChildProcessError`.
  package func run() throws -> ExitStatus {
    if settings.isDryRun {
      return try DryRun(settings: settings, session: session, untilNow: untilNow, timeLimit: timeLimit).run()
    }
    // SIGTERM to handlers, SIGKILL, and the last answers take five seconds each.
    session.shutdown.allow(grace: settings.drainTimeout + .seconds(20))
    let journal = try settings.journal.map { try WorkJournal(path: $0, processedBy: settings.controller) }
    let connection = try session.connect()
    let jetStream = JetStream(connection: connection, shutdown: session.shutdown)
    let queue = try session.untilAnswered { () throws(NATSError) in
      try WorkQueue.open(settings, on: jetStream)
    }
    let engine = try WorkEngine(
      settings, session: session, connection: connection, queue: queue, journal: journal,
      metrics: WorkMetrics(session.registry, prefix: metricsPrefix, controller: settings.controller),
      untilNow: untilNow, timeLimit: timeLimit)
    let notifier = ServiceNotifier()
    notifier.ready("working on \(queue.stream) as \(queue.durable)")
    defer { notifier.stopping() }
    do {
      return try engine.run(notifier)
    } catch {
      if queue.isNew, !engine.hasReceived {
        JetStream(connection: engine.connection, shutdown: nil).deleteConsumer(
          queue.durable, of: queue.stream)
      }
      throw error
    }
  }
}

extension Session {
  /// Repeats what the server does not answer for now, and says why it waits.
  func untilAnswered<Answer>(_ ask: () throws(NATSError) -> Answer) throws(NATSError) -> Answer {
    var backoff = Backoff(initial: .milliseconds(250), maximum: .seconds(5))
    let started = ContinuousClock.now
    var nextReport = started + .seconds(2)
    while true {
      do throws(NATSError) {
        return try ask()
      } catch {
        guard error.isTransient else { throw error }
        let now = ContinuousClock.now
        if let limit = connectTimeout, now - started > limit { throw error }
        if now >= nextReport {
          nextReport = now + .seconds(60)
          diagnostics.warning("\(error): trying again")
        }
        try pause(backoff.next(random: .random(in: 0..<1)))
      }
    }
  }
}
