// SPDX-License-Identifier: Apache-2.0

import Metrics
import Pipe
import Synchronization
import Watch

/// `natswatch tail`: asks for a consumer, writes what it delivers, and makes it anew when it cannot be relied on.
///
/// One thread does everything; a blocked stdout blocks it, and the server's flow control holds the rest.
final class TailLoop {
  let settings: TailSettings
  let session: Session
  let output: OutputWriter
  let monitor: TailMonitor
  let interruption = Interruption()
  private let clock = ContinuousClock()
  private let origin = ContinuousClock.now
  private(set) var machine: OrderedConsumer
  private var encoder: EventEncoder
  private var stream = ""
  private var filters: [SubjectPattern]
  private var streamSubjects: [SubjectPattern] = []
  /// Subjects to be looked at here, where the server knows no several filters.
  private var localFilters: [SubjectPattern] = []
  private var written: UInt64 = 0
  /// `--until-now`: the stream's end when the tail began.
  private var target: UInt64?
  private var savedSequence: UInt64?
  private var lastSave: Duration = .zero

  enum Outcome {
    case finished(ExitStatus)
    case recreate(String)
    case gone(Gone)
  }

  /// - Throws: ``OutputError`` when the place for STATUS lines cannot be opened.
  init(_ settings: TailSettings, session: Session, output: OutputWriter, countsSubjects: Bool = false) throws
  {
    self.settings = settings
    self.session = session
    self.output = output
    filters = SubjectPattern.withoutCovered(settings.subjects)
    encoder = EventEncoder(form: settings.form, invalid: settings.invalid)
    machine = OrderedConsumer(start: settings.start, coversStream: false)
    monitor = try TailMonitor(settings, session: session, output: output, countsSubjects: countsSubjects)
  }

  var now: Duration { clock.now - origin }

  /// Runs until there is a reason to end.
  ///
  /// - Returns: The status to end with.
  /// - Throws: ``NATSError``, ``OutputError``, ``StateFileError``.
  func run() throws -> ExitStatus {
    let saved = try settings.stateFile.flatMap { file in try TailState.read(file) }
    let interruption = interruption
    session.shutdown.onRequest { _ in interruption.interrupt() }
    do {
      let status = try tail(saved)
      try output.flush()
      try saveState(force: true)
      monitor.ended()
      return status
    } catch let error as NATSError where error.code == .interrupted {
      try output.flush()
      try saveState(force: true)
      return .ok
    } catch let error as NATSError {
      try monitor.refused(error)
      try output.flush()
      try saveState(force: true)
      throw error
    }
  }

  private func tail(_ saved: TailState?) throws -> ExitStatus {
    let connection = try session.connect(onFailure: { error throws(OutputError) in try monitor.failed(error) }
    )
    let jetStream = JetStream(connection: connection, shutdown: session.shutdown)
    stream = try retrying { () throws(NATSError) in
      if let name = saved?.stream ?? settings.stream { return name }
      return try jetStream.findStream(for: filters)
    }
    if let saved, let wanted = settings.stream, wanted != saved.stream {
      throw NATSError(.badSettings, "the state file is of stream \(saved.stream), --stream says \(wanted)")
    }
    let info = try retrying { () throws(NATSError) in try jetStream.streamInfo(stream) }
    try checkFilters(info)
    let coversStream = Self.covers(info, filters)
    machine = OrderedConsumer(
      start: saved.map { .after($0.seq) } ?? settings.start, epoch: saved?.created,
      coversStream: coversStream,
      isStrict: settings.isStrict)
    while true {
      switch try follow(jetStream) {
      case .finished(let status): return status
      case .recreate(let reason):
        session.diagnostics.debug("new consumer: \(reason)")
        try monitor.recreating(reason)
      case .gone(let gone):
        try output.append(Status.expired(gone.description).errorLine)
        try output.flush()
        try monitor.gone()
        session.diagnostics.error("\(gone)")
        guard settings.onGone == .continue else { return .gone }
        machine = OrderedConsumer(
          start: gone.isAhead ? .newOnly : .all, coversStream: coversStream, isStrict: settings.isStrict)
      }
    }
  }

  /// A filter that no message can meet is a mistake; servers since 2.10 take it without a word.
  private func checkFilters(_ info: StreamInfo) throws(NATSError) {
    streamSubjects = (info.config.subjects ?? []).compactMap(SubjectPattern.init)
    guard info.config.sources == nil, info.config.mirror == nil, !streamSubjects.isEmpty else { return }
    for filter in filters where !streamSubjects.contains(where: { $0.overlaps(filter) }) {
      throw NATSError(
        .notFound,
        "stream \(stream) has no subject \(filter): it has "
          + streamSubjects.map(\.description).joined(separator: " "))
    }
  }

  static func covers(_ info: StreamInfo, _ filters: [SubjectPattern]) -> Bool {
    guard let subjects = info.config.subjects, !subjects.isEmpty else {
      return filters.contains { "\($0)" == ">" }
    }
    return subjects.compactMap(SubjectPattern.init).allSatisfy { subject in
      filters.contains { $0.covers(subject) }
    }
  }

  /// Does it again, with growing waits, as long as only time is missing.
  private func retrying<T>(_ body: () throws(NATSError) -> T) throws -> T {
    var backoff = Backoff(initial: .milliseconds(200), maximum: .seconds(5))
    let started = now
    while true {
      do throws(NATSError) {
        return try body()
      } catch {
        guard error.isTransient else { throw error }
        if let limit = session.connectTimeout, machine.epoch == nil, now - started > limit { throw error }
        try monitor.failed(error)
        try output.flush()
        try checkTime()
        try session.pause(backoff.next(random: .random(in: 0..<1)))
      }
    }
  }

  private func checkTime() throws {
    if let limit = settings.timeLimit, now >= limit { throw TimeIsUp() }
  }

  struct TimeIsUp: ToolError {
    var status: ExitStatus { .timedOut }
    var description: String { "the time is up" }
  }

  // MARK: - One consumer

  /// Creates a consumer and writes what it delivers until it is of no more use.
  private func follow(_ jetStream: JetStream) throws -> Outcome {
    let before = try retrying { () throws(NATSError) in try jetStream.streamInfo(stream) }
    let delivery: OrderedConsumer.Delivery
    switch machine.plan(before, now: now) {
    case .gone(let gone): return .gone(gone)
    case .lookAgain:
      try session.pause(.milliseconds(500))
      return .recreate("the stream ends before what was written")
    case .create(let plan): delivery = plan
    }
    let reconnects = jetStream.connection.reconnects
    let consumer = try retrying { () throws(NATSError) in try create(delivery, on: jetStream) }
    interruption.watch(consumer.subscription)
    defer {
      interruption.watch(nil)
      consumer.subscription.end()
      jetStream.deleteConsumer(consumer.info.name, of: stream)
      jetStream.connection.flush(milliseconds: session.shutdown.cause == nil ? 50 : 1_000)
    }
    let after = try retrying { () throws(NATSError) in
      try jetStream.streamInfo(stream, withDeleted: machine.wantsDeleted)
    }
    switch machine.created(consumer.info, after, now: now) {
    case .gone(let gone): return .gone(gone)
    case .proceed: break
    }
    encoder.setStream(stream, epoch: after.epoch)
    try monitor.created(stream: stream, pending: consumer.info.num_pending)
    if settings.untilNow, target == nil {
      target = after.state.last_seq
      if consumer.info.num_pending == 0 { return .finished(.ok) }
    }
    return try pump(consumer, jetStream, reconnects: reconnects)
  }

  private func create(
    _ delivery: OrderedConsumer.Delivery, on jetStream: JetStream
  ) throws(NATSError) -> EphemeralConsumer {
    let configuration = EphemeralConsumer.Configuration(stream: stream, filters: filters)
    let consumer = try EphemeralConsumer.create(configuration, delivery, on: jetStream)
    guard filters.count > 1,
      Set(consumer.info.config.filter_subjects ?? []) != Set(filters.map(\.description))
    else {
      return consumer
    }
    // Servers before 2.10 take no notice of several filters and would deliver everything.
    consumer.subscription.end()
    jetStream.deleteConsumer(consumer.info.name, of: stream)
    localFilters = filters
    // A filter has to lie within one of the stream's subjects; where none holds them all, everything is asked for.
    let hull = SubjectPattern.hull(of: filters)
    filters = streamSubjects.contains { $0.covers(hull) } ? [hull] : []
    let asked = filters.first.map { "\($0)" } ?? "the whole stream"
    session.diagnostics.info(
      "the server knows one filter a consumer only (before 2.10): asking for \(asked) and filtering here")
    return try create(delivery, on: jetStream)
  }

  private func pump(
    _ consumer: EphemeralConsumer, _ jetStream: JetStream, reconnects: Int
  ) throws -> Outcome {
    var sinceCheck = 0
    while true {
      switch consumer.subscription.next(milliseconds: 0) {
      case .message(let message):
        if let outcome = try handle(message, jetStream) { return outcome }
        sinceCheck += 1
        guard sinceCheck >= 1024 else { continue }
      case .ended:
        return session.shutdown.cause != nil ? .finished(.ok) : .recreate("the subscription has ended")
      default:
        try output.flush()
      }
      let isIdle = sinceCheck < 1024
      sinceCheck = 0
      try monitor.flushed(machine)
      if isIdle || output.bytesBuffered == 0 { try saveState(force: false) }
      if let outcome = try checkEnd(jetStream.connection, reconnects: reconnects) { return outcome }
      if machine.isProofDue(now: now), let outcome = try prove(jetStream) { return outcome }
      guard isIdle else { continue }
      if now >= machine.deadline {
        return .recreate("no heartbeat for \(DurationText.print(machine.heartbeat * 5 / 2))")
      }
      switch consumer.subscription.next(milliseconds: 500) {
      case .message(let message): if let outcome = try handle(message, jetStream) { return outcome }
      default: break
      }
    }
  }

  private func checkEnd(_ connection: Connection, reconnects: Int) throws -> Outcome? {
    if session.shutdown.cause != nil { return .finished(.ok) }
    try checkTime()
    if connection.reconnects != reconnects { return .recreate("the connection came back") }
    let state = connection.state
    try monitor.connection(state)
    if let reason = state.closedReason {
      throw NATSError(
        state.isAuthenticationLost ? .noPermission : .unavailable, "connection closed: \(reason)")
    }
    return nil
  }

  /// Looks at the stream and asks the machine; nil when all is well.
  private func prove(_ jetStream: JetStream) throws -> Outcome? {
    let info = try retrying { () throws(NATSError) in try jetStream.streamInfo(stream) }
    if case .gone(let gone) = machine.prove(info, now: now) { return .gone(gone) }
    return nil
  }

  private func handle(_ message: borrowing Message, _ jetStream: JetStream) throws -> Outcome? {
    guard let metadata = unsafe DeliveryMetadata(reply: message.replyBytes) else {
      return try control(message, jetStream)
    }
    if let target, settings.untilNow, metadata.streamSequence > target { return .finished(.ok) }
    var action = machine.message(metadata, now: now)
    if action == .prove {
      if let outcome = try prove(jetStream) { return outcome }
      action = machine.message(metadata, now: now, isProven: true)
    }
    switch action {
    case .deliver: break
    case .skip, .prove: return nil
    case .recreate(let reason): return .recreate(reason)
    }
    let isWanted = localFilters.isEmpty || localFilters.contains { unsafe $0.matches(message.subjectBytes) }
    if isWanted { try write(message, metadata) }
    if let count = settings.count, written >= count { return .finished(.ok) }
    if let target, settings.untilNow, metadata.streamSequence >= target || metadata.pending == 0 {
      return .finished(.ok)
    }
    return nil
  }

  private func write(_ message: borrowing Message, _ metadata: DeliveryMetadata) throws {
    let outcome = encoder.encode(message, metadata)
    if outcome != .line {
      monitor.invalid.increment()
      if outcome == .invalid {
        guard settings.invalid == .skip else {
          throw InvalidPayload(sequence: metadata.streamSequence, subject: message.subject)
        }
        return
      }
    }
    try output.append(encoder.line)
    written += 1
    monitor.received(message, metadata)
  }

  struct InvalidPayload: ToolError {
    var sequence: UInt64
    var subject: String
    var status: ExitStatus { .badInput }
    var description: String { "message \(sequence) on \(subject) is not JSON (--invalid fail)" }
  }

  /// Heartbeats and flow control.
  private func control(_ message: borrowing Message, _ jetStream: JetStream) throws -> Outcome? {
    if unsafe !message.replyBytes.isEmpty {
      machine.flowControl(now: now)
      jetStream.connection.publish(to: message.reply)
      return nil
    }
    guard message.header("Status") == "100" else { return nil }
    if let stalled = message.header("Nats-Consumer-Stalled") { jetStream.connection.publish(to: stalled) }
    guard let consumer = message.header("Nats-Last-Consumer").flatMap(UInt64.init),
      let last = message.header("Nats-Last-Stream").flatMap(UInt64.init)
    else { return nil }
    var action = machine.idle(lastConsumer: consumer, lastStream: last, now: now)
    if action == .prove {
      if let outcome = try prove(jetStream) { return outcome }
      action = machine.idle(lastConsumer: consumer, lastStream: last, now: now, isProven: true)
    }
    switch action {
    case .recreate(let reason): return .recreate(reason)
    case .skip, .prove: try monitor.heartbeat(machine)
    case .deliver:
      try monitor.heartbeat(machine)
      if settings.writesBookmarks, settings.form != .raw { try output.append(bookmark(last)) }
      if settings.untilNow, let target, last >= target { return .finished(.ok) }
    }
    return nil
  }

  private func bookmark(_ sequence: UInt64) -> [UInt8] {
    EventLine.make(
      .bookmark, object: "{\"metadata\":{\"resourceVersion\":\"\(sequence)\"}}".utf8,
      source: Array(
        """
        {"stream":\(JSONText.string(stream)),"epoch":\(JSONText.string(machine.epoch ?? "")),"sequence":\(sequence)}
        """.utf8))
  }

  /// Writes the state file, at most once a second unless it is the end.
  private func saveState(force: Bool) throws(StateFileError) {
    guard let file = settings.stateFile, let sequence = machine.resumable, let epoch = machine.epoch,
      sequence != savedSequence, force || now - lastSave > .seconds(1)
    else { return }
    try TailState(stream: stream, created: epoch, seq: sequence).write(file)
    savedSequence = sequence
    lastSave = now
  }
}

/// Ends the wait of a tail for its next message from another thread.
final class Interruption: Sendable {
  private struct State {
    var subscription: Subscription?
    var isInterrupted = false
  }
  private let state = Mutex(State())

  func watch(_ subscription: Subscription?) {
    state.withLock { state in
      state.subscription = subscription
      if state.isInterrupted { subscription?.end() }
    }
  }

  func interrupt() {
    state.withLock { state in
      state.isInterrupted = true
      state.subscription?.end()
    }
  }
}
