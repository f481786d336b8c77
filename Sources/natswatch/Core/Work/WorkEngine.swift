// SPDX-License-Identifier: Apache-2.0

import Events
import Glibc
import Lines
import Metrics
import Process

/// `natswatch work`: pulls messages, runs handlers, and acknowledges each message by its result.
///
/// One thread drives the connection, serves the handlers' pipes and detects their ends. A message is a
/// ``Job`` with a phase. Requests to the server are asynchronous: they wait in `requests` for their response,
/// and are repeated when it is overdue.
final class WorkEngine {
  /// The stage of the run.
  enum Stage: Equatable {
    case running
    /// Nothing more is pulled; handlers may finish until this time.
    case draining(until: Duration)
    /// Handlers were sent SIGTERM, and are killed at this time.
    case terminating(until: Duration)
    /// No handler is left; the server's responses are awaited until this time.
    case settling(until: Duration)
    case done
  }

  let settings: WorkSettings
  let session: Session
  let queue: WorkQueue
  let journal: WorkJournal?
  let metrics: WorkMetrics
  let health: HealthReporter
  let untilNow: Bool

  var connection: Connection
  /// Where the responses to requests arrive; it drives the connection's socket.
  var mailbox: Subscription
  /// Where the responses to pull requests arrive: a subscription of its own, which draining cancels.
  var deliveries: Subscription

  /// The messages that this process holds, by sequence.
  var jobs: [UInt64: Job] = [:]
  /// The jobs that are ready for a handler, in the order of arrival.
  var waiting: [Job] = []
  /// The jobs that wait for another message with the same id.
  var duplicatesHeld: [[UInt8]: [Job]] = [:]
  /// The jobs whose failure waits for the creation of the bucket.
  var unrecorded: [Job] = []
  var requests: [UInt64: WorkRequest] = [:]
  var lastToken: UInt64 = 0
  var credit: PullCredit
  var sizes = MessageSizes()
  var breaker: CircuitBreaker
  var duplicates: DuplicateFilter
  var tries: TryCounts
  var bucket = Bucket.unknown
  /// Whether the bucket has had an entry, so that it can be read.
  var bucketHasEntries = false
  var handlers: [RunningHandler] = []
  var lineHandlers: [LineHandler] = []
  let lineMaker: LineMaker
  let filter: MessageFilter?
  /// Handlers that ended with 126 or 127 in a row, while none has succeeded.
  var unstartedHandlers = 0
  var hasSucceeded = false
  /// Shown while the messages that exist now are handled.
  private let progress: Progress?

  var stage = Stage.running
  var failure: (any ToolError)?
  var heartbeat: HeartbeatSender?
  var trouble = ConnectionTrouble()
  /// The wait of messages that could not be published.
  var publishReport = WaitReport(after: .zero)
  var denialsSeen = 0
  var hasReceived = false
  var isAskedToStop = false
  /// Nothing is pulled before this time.
  var pullPause = Duration.zero
  /// The server refuses all pull requests.
  var refusal = WaitReport(after: .seconds(2))
  /// Only messages that the server holds back are left.
  var heldBack = WaitReport(after: .seconds(3))
  var nextSweep = Duration.zero
  var nextLook = Duration.zero
  private var nextCount = Duration.zero
  private let origin = ContinuousClock.now

  /// Whether failures can be recorded for other processes.
  enum Bucket { case unknown, making, ready, unavailable }

  init(
    _ settings: WorkSettings, session: Session, mailbox: Subscription, deliveries: Subscription,
    queue: WorkQueue, journal: WorkJournal?, metrics: WorkMetrics, health: HealthReporter, untilNow: Bool
  ) {
    self.settings = settings
    self.session = session
    self.mailbox = mailbox
    self.deliveries = deliveries
    connection = mailbox.connection
    self.queue = queue
    self.journal = journal
    self.metrics = metrics
    self.health = health
    self.untilNow = untilNow
    progress =
      untilNow ? Progress(tool: "natswatch", isQuiet: session.diagnostics.level < .normal) : nil
    credit = PullCredit(expiry: queue.pullExpiry)
    breaker = CircuitBreaker(threshold: settings.breaker, openFor: settings.breakerPause)
    duplicates = DuplicateFilter(window: settings.deduplicateFor)
    tries = TryCounts(
      stream: queue.stream, durable: queue.durable, consumerEpoch: queue.consumerEpoch,
      replicas: queue.replicas)
    let lineMaker = LineMaker(queue)
    self.lineMaker = lineMaker
    filter = settings.filter.map { MessageFilter($0, lineMaker, session.diagnostics) }
    heartbeat = settings.heartbeat.map {
      HeartbeatSender($0, controller: settings.controller, platform: settings.platform)
    }
    denialsSeen = connection.state.denialCount
  }

  var now: Duration { ContinuousClock.now - origin }
  var diagnostics: Diagnostics { session.diagnostics }

  /// Works until the end of the run.
  ///
  /// - Returns: The exit status.
  /// - Throws: What ended the run.
  func run(_ notifier: ServiceNotifier) throws -> ExitStatus {
    while stage != .done {
      takeMessages()
      superviseConnection()
      collectHandlers()
      startHandlers()
      pull()
      sweep(notifier)
      advance()
      if stage != .done { wait() }
    }
    if let failure { throw failure }
    return .ok
  }

  /// Waits for a message, a handler, a signal or the next deadline.
  private func wait() {
    var descriptors = [
      pollfd(
        fd: session.shutdown.cause == nil ? session.shutdown.eventDescriptor : -1, events: Int16(POLLIN),
        revents: 0),
      connection.loop.pollDescriptor,
    ]
    for handler in handlers { handler.process.addDescriptors(to: &descriptors) }
    for handler in lineHandlers { handler.process?.addDescriptors(to: &descriptors) }
    unsafe _ = poll(
      &descriptors, nfds_t(descriptors.count), Int32(clamping: (nextDeadline - now).milliseconds + 1))
    var index = 2
    for handler in handlers {
      handler.process.exchange(descriptors[index..<index + HandlerProcess.descriptorCount])
      index += HandlerProcess.descriptorCount
    }
    for handler in lineHandlers {
      guard let process = handler.process else { continue }
      process.exchange(descriptors[index..<index + HandlerProcess.descriptorCount])
      index += HandlerProcess.descriptorCount
    }
  }

  private var nextDeadline: Duration {
    var deadline = nextSweep
    if case .running = stage, untilNow { deadline = min(deadline, nextLook) }
    return max(deadline, now)
  }

  // MARK: - What happens at intervals

  static let sweepInterval: Duration = .milliseconds(100)

  /// Handles everything that depends on the time.
  private func sweep(_ notifier: ServiceNotifier) {
    let now = now
    guard now >= nextSweep else { return }
    nextSweep = now + Self.sweepInterval
    notifier.alive()
    progress?.update(lines: Int64(metrics.handledCount))
    heartbeat?.beat(connection, isHealthy: breaker.state == .closed, now: now)
    metrics.health.set(breaker.state == .closed ? 1 : 0)
    reportHealth()
    signalProgress(now)
    resend(now)
    endLateHandlers(now)
    if credit.expire(now: now) { askAboutConsumer() }
    // Without a pull no delivery reports how many messages are pending.
    if stage == .running, credit.outstanding == 0, connection.loss == nil, now >= nextCount {
      nextCount = now + .seconds(5)
      askAboutConsumer()
    }
    if untilNow, stage == .running, now >= nextLook {
      nextLook = now + .milliseconds(200)
      if jobs.isEmpty { askAboutConsumer() }
    }
  }

  private func reportHealth() {
    health.status.isConnected = connection.loss == nil
    if connection.loss != nil || !trouble.isOver {
      health.set(.unhealthy, .disconnect)
    } else if breaker.state != .closed || refusal.since != nil {
      health.set(.degraded, .error)
    } else {
      health.set(.healthy)
    }
    do throws(OutputError) {
      try health.report { [metrics] in $0.lastEvent = metrics.lastHandled }
    } catch {
      end(with: error)
    }
  }

  /// Reports held messages as in progress, so that the server does not deliver them again.
  private func signalProgress(_ now: Duration) {
    let interval = min(queue.ackWait / 3, .seconds(10))
    for job in jobs.values where now - job.lastSign >= interval {
      if case .settling = job.phase { continue }
      job.lastSign = now
      connection.publish(Array("+WPI".utf8), to: job.delivery.reply)
    }
  }
}
