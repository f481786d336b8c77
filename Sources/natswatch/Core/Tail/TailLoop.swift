// SPDX-License-Identifier: Apache-2.0

import Events
package import Lines
import Metrics
package import Process

/// `natswatch tail`: creates a consumer, writes the messages that it delivers, and creates another when it is
/// no longer reliable.
///
/// One thread does everything, including reading the socket (``EventLoop``). When stdout blocks, it blocks,
/// too, and the server's flow control holds further messages back. A struct, because its members then need no
/// exclusivity checks at run time.
package struct TailLoop {
  let settings: TailSettings
  let session: Session
  let output: OutputWriter
  let monitor: TailMonitor
  let clock = ContinuousClock()
  let origin = ContinuousClock.now
  var machine: OrderedConsumer
  var encoder: EventEncoder
  var metadataReader = DeliveryMetadataReader(consumer: "")
  /// The time at which the current round of messages began, since reading the clock for each message is too
  /// slow.
  var roundTime: Duration = .zero
  /// The number of messages that are handled before other tasks.
  static let roundLimit = 1024
  var stream = ""
  var filters: [SubjectPattern]
  var streamSubjects: [SubjectPattern] = []
  /// Filters applied here, if the server does not support several.
  var localFilters: [SubjectPattern] = []
  /// Messages stored before this time are skipped: a server treats a start in the future as now.
  var sinceTime = Int64.min
  var stateFile: OpenStateFile?
  /// The deliver subject of this connection's consumers.
  private var inbox: Subscription?
  /// Whether a message or heartbeat has arrived from a consumer.
  var hasHeardConsumer = false
  /// The number of searches for a match that have failed in succession.
  var failedSearches = 0
  var written: UInt64 = 0
  /// Shown while the messages that exist now are printed.
  let progress: Progress?
  /// `--until-now`: the stream's end when the tail began.
  var target: UInt64?
  var savedSequence: UInt64?
  /// The time at which the state was last written; the first position is written at once.
  var lastSave: Duration = .seconds(-60)

  enum Outcome {
    case finished(ExitStatus)
    case recreate(String)
    case gone(Gone)
  }

  /// - Throws: ``OutputError`` if the destination of STATUS lines cannot be opened.
  package init(_ settings: TailSettings, session: Session, output: OutputWriter, countsSubjects: Bool = false)
    throws
  {
    self.settings = settings
    self.session = session
    self.output = output
    progress =
      settings.untilNow ? Progress(tool: "natswatch", isQuiet: session.diagnostics.level < .normal) : nil
    filters = SubjectPattern.withoutCovered(settings.subjects)
    encoder = EventEncoder(form: settings.form, invalid: settings.invalid)
    machine = OrderedConsumer(start: settings.start, coversStream: false)
    monitor = try TailMonitor(settings, session: session, output: output, countsSubjects: countsSubjects)
  }

  var now: Duration { clock.now - origin }

  /// Runs until the end of the tail.
  ///
  /// - Returns: The exit status.
  /// - Throws: ``NATSError``, ``OutputError``, ``StateFileError``.
  package mutating func run() throws -> ExitStatus {
    stateFile = try settings.stateFile.map { file throws(StateFileError) in try OpenStateFile(file) }
    let saved = try stateFile.flatMap { file in try TailState.read(file) }
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

  private mutating func tail(_ saved: TailState?) throws -> ExitStatus {
    var connection = try session.connect { error in try monitor.failed(error) }
    var trouble = ConnectionTrouble()
    trouble.end(now)
    while true {
      do {
        inbox = try subscribe(connection)
        return try tail(saved, on: JetStream(connection: connection, shutdown: session.shutdown))
      } catch let loss as ConnectionLostError {
        trouble.begin(now)
        try monitor.disconnected(loss.reason, isReported: trouble.isReportDue(now))
        try output.flush()
        try session.pause(max(.zero, trouble.nextAttempt - now))
        connection = try retrying { () throws(NATSError) in try session.replace(connection) }
        trouble.end(now)
        try monitor.recreating()
      }
    }
  }

  private func subscribe(_ connection: Connection) throws(ConnectionLostError) -> Subscription {
    do throws(NATSError) {
      return try connection.subscribe(isLiteral: true, drivesLoop: true, shutdown: session.shutdown)
    } catch {
      throw ConnectionLostError(reason: error.message)
    }
  }

  /// The connection was lost.
  struct ConnectionLostError: Error {
    var reason: String
  }

  /// Tails until the connection is lost.
  ///
  /// - Throws: ``ConnectionLostError``, and the errors of ``run()``.
  private mutating func tail(_ saved: TailState?, on jetStream: JetStream) throws -> ExitStatus {
    if stream.isEmpty { try prepare(saved, jetStream) }
    while true {
      switch try outcome(jetStream) {
      case .finished(let status): return status
      case .recreate(let reason):
        session.diagnostics.debug("new consumer: \(reason)")
        try monitor.recreating()
      case .gone(let gone):
        try output.append(Status.expired(gone.description).errorLine)
        try output.flush()
        try monitor.gone()
        session.diagnostics.error("\(gone)")
        guard settings.onGone == .continue else { return .gone }
        if case .deleted = gone { try awaitStream(jetStream) }
        machine = machine.continued(after: gone)
      }
    }
  }

  /// Follows one consumer. With `--on-gone continue` a deleted stream is a gap, for example after the restart
  /// of a server that keeps the stream in memory.
  private mutating func outcome(_ jetStream: JetStream) throws -> Outcome {
    do {
      return try follow(jetStream)
    } catch let error as NATSError
      where error.serverCode == JetStream.ErrorCode.streamNotFound && settings.onGone == .continue
      && machine.epoch != nil
    {
      return .gone(.deleted(stream: stream))
    }
  }

  /// Waits until the stream has been created again.
  private func awaitStream(_ jetStream: JetStream) throws {
    session.diagnostics.warning("waiting for the stream \(stream) to be created again")
    while true {
      do throws(NATSError) {
        _ = try jetStream.streamInfo(stream)
        return
      } catch {
        if let loss = jetStream.connection.loss { throw ConnectionLostError(reason: loss.reason) }
        guard error.isTransient || error.serverCode == JetStream.ErrorCode.streamNotFound else { throw error }
      }
      try session.pause(.milliseconds(500))
    }
  }

  /// Finds the stream and determines the start from the state file or the settings.
  private mutating func prepare(_ saved: TailState?, _ jetStream: JetStream) throws {
    let stream = try retrying(on: jetStream) { () throws(NATSError) in
      if let name = saved?.stream ?? settings.stream { return name }
      return try jetStream.findStream(for: filters)
    }
    if let saved, let wanted = settings.stream, wanted != saved.stream {
      throw NATSError(
        .badSettings, "the state file belongs to the stream \(saved.stream), but --stream names \(wanted)")
    }
    let info = try retrying(on: jetStream) { () throws(NATSError) in try jetStream.streamInfo(stream) }
    self.stream = stream
    if saved == nil, case .since(let time) = settings.start { sinceTime = time }
    try checkFilters(info)
    machine = OrderedConsumer(
      start: saved.map { .after($0.seq) } ?? settings.start, epoch: saved?.created,
      coversStream: Self.covers(info, filters), isStrict: settings.isStrict)
  }

  /// Refuses a filter that cannot match any message, which servers since 2.10 accept.
  private mutating func checkFilters(_ info: StreamInfo) throws(NATSError) {
    if let warning = info.config.warning(about: filters) { session.diagnostics.warning(warning) }
    streamSubjects = (info.config.subjects ?? []).compactMap(SubjectPattern.init)
    guard !info.config.changesSubjects, !streamSubjects.isEmpty else { return }
    for filter in filters where !streamSubjects.contains(where: { $0.overlaps(filter) }) {
      throw NATSError(
        .notFound,
        "stream \(stream) has no subject \(filter): it has "
          + streamSubjects.map(\.description).joined(separator: " "))
    }
  }

  static func covers(_ info: StreamInfo, _ filters: [SubjectPattern]) -> Bool {
    guard let subjects = info.config.subjects, !subjects.isEmpty, !info.config.changesSubjects else {
      return filters.contains { "\($0)" == ">" }
    }
    return subjects.compactMap(SubjectPattern.init).allSatisfy { subject in
      filters.contains { $0.covers(subject) }
    }
  }

  /// Retries `body` with growing waits while its error is transient and the connection works.
  func retrying<T>(on jetStream: JetStream? = nil, _ body: () throws(NATSError) -> T) throws -> T {
    var backoff = Backoff(initial: .milliseconds(200), maximum: .seconds(5))
    let started = now
    var report = WaitReport(after: .seconds(2), since: started)
    while true {
      do throws(NATSError) {
        return try body()
      } catch {
        guard error.isTransient else { throw error }
        if error.code == .noResponders, machine.epoch == nil, now - started > Session.apiPatience {
          throw session.noJetStream
        }
        if report.isDue(now) { session.diagnostics.warning("\(error): trying again") }
        if let loss = jetStream?.connection.loss { throw ConnectionLostError(reason: loss.reason) }
        if let limit = session.connectTimeout, machine.epoch == nil, now - started > limit { throw error }
        try monitor.failed(error)
        try output.flush()
        try session.pause(after: error, backoff.next(random: .random(in: 0..<1)))
      }
    }
  }

  // MARK: - One consumer

  /// Creates a consumer and writes the messages that it delivers until it is no longer reliable.
  private mutating func follow(_ jetStream: JetStream) throws -> Outcome {
    guard let inbox else { throw ConnectionLostError(reason: "it has no inbox") }
    let before = try retrying(on: jetStream) { () throws(NATSError) in try jetStream.streamInfo(stream) }
    let delivery: OrderedConsumer.Delivery
    switch machine.plan(before, now: now) {
    case .gone(let gone): return .gone(gone)
    case .lookAgain: return try lookAgain()
    case .create(let plan): delivery = plan
    }
    let consumer = try create(delivery, inbox, on: jetStream)
    defer { jetStream.deleteConsumer(consumer.info.name, of: stream) }
    let after = try retrying(on: jetStream) { () throws(NATSError) in
      try jetStream.streamInfo(stream, withDeleted: machine.wantsDeleted)
    }
    if let denial = jetStream.connection.state.denial(after: 0, naming: [inbox.inbox]) {
      throw NATSError.denied(denial, "subscribe to \(inbox.inbox)")
    }
    switch machine.created(consumer.info, after, now: now) {
    case .gone(let gone): return .gone(gone)
    case .lookAgain: return try lookAgain()
    case .proceed: break
    }
    metadataReader = DeliveryMetadataReader(consumer: consumer.info.name)
    encoder.setStream(stream, epoch: after.epoch)
    try monitor.created(stream: stream, pending: consumer.info.num_pending)
    if settings.untilNow {
      target = target ?? after.state.last_seq
      if consumer.info.num_pending == 0 { return .finished(.ok) }
    }
    if isPastEnd(consumer.info.num_pending) { return .finished(.ok) }
    return try pump(inbox, jetStream)
  }

  func lookAgain(_ reason: String = "the stream ends before the position") throws -> Outcome {
    try session.pause(.milliseconds(500))
    return .recreate(reason)
  }

  private mutating func create(
    _ delivery: OrderedConsumer.Delivery, _ inbox: Subscription, on jetStream: JetStream
  ) throws -> EphemeralConsumer {
    func attempt(_ delivery: OrderedConsumer.Delivery) throws -> EphemeralConsumer {
      let configuration = EphemeralConsumer.Configuration(
        stream: stream, filters: filters, headersOnly: settings.headersOnly)
      return try retrying(on: jetStream) { () throws(NATSError) in
        try EphemeralConsumer.create(configuration, delivery, to: inbox.inbox, on: jetStream)
      }
    }
    do {
      let consumer = try attempt(delivery)
      guard filters.count > 1,
        Set(consumer.info.config.filter_subjects ?? []) != Set(filters.map(\.description))
      else {
        return consumer
      }
      jetStream.deleteConsumer(consumer.info.name, of: stream)
    } catch let error as NATSError
      where filters.count > 1 && error.serverCode == JetStream.ErrorCode.filterSubjectMissing
    {
      session.diagnostics.debug("\(error)")
    }
    // Servers before 2.10 ignore several filters and would deliver everything.
    localFilters = filters
    // A filter has to lie within one of the stream's subjects; if none contains the common filter, everything
    // is requested.
    let hull = SubjectPattern.hull(of: filters)
    filters = streamSubjects.contains { $0.covers(hull) } ? [hull] : []
    guard delivery != .lastPerSubject || !filters.isEmpty else {
      throw NATSError(
        .refused,
        "--last-per-subject with subjects that no single subject of the stream \(stream) covers needs NATS 2.10: "
          + "run natswatch once per subject")
    }
    let asked = filters.first.map { "\($0)" } ?? "the whole stream"
    session.diagnostics.info(
      "the server supports one subject per consumer (before 2.10): reading \(asked) and filtering here")
    guard delivery == .last else { return try attempt(delivery) }
    // The last message that the wider filter matches may be on none of the subjects.
    let lasts = try retrying(on: jetStream) { () throws(NATSError) in
      var lasts: [UInt64] = []
      for filter in localFilters {
        if let sequence = try jetStream.lastSequence(on: filter, of: stream) { lasts.append(sequence) }
      }
      return lasts
    }
    guard let last = lasts.max() else { return try attempt(delivery) }
    return try attempt(.sequence(last))
  }
}
