// SPDX-License-Identifier: Apache-2.0

import Glibc
package import Process

/// `natswatch work`: a few workers on one durable consumer, and the thread that watches over them.
package struct WorkLoop {
  let settings: WorkSettings
  let session: Session
  /// Ends when nothing is left to do.
  var untilNow = false
  var timeLimit: Duration?
  var metricsPrefix = ""

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
  /// - Throws: ``NATSError``, `WorkJournal.Failure`.
  package func run() throws -> ExitStatus {
    session.shutdown.allow(grace: settings.drainTimeout + .seconds(5))
    let connection = try session.connect()
    let jetStream = JetStream(connection: connection, shutdown: session.shutdown)
    let queue = try openQueue(jetStream)
    let context = try WorkContext(
      settings, session: session, connection: connection, queue: queue,
      metricsPrefix: metricsPrefix)
    let notifier = ServiceNotifier()
    notifier.ready("working on \(queue.stream) as \(queue.durable)")
    for _ in 0..<settings.jobs {
      context.workerStarted()
      startThread {
        Worker(context: context).run()
        context.workerEnded()
      }
    }
    let status = try supervise(context, notifier)
    notifier.stopping()
    return status
  }

  private func openQueue(_ jetStream: JetStream) throws -> WorkQueue {
    var backoff = Backoff(initial: .milliseconds(250), maximum: .seconds(5))
    let started = ContinuousClock.now
    while true {
      do throws(NATSError) {
        return try WorkQueue.open(settings, on: jetStream)
      } catch {
        guard error.isTransient else { throw error }
        if let limit = session.connectTimeout, ContinuousClock.now - started > limit { throw error }
        session.diagnostics.debug("\(error)")
        try session.pause(backoff.next(random: .random(in: 0..<1)))
      }
    }
  }

  private func supervise(_ context: WorkContext, _ notifier: ServiceNotifier) throws -> ExitStatus {
    var heartbeat = settings.heartbeat.map {
      HeartbeatSender($0, controller: settings.controller, platform: settings.platform)
    }
    var status = ExitStatus.ok
    while !context.isStopping {
      heartbeat?.beat(context.connection, isHealthy: context.isHealthy, now: context.now)
      notifier.alive()
      context.replaceLostConnection()
      if let timeLimit, context.now >= timeLimit {
        status = .timedOut
        context.stop()
      }
      if untilNow, try isDone(context) { context.stop() }
      try? session.pause(.milliseconds(200))
    }
    let deadline = context.now + settings.drainTimeout
    while context.workers > 0, context.now < deadline {
      heartbeat?.beat(context.connection, isHealthy: context.isHealthy, now: context.now)
      usleep(20_000)
    }
    if context.workers > 0 {
      session.diagnostics.warning(
        "\(context.workers) handlers still run: their messages will be delivered again")
    }
    context.giveBack()
    heartbeat?.send(context.connection, status: "unhealthy")
    context.connection.flush(milliseconds: 1_000)
    if let failure = context.failure { throw failure }
    return status
  }

  private func isDone(_ context: WorkContext) throws -> Bool {
    do throws(NATSError) {
      guard let info = try context.jetStream.consumerInfo(context.queue.durable, of: context.queue.stream)
      else {
        throw NATSError(.notFound, "the consumer \(context.queue.durable) has been deleted")
      }
      return info.num_pending == 0 && info.num_ack_pending == 0
    } catch {
      guard error.isTransient || error.code == .interrupted else { throw error }
      return false
    }
  }
}
