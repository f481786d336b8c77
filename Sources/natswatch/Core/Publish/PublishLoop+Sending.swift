// SPDX-License-Identifier: Apache-2.0

import Encoding
import Events
import Glibc
import Process

/// The state while the server does not accept messages.
struct PublishTrouble {
  var reason: String
  /// Whether the stream has no room.
  var isFull = false
  /// The time of the next attempt.
  var resendAt: Duration?
  var report: WaitReport
}

extension PublishLoop {
  /// The time limit for an acknowledgement, after which everything outstanding is sent again.
  static let patience: Duration = .seconds(5)
  /// The number of published bytes after which the socket is serviced.
  private static let batchBytes = EventLoop.bufferSize / 2
  /// The maximum number of bytes that wait for a full socket.
  private static let unsentLimit = 1 << 20

  /// Waits until there is room for another message, in the window and in the send buffer.
  mutating func awaitRoom() throws {
    let wasFull = window.isFull
    guard wasFull || bytesSinceTurn >= Self.batchBytes else { return }
    bytesSinceTurn = 0
    try takeAcknowledgements(wait: 0)
    while wasFull && window.isNearlyFull || connection.unsentBytes > Self.unsentLimit, !isEnding {
      try takeAcknowledgements(wait: 50)
      try supervise()
    }
  }

  mutating func send(_ number: UInt64, _ entry: PublishWindow.Entry) throws {
    guard trouble?.resendAt == nil else { return }
    do throws(NATSError) {
      try connection.publish(entry, reply: acknowledgements.subject(number))
      bytesSinceTurn += entry.payload.count
    } catch {
      guard error.isTransient else {
        window.acknowledge(number, now: now)
        return report.skip(line: entry.line, error.message)
      }
      sendAgain(because: error.message)
    }
  }

  mutating func sendAgain(because reason: String, isFull: Bool = false) {
    if trouble == nil {
      trouble = PublishTrouble(reason: reason, report: WaitReport(after: .seconds(1), since: now))
    }
    trouble?.reason = reason
    trouble?.isFull = isFull
    if trouble?.resendAt == nil {
      let time = now + backoff.next(random: 1)
      trouble?.resendAt = time
    }
  }

  // MARK: - Acknowledgements

  /// Writes pending messages and takes arrived acknowledgements, waiting for the first for at most `wait`
  /// milliseconds.
  mutating func takeAcknowledgements(wait: Int64) throws {
    var wait = wait
    var hasTaken = false
    while true {
      switch acknowledgements.next(milliseconds: wait) {
      case .message(let message):
        take(message)
        hasTaken = true
      case .noResponders: sendAgain(because: "no stream answers")
      case .ended:
        // Only the time of the next attempt is left to wait for.
        sendAgain(because: "connection lost: \(connection.loss?.reason ?? "closed")")
        usleep(useconds_t(wait * 1_000))
        return
      case .timedOut:
        if hasTaken { lastAcknowledgement = .now }
        return
      }
      wait = 0
    }
  }

  private mutating func take(_ message: borrowing Message) {
    guard let number = acknowledgements.token(of: message) else { return }
    switch unsafe PublishAcknowledgement(message.payload) {
    case .stored: stored(number, isDuplicate: false)
    case .duplicate: stored(number, isDuplicate: true)
    case .refused(let reason):
      guard let entry = window.acknowledge(number, now: now) else { return }
      report.skip(line: entry.line, "the stream refuses the message on \(entry.subject): \(reason)")
    case .full(let reason):
      guard let entry = window.entry(number) else { return }
      if settings.onError == .fail {
        window.acknowledge(number, now: now)
        report.skip(line: entry.line, "the stream has no room for the message on \(entry.subject): \(reason)")
      } else if let trouble, trouble.isFull, number != window.firstNumber {
        // Names the oldest line that waits.
        sendAgain(because: trouble.reason, isFull: true)
      } else {
        sendAgain(
          because:
            "line \(entry.line): the stream has no room for the message on \(entry.subject): \(reason)",
          isFull: true)
      }
    case .refusedForNow(let reason): sendAgain(because: reason)
    }
  }

  private mutating func stored(_ number: UInt64, isDuplicate: Bool) {
    // A message that natswatch itself sent again is acknowledged as a duplicate, too.
    let wasRepeated = trouble != nil || window.wasResent(number)
    guard let entry = window.acknowledge(number, now: now) else { return }
    if isDuplicate, !wasRepeated { report.duplicates += 1 }
    report.stored(line: entry.line)
    published.increment(entry.subject)
    publishedTypes?.increment(entry.type)
    backoff.reset()
    if window.isEmpty { trouble = nil }
  }

  // MARK: - Supervision

  /// Handles lost connections and missing acknowledgements, and sends again when it is time.
  mutating func supervise() throws {
    while let denial = connection.state.denial(after: denialsSeen) {
      denialsSeen += 1
      if denial.contains("STREAM.NAMES") {
        if refusedQuestions > 0 {
          refusedQuestions -= 1
          continue
        }
        // libnats keeps only the last of several denials.
        throw NATSError(
          .noPermission,
          "the server refused more than one request, perhaps the subscription to \(acknowledgements.inbox).*: "
            + "check the permissions of this user")
      }
      throw NATSError.denied(denial)
    }
    let loss = connection.loss
    try reportHealth(isConnected: loss == nil)
    if let loss { sendAgain(because: "connection lost: \(loss.reason)") }
    if let since = window.waitingSince, now - since > Self.patience {
      sendAgain(because: "no acknowledgement")
    }
    let time = now
    guard let current = trouble else { return }
    if !window.isEmpty, trouble?.report.isDue(time) == true {
      session.diagnostics.warning(
        "\(current.reason): \(window.outstanding) message\(window.outstanding == 1 ? "" : "s") not stored yet: trying again"
      )
    }
    guard let resendAt = current.resendAt, time >= resendAt else { return }
    trouble?.resendAt = nil
    if loss != nil, try !reconnect() { return sendAgain(because: current.reason) }
    if window.isEmpty { trouble = nil }
    for (number, entry) in window.unacknowledged {
      try send(number, entry)
      if trouble?.resendAt != nil { return }
    }
    window.resent(now: now)
  }

  private func reportHealth(isConnected: Bool) throws {
    if !isConnected { return try health.disconnected() }
    health.status.isConnected = true
    if let current = trouble {
      health.set(current.isFull ? .degraded : .unhealthy, current.isFull ? .backpressure : .error)
    } else {
      health.set(.healthy)
    }
    try health.report { [lastAcknowledgement] in $0.lastEvent = lastAcknowledgement }
  }

  /// Tries once to replace the lost connection.
  ///
  /// - Returns: False if it may succeed later.
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
    health.status.reconnects += 1
    denialsSeen = 0
    return true
  }
}
