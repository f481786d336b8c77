// SPDX-License-Identifier: Apache-2.0

import Encoding
import Glibc
import Lines
import Metrics
package import Process

/// `natswatch publish`: publishes lines of stdin to a stream, with a window of unacknowledged messages.
///
/// One thread reads lines, sends messages and takes acknowledgements (``EventLoop``). After a lost
/// connection, a missing leader or silence, when it is unknown what the server has stored, everything
/// outstanding is sent again in order.
package struct PublishLoop {
  let settings: PublishSettings
  let session: Session
  var connection: Connection
  var acknowledgements: Subscription
  private let origin = ContinuousClock.now
  private var composer: LineComposer
  var window: PublishWindow
  private var limiter: RateLimiter?
  /// The number of lines read so far, including those that are too long.
  private var linesRead: UInt64 = 0
  /// Bytes published since the socket was last serviced.
  var bytesSinceTurn = 0
  var report: PublishReport
  let health: HealthReporter
  var lastAcknowledgement: Timestamp?
  private var position: PublishPosition?
  var published: SubjectCounters
  var publishedTypes: SubjectCounters?
  /// Shown while a file is published.
  private let progress: Progress?
  private var bytesRead: Int64 = 0
  /// The number of denied permissions that were handled.
  var denialsSeen = 0
  /// The number of requests that were denied but are optional.
  var refusedQuestions = 0
  /// Set while the server does not accept messages.
  var trouble: PublishTrouble?
  var backoff = Backoff(initial: .milliseconds(100), maximum: .seconds(2))

  /// Connects and prepares.
  ///
  /// - Throws: ``NATSError``; `notFound` when no stream captures the subject.
  package init(_ settings: PublishSettings, session: Session) throws {
    self.settings = settings
    self.session = session
    composer = LineComposer(settings, runToken: String(Connection.randomToken().prefix(10)))
    let health = try HealthReporter(session, scope: [("subject", "\(settings.subject.pattern)")])
    self.health = health
    let (acknowledgements, isRefused) = try session.untilAnswered(reportingTo: health) {
      jetStream throws(NATSError) in
      let inbox = try jetStream.connection.subscribe(drivesLoop: true, shutdown: session.shutdown)
      if let configuration = settings.newStream { try jetStream.createStream(configuration) }
      let isNew = settings.newStream != nil
      return (inbox, try Self.checkStream(settings.subject.pattern, jetStream, createsStream: isNew))
    }.answer
    self.acknowledgements = acknowledgements
    connection = acknowledgements.connection
    window = PublishWindow(countLimit: settings.window)
    position = try settings.state.map { path throws(StateFileError) in try PublishPosition(path) }
    progress = Self.fileSize(0).flatMap {
      Progress(tool: "natswatch", total: $0, isQuiet: session.diagnostics.level < .normal)
    }
    report = PublishReport(session.diagnostics, endsAtFirst: settings.onError == .fail)
    published = SubjectCounters(
      session.registry, name: "nats_msgs_published_total",
      help: "Messages published and acknowledged, by subject.")
    publishedTypes = settings.metricsPrefix.map {
      SubjectCounters(
        session.registry, name: "\($0)events_published_total", label: "type",
        help: "Events published and acknowledged, by type.")
    }
    if let rate = settings.rate {
      limiter = RateLimiter(rate: rate, burst: settings.burst ?? max(1, rate / 10), now: .zero)
    }
    if isRefused { refusedQuestions = 1 }
  }

  var now: Duration { ContinuousClock.now - origin }

  /// Reports a subject that no stream captures, if permissions allow the request.
  ///
  /// - Returns: Whether the server denied the request; publishing will show whether a stream exists.
  static func checkStream(
    _ pattern: SubjectPattern, _ jetStream: JetStream, createsStream: Bool
  ) throws(NATSError) -> Bool {
    do throws(NATSError) {
      guard try jetStream.streamNames(capturing: pattern.description).isEmpty else { return false }
    } catch {
      guard error.code == .noPermission else { throw error }
      return true
    }
    let remedy =
      createsStream
      ? "the stream of --create-stream has other subjects: add this one to it, or give another name"
      : "create one with --create-stream NAME"
    throw NATSError(.notFound, "no stream captures \(pattern): \(remedy)")
  }

  // MARK: - Reading

  /// Publishes all lines of standard input and waits until the last one is acknowledged.
  ///
  /// - Returns: The exit status: 65 if a line was not published.
  /// - Throws: ``NATSError``, ``InputError``, ``UnpublishedLineError``.
  package mutating func run() throws -> ExitStatus {
    ServiceNotifier().ready("publishing")
    do {
      return try publishAll(STDIN_FILENO)
    } catch let error as NATSError {
      try health.refused(error)
      throw error
    }
  }

  private mutating func publishAll(_ descriptor: Int32) throws -> ExitStatus {
    var reader = LineReader(descriptor: descriptor, shutdown: session.shutdown)
    let block = LineBlock()
    reading: while !isEnding {
      try takeAcknowledgements(wait: 0)
      try supervise()
      try savePosition()
      try awaitRoom()
      switch try reader.read(into: block, timeoutMilliseconds: window.isEmpty ? 1_000 : 20) {
      case .lines: try publish(block)
      case .timedOut: continue
      case .endOfInput, .shutdown: break reading
      }
    }
    try drain()
    try savePosition(isLast: true)
    return try report.conclude()
  }

  /// Whether no more lines are to be read.
  var isEnding: Bool { session.shutdown.cause != nil || report.failure != nil }

  private mutating func publish(_ block: LineBlock) throws {
    let before = linesRead
    var line = 0
    try unsafe block.forEachLine { (bytes: UnsafeRawBufferPointer) throws -> Bool in
      line += 1
      let place = before + UInt64(block.place(of: line))
      reportMissingLines(upTo: place)
      linesRead = place
      try unsafe publish(bytes.bindMemory(to: UInt8.self))
      return !isEnding
    }
    if !isEnding { reportMissingLines(upTo: before + UInt64(block.placeOfLastMissing) + 1) }
  }

  /// Reports the lines between the last one and `place`, which were too long to be read.
  private mutating func reportMissingLines(upTo place: UInt64) {
    while linesRead + 1 < place {
      linesRead += 1
      report.skip(line: linesRead, "the line is longer than 64 MiB")
    }
  }

  /// Nil for a pipe and a terminal.
  private static func fileSize(_ descriptor: Int32) -> Int64? {
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
    return Int64(status.st_size)
  }

  private mutating func publish(_ line: UnsafeBufferPointer<UInt8>) throws {
    bytesRead += Int64(line.count) + 1
    progress?.update(lines: Int64(linesRead) - Int64(window.outstanding), done: bytesRead)
    guard unsafe line.contains(where: { $0 > 0x20 }) else { return }
    var entry: PublishWindow.Entry
    do throws(LineComposer.UnusableLineError) {
      entry = unsafe try composer.compose(line, number: linesRead)
    } catch {
      return report.skip(line: linesRead, error.description)
    }
    if publishedTypes != nil { entry.type = unsafe composer.type(of: line, publishedOn: entry.subject) }
    let limit = connection.payloadLimit
    // A message of exactly the server's limit leaves no room for an id that was not requested.
    if entry.isIdentifierGenerated, entry.wireSize > limit { entry.identifier = "" }
    guard entry.wireSize <= limit else {
      return report.skip(
        line: linesRead,
        "the message has \(entry.wireSize) bytes, headers included, and the server accepts at most \(limit)")
    }
    let time = now
    if let wait = limiter?.take(now: time), wait > .zero { try keepRate(until: now + wait) }
    try awaitRoom()
    if isEnding { return }
    let number = window.add(entry, now: now)
    if let origin = entry.origin { position?.sent(number, origin) }
    try send(number, entry)
  }

  private mutating func savePosition(isLast: Bool = false) throws {
    guard position != nil else { return }
    let (time, first) = (now, window.firstNumber)
    position?.advance(to: first)
    try position?.save(now: time, isLast: isLast)
  }

  private mutating func keepRate(until time: Duration) throws {
    while now < time, !isEnding {
      try takeAcknowledgements(wait: min(250, (time - now).milliseconds + 1))
      try supervise()
    }
  }

  /// Waits for the outstanding acknowledgements; after a request to end for at most four seconds.
  private mutating func drain() throws {
    var deadline: Duration?
    while !window.isEmpty {
      if isEnding, deadline == nil { deadline = now + .seconds(4) }
      if let deadline, now >= deadline {
        report.unacknowledged = window.outstanding
        return
      }
      try takeAcknowledgements(wait: 50)
      try supervise()
      try savePosition()
    }
  }
}
