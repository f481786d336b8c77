// SPDX-License-Identifier: Apache-2.0

import Events
package import Process

/// The run of `natswatch work`. All checks are made before the consumer is created. A consumer that this run
/// has created is deleted if the run fails before its first message.
package struct WorkLoop {
  let settings: WorkSettings
  let session: Session
  let untilNow: Bool
  let metricsPrefix: String

  package init(
    settings: WorkSettings, session: Session, untilNow: Bool, metricsPrefix: String
  ) {
    self.settings = settings
    self.session = session
    self.untilNow = untilNow
    self.metricsPrefix = metricsPrefix
  }

  /// Works until the end of the run, then lets running handlers finish.
  ///
  /// - Returns: The exit status.
  /// - Throws: ``NATSError``, ``OutputError``, `ChildProcessError`.
  package func run() throws -> ExitStatus {
    let health = try HealthReporter(
      session,
      scope: [
        ("stream", settings.stream ?? ""),
        ("subject", settings.subjects.map(\.description).joined(separator: ",")),
        ("durable", settings.durable),
      ])
    do {
      return try run(health)
    } catch let error as NATSError {
      try health.refused(error)
      throw error
    }
  }

  private func run(_ health: HealthReporter) throws -> ExitStatus {
    if settings.isDryRun {
      return try DryRun(settings: settings, session: session, health: health, untilNow: untilNow).run()
    }
    // SIGTERM to handlers, SIGKILL, and the last answers take five seconds each.
    session.shutdown.allow(grace: settings.drainTimeout + .seconds(20))
    let journal = try settings.journal.map { try WorkJournal(path: $0, processedBy: settings.controller) }
    let (mailbox, deliveries, queue) = try session.untilAnswered(reportingTo: health) {
      jetStream throws(NATSError) in
      let mailbox = try jetStream.connection.subscribe(drivesLoop: true)
      let deliveries = try jetStream.connection.subscribe()
      let queue = try WorkQueue.open(settings, on: jetStream)
      health.status.scope[0].value = queue.stream
      return (mailbox, deliveries, queue)
    }.answer
    if let warning = queue.warning { session.diagnostics.warning(warning) }
    let engine = WorkEngine(
      settings, session: session, mailbox: mailbox, deliveries: deliveries, queue: queue, journal: journal,
      metrics: WorkMetrics(session.registry, prefix: metricsPrefix, controller: settings.controller),
      health: health, untilNow: untilNow)
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
  /// Connects and makes a request, until the server answers it; reports why it waits.
  ///
  /// - Parameters:
  ///   - health: Where the state of the connection is reported.
  ///   - ask: The request, which is repeated on another connection when this one is lost.
  /// - Returns: The connection and the answer.
  /// - Throws: Errors that are not transient, `unavailable` after ``connectTimeout``, `noResponders` after
  ///   ``apiPatience``, `interrupted`.
  func untilAnswered<Answer>(
    reportingTo health: HealthReporter, _ ask: (JetStream) throws(NATSError) -> Answer
  ) throws -> (connection: Connection, answer: Answer) {
    func connect() throws -> Connection {
      try self.connect { _ in try health.disconnected() }
    }
    var backoff = Backoff(initial: .milliseconds(250), maximum: .seconds(5))
    var connection = try connect()
    let started = ContinuousClock.now
    var report = WaitReport(after: .seconds(2), since: .zero)
    while true {
      do {
        let answer = try ask(JetStream(connection: connection, shutdown: shutdown))
        try health.connected()
        return (connection, answer)
      } catch let error as NATSError {
        let elapsed = ContinuousClock.now - started
        if let limit = connectTimeout, elapsed > limit { throw error }
        guard error.isTransient else { throw error }
        try health.disconnected()
        if error.code == .noResponders, elapsed > Self.apiPatience { throw noJetStream }
        if report.isDue(elapsed) { diagnostics.warning("\(error): trying again") }
        try pause(after: error, backoff.next(random: .random(in: 0..<1)))
        if connection.loss != nil { connection = try connect() }
      }
    }
  }
}
