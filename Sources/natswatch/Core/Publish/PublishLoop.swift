// SPDX-License-Identifier: Apache-2.0

import Glibc
import Lines
import Metrics
package import Process

/// `natswatch publish`: lines from stdin into a stream, each acknowledged, a window of them on their way.
///
/// One thread reads, sends and takes the acknowledgements, which share the socket's turns (``EventLoop``). Whatever
/// makes it doubtful what the server has (a lost connection, no leader, silence) has one answer: all that is
/// outstanding is sent again in order.
package struct PublishLoop {
  let settings: PublishSettings
  let session: Session
  private var connection: Connection
  private var acknowledgements: Subscription
  private let recycler = MessageRecycler()
  private let clock = ContinuousClock()
  private let origin = ContinuousClock.now
  private var composer: LineComposer
  private var window: PublishWindow
  private var limiter: RateLimiter?
  private var lineNumber: UInt64 = 0
  /// Bytes published since the socket was last looked after.
  private var bytesSinceTurn = 0
  private var skipped: UInt64 = 0
  private var published: SubjectCounters
  /// Denials of what we need not have: the look for the stream.
  private var denialsBefore = 0
  /// Something was lost or refused for now: send again when it is this time.
  private var resendAt: Duration?
  private var backoff = Backoff(initial: .milliseconds(100), maximum: .seconds(2))
  /// Since when the server has not taken what it was sent.
  private var troubledSince: Duration?
  private var hasWarned = false

  /// How long an acknowledgement may take before all is sent again.
  static let patience: Duration = .seconds(5)
  /// After how many bytes the socket is looked after.
  private static let batchBytes = EventLoop.bufferSize / 2
  /// How many bytes may wait for a socket that takes no more.
  private static let unsentLimit = 1 << 20

  /// Connects and prepares.
  ///
  /// - Throws: ``NATSError``; `notFound` when no stream captures the subject.
  package init(_ settings: PublishSettings, session: Session) throws {
    self.settings = settings
    self.session = session
    composer = LineComposer(settings, runToken: String(Connection.randomToken().prefix(10)))
    connection = try session.connect()
    acknowledgements = try connection.subscribe(drivesLoop: true, shutdown: session.shutdown)
    window = PublishWindow(countLimit: settings.window)
    published = SubjectCounters(
      session.registry, name: "nats_msgs_published_total",
      help: "Messages published and acknowledged, by subject.")
    if let rate = settings.rate {
      limiter = RateLimiter(rate: rate, burst: settings.burst ?? max(1, rate / 10), now: .zero)
    }
    if let configuration = settings.newStream { try jetStream.createStream(configuration) }
    try checkStream()
    denialsBefore = connection.state.denialCount
  }

  private var now: Duration { clock.now - origin }
  private var jetStream: JetStream { JetStream(connection: connection, shutdown: session.shutdown) }

  /// A subject that no stream captures is told at once where we may ask.
  private func checkStream() throws {
    do throws(NATSError) {
      let names = try jetStream.streamNames(capturing: settings.subject.pattern.description)
      guard names.isEmpty else { return }
    } catch {
      // Not allowed to ask, or nobody answers now: publishing will show.
      session.diagnostics.debug("\(error)")
      return
    }
    throw NATSError(
      .notFound, "no stream captures \(settings.subject.pattern): create one (nats stream add), then publish")
  }

  /// Publishes all lines of `descriptor` and waits until the last is acknowledged.
  ///
  /// - Returns: The status to end with.
  /// - Throws: ``NATSError``, ``InputError``, ``BadLine``.
  package mutating func run(input descriptor: Int32 = 0) throws -> ExitStatus {
    ServiceNotifier().ready("publishing")
    var reader = LineReader(descriptor: descriptor, shutdown: session.shutdown)
    let block = LineBlock()
    reading: while true {
      try takeAcknowledgements(wait: 0)
      try supervise()
      try awaitRoom()
      switch try reader.read(into: block, timeoutMilliseconds: window.isEmpty ? 1_000 : 20) {
      case .lines:
        if block.linesTooLong > 0 { try skip("\(block.linesTooLong) lines are longer than 64 MiB") }
        try unsafe block.forEachLine { (line: UnsafeRawBufferPointer) throws -> Bool in
          try unsafe publish(line.bindMemory(to: UInt8.self))
          return session.shutdown.cause == nil
        }
      case .endOfInput: break reading
      case .timedOut: continue
      case .shutdown: break reading
      }
    }
    try drain()
    if skipped > 0 { session.diagnostics.warning("\(skipped) lines were not published") }
    return .ok
  }

  /// Waits for what is outstanding; a request to end leaves it four seconds.
  private mutating func drain() throws {
    var deadline: Duration?
    while !window.isEmpty {
      if session.shutdown.cause != nil, deadline == nil { deadline = now + .seconds(4) }
      if let deadline, now >= deadline {
        session.diagnostics.error("\(window.outstanding) messages have not been acknowledged")
        return
      }
      try takeAcknowledgements(wait: 50)
      try supervise()
    }
  }

  // MARK: - Sending

  struct BadLine: ToolError {
    var line: UInt64
    var reason: String
    package var status: ExitStatus { .badInput }
    package var description: String { "line \(line): \(reason)" }
  }

  private mutating func skip(_ reason: String) throws {
    guard settings.onError == .skip else { throw BadLine(line: lineNumber, reason: reason) }
    if skipped == 0 { session.diagnostics.warning("line \(lineNumber): \(reason): not published") }
    skipped += 1
  }

  private mutating func publish(_ line: UnsafeBufferPointer<UInt8>) throws {
    lineNumber += 1
    guard unsafe line.contains(where: { $0 > 0x20 }) else { return }
    let entry: PublishWindow.Entry
    do throws(LineComposer.Unusable) {
      entry = unsafe try composer.compose(line, number: lineNumber)
    } catch {
      return try skip(error.description)
    }
    let time = now
    if let wait = limiter?.take(now: time), wait > .zero {
      try takeAcknowledgements(wait: 0)
      try? session.pause(wait)
    }
    try awaitRoom()
    if session.shutdown.cause != nil { return }
    let number = window.add(entry, now: now)
    try send(number, entry)
  }

  /// Waits until there is room for another message, in the window and on its way to the server.
  private mutating func awaitRoom() throws {
    let wasFull = window.isFull
    guard wasFull || bytesSinceTurn >= Self.batchBytes else { return }
    bytesSinceTurn = 0
    try takeAcknowledgements(wait: 0)
    while wasFull && window.isNearlyFull || connection.unsentBytes > Self.unsentLimit,
      session.shutdown.cause == nil
    {
      try takeAcknowledgements(wait: 50)
      try supervise()
    }
  }

  private mutating func send(_ number: UInt64, _ entry: PublishWindow.Entry) throws {
    guard resendAt == nil else { return }
    do throws(NATSError) {
      try connection.publish(entry, reply: acknowledgements.subject(number), recycler: recycler)
      bytesSinceTurn += entry.payload.count
    } catch {
      guard error.isTransient else {
        window.acknowledge(number, now: now)
        return try skip(error.message)
      }
      sendAgain()
    }
  }

  private mutating func sendAgain() {
    guard resendAt == nil else { return }
    resendAt = now + backoff.next(random: 1)
    troubledSince = troubledSince ?? now
  }

  // MARK: - Acknowledgements

  /// Sends what waits and takes what has arrived, waiting for the first at most `wait` milliseconds.
  private mutating func takeAcknowledgements(wait: Int64) throws {
    var wait = wait
    while true {
      switch acknowledgements.next(milliseconds: wait) {
      case .message(let message): try take(message)
      case .noResponders: sendAgain()
      case .ended:
        // There is nothing to wait for but the time to try again.
        sendAgain()
        usleep(useconds_t(wait * 1_000))
        return
      case .timedOut: return
      }
      wait = 0
    }
  }

  private mutating func take(_ message: borrowing Message) throws {
    guard let number = acknowledgements.token(of: message) else { return }
    switch unsafe PublishAcknowledgement(message.payload) {
    case .stored, .duplicate:
      guard let entry = window.acknowledge(number, now: now) else { return }
      backoff.reset()
      troubledSince = nil
      hasWarned = false
      published.increment(entry.subject)
    case .refusedForNow(let reason):
      session.diagnostics.debug("message \(number): \(reason)")
      sendAgain()
    case .refused(let reason):
      guard let entry = window.acknowledge(number, now: now) else { return }
      try skip("the stream refused the message on \(entry.subject): \(reason)")
    }
  }

  /// Notices lost connections and silence, and sends again when it is time.
  private mutating func supervise() throws {
    if let denial = connection.state.denial(after: denialsBefore) {
      throw NATSError(.noPermission, "the server does not allow it: \(denial)")
    }
    let isLost = connection.loss != nil
    if isLost { sendAgain() }
    if let since = window.waitingSince, now - since > Self.patience { sendAgain() }
    if let since = troubledSince, !hasWarned, !window.isEmpty, now - since > .seconds(1) {
      hasWarned = true
      session.diagnostics.warning("\(window.outstanding) messages wait for the server: trying again")
    }
    guard let time = resendAt, now >= time else { return }
    resendAt = nil
    if isLost, try !reconnect() { return sendAgain() }
    if let since = troubledSince, now - since > .seconds(5) {
      try checkStream()
      denialsBefore = connection.state.denialCount
    }
    for (number, entry) in window.unacknowledged {
      try send(number, entry)
      if resendAt != nil { return }
    }
    window.resent(now: now)
  }

  /// Tries once to make the lost connection anew.
  ///
  /// - Returns: False when that may work later.
  /// - Throws: `noPermission` and the like.
  private mutating func reconnect() throws(NATSError) -> Bool {
    do throws(NATSError) {
      connection = try session.replace(connection)
      acknowledgements = try connection.subscribe(drivesLoop: true, shutdown: session.shutdown)
    } catch {
      guard error.isTransient else { throw error }
      session.diagnostics.debug("\(error)")
      return false
    }
    denialsBefore = 0
    if window.isEmpty { troubledSince = nil }
    return true
  }
}
