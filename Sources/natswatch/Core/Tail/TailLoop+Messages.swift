// SPDX-License-Identifier: Apache-2.0

import Encoding
import Events
import JSON
import Lines
import Metrics
import Process

/// Handles the messages that the consumer delivers.
extension TailLoop {
  /// Writes the delivered messages until the run ends or the consumer is no longer reliable.
  mutating func pump(
    _ inbox: Subscription, _ jetStream: JetStream
  ) throws -> Outcome {
    let started = now
    let denials = jetStream.connection.state.denialCount
    var hasHeard = hasHeardConsumer
    var reception = Reception(jetStream.connection.loop)
    while true {
      roundTime = now
      var count = 0
      taking: while count < Self.roundLimit {
        switch inbox.next(milliseconds: 0) {
        case .message(let message):
          if let outcome = try handle(message, jetStream) { return outcome }
          count += 1
        case .ended:
          throw ConnectionLostError(reason: jetStream.connection.loss?.reason ?? "the subscription has ended")
        default: break taking
        }
      }
      let isIdle = count < Self.roundLimit
      progress?.update(lines: Int64(written))
      if count > 0 {
        (hasHeard, hasHeardConsumer) = (true, true)
        reception.mark()
      }
      let isReceiving = reception.isReceiving
      if isIdle, !isReceiving { try checkDelivery(inbox, jetStream, since: started, denials, &hasHeard) }
      if isIdle { try output.flush() }
      try monitor.flushed(machine)
      if isIdle || output.bytesBuffered == 0 { try saveState(force: false) }
      if session.shutdown.cause != nil { return .finished(.ok) }
      if machine.isProofDue(now: now), let outcome = try prove(jetStream, before: 0) { return outcome }
      guard isIdle else { continue }
      if isReceiving, roundTime >= machine.deadline {
        machine.partArrived(now: roundTime)
        reception.mark()
      } else if count == 0, roundTime >= machine.deadline {
        guard hasHeardConsumer else {
          throw NATSError(
            .refused, "the consumer on \(stream) sends nothing, not even heartbeats: see --inbox-prefix")
        }
        return .recreate("no heartbeat for \(DurationText.print(machine.patience))")
      }
      switch inbox.next(milliseconds: 500) {
      case .message(let message):
        (hasHeard, hasHeardConsumer) = (true, true)
        reception.mark()
        if let outcome = try handle(message, jetStream) { return outcome }
      default: break
      }
    }
  }

  /// Detects denied permissions, and a consumer whose messages do not arrive.
  private mutating func checkDelivery(
    _ inbox: Subscription, _ jetStream: JetStream, since started: Duration, _ denials: Int,
    _ hasHeard: inout Bool
  ) throws(NATSError) {
    // The server removes the unused consumer in any case, and the search for matches is an additional check.
    let optional = [".CONSUMER.DELETE.", ".STREAM.MSG.GET."]
    if let denial = jetStream.connection.state.denial(after: denials, except: optional) {
      throw NATSError.denied(denial, "tail \(stream)")
    }
    guard !hasHeard else { return }
    let silence = "the consumer on \(stream) sends nothing, not even heartbeats"
    if roundTime - started > .seconds(4) {
      hasHeard = true
      session.diagnostics.warning(
        "\(silence): can messages reach \(inbox.inbox)? An import of another account's stream needs its deliver subject, "
          + "too, and a matching --inbox-prefix")
    }
  }

  /// Requests the stream's information and proves continuity; nil if it is proven.
  private mutating func prove(_ jetStream: JetStream, before next: UInt64) throws -> Outcome? {
    let info = try retrying(on: jetStream) { () throws(NATSError) in try jetStream.streamInfo(stream) }
    let match = machine.mayMissMatch(before: next) ? try firstMatch(jetStream) : nil
    switch machine.prove(info, match: match, before: next, now: now) {
    case .gone(let gone): return .gone(gone)
    case .lookAgain: return try lookAgain("the consumer has passed over messages")
    case .proceed: return nil
    }
  }

  /// The stream's first match after the frontier; nil if there is none, or if the request may not be made.
  ///
  /// It needs a right that lets its user read the whole stream, and a tail with a filter need not have it.
  private mutating func firstMatch(_ jetStream: JetStream) throws -> UInt64? {
    guard let frontier = machine.frontier, failedSearches < 3 else { return nil }
    var isAllowed = true
    let match = try retrying(on: jetStream) { () throws(NATSError) in
      var first: UInt64?
      for filter in filters {
        do throws(NATSError) {
          let message = try jetStream.nextMessage(on: filter, from: frontier + 1, of: stream)
          // Servers before 2.9 ignore the subject.
          guard let message, let subject = message["subject"]?.string.flatMap(SubjectPattern.init),
            filter.covers(subject)
          else { continue }
          first = [first, message["seq"]?.unsigned].compactMap(\.self).min()
        } catch {
          // An answer such as "temporarily unavailable" is not a refusal: the next leader has a better one.
          let isAnswer = error.serverCode != 0 && (error.isTransient || error.code == .notFound)
          if isAnswer || error.code == .interrupted || jetStream.connection.loss != nil { throw error }
          session.diagnostics.debug("cannot check whether the consumer has passed over messages: \(error)")
          isAllowed = false
          return nil as UInt64?
        }
      }
      return first
    }
    failedSearches = isAllowed ? 0 : failedSearches + 1
    return match
  }

  /// Ends the tail, unless messages have been removed before the one with the sequence `next`.
  private mutating func finish(_ jetStream: JetStream, before next: UInt64? = nil) throws -> Outcome {
    if machine.needsProof(before: next), let outcome = try prove(jetStream, before: next ?? 0) {
      return outcome
    }
    return .finished(.ok)
  }

  private mutating func handle(_ message: borrowing Message, _ jetStream: JetStream) throws -> Outcome? {
    guard let metadata = unsafe metadataReader.read(message.replyBytes) else {
      return try control(message, jetStream)
    }
    if isBeyondEnd(metadata) { return try finish(jetStream, before: metadata.streamSequence) }
    var action = machine.message(metadata, now: roundTime)
    if action == .prove {
      if let outcome = try prove(jetStream, before: metadata.streamSequence) { return outcome }
      action = machine.message(metadata, now: roundTime, isProven: true)
    }
    switch action {
    case .deliver: break
    case .skip, .prove: return nil
    case .recreate(let reason): return .recreate(reason)
    }
    let isSubject = localFilters.isEmpty || localFilters.contains { unsafe $0.matches(message.subjectBytes) }
    if isSubject, metadata.time >= sinceTime { try write(message, metadata) }
    if let count = settings.count, written >= count { return try finish(jetStream) }
    if let target, settings.untilNow, metadata.streamSequence >= target || metadata.pending == 0 {
      return try finish(jetStream, before: target + 1)
    }
    return isPastEnd(metadata.pending) ? try finish(jetStream) : nil
  }

  /// Whether a message is after the requested end.
  private func isBeyondEnd(_ metadata: DeliveryMetadata) -> Bool {
    if let target, settings.untilNow, metadata.streamSequence > target { return true }
    if let end = settings.untilSequence, metadata.streamSequence > end { return true }
    if let end = settings.untilTime, metadata.time > end { return true }
    return false
  }

  /// Whether `--until-seq` or `--until` has been reached, with `pending` messages left.
  func isPastEnd(_ pending: UInt64) -> Bool {
    if let end = settings.untilSequence, let frontier = machine.frontier, frontier >= end { return true }
    if let end = settings.untilTime, pending == 0, Timestamp.now.nanoseconds > end { return true }
    return false
  }

  private mutating func write(_ message: borrowing Message, _ metadata: DeliveryMetadata) throws {
    let outcome = try encoder.encode(message, metadata, to: output)
    if outcome != .line {
      monitor.invalid.increment()
      if outcome == .invalid {
        guard settings.invalid == .skip else {
          throw InvalidPayloadError(sequence: metadata.streamSequence, subject: message.subject)
        }
        return
      }
    }
    written += 1
    monitor.received(message, metadata)
  }

  struct InvalidPayloadError: ToolError {
    var sequence: UInt64
    var subject: String
    var status: ExitStatus { .badInput }
    package var description: String { "message \(sequence) on \(subject) is not JSON (--invalid fail)" }
  }

  /// Heartbeats and flow control.
  private mutating func control(_ message: borrowing Message, _ jetStream: JetStream) throws -> Outcome? {
    guard unsafe message.payload.isEmpty, message.header("Status") == "100" else { return nil }
    if unsafe !message.replyBytes.isEmpty {
      machine.flowControl(now: roundTime)
      jetStream.connection.publish(to: message.reply)
      return nil
    }
    if let stalled = message.header("Nats-Consumer-Stalled") { jetStream.connection.publish(to: stalled) }
    guard let consumer = message.header("Nats-Last-Consumer").flatMap(UInt64.init),
      let last = message.header("Nats-Last-Stream").flatMap(UInt64.init)
    else { return nil }
    var action = machine.idle(lastConsumer: consumer, lastStream: last, now: roundTime)
    if action == .prove {
      if let outcome = try prove(jetStream, before: last + 1) { return outcome }
      action = machine.idle(lastConsumer: consumer, lastStream: last, now: roundTime, isProven: true)
    }
    switch action {
    case .recreate(let reason): return .recreate(reason)
    case .skip, .prove:
      try monitor.heartbeat(machine)
      if isPastEnd(machine.pending) { return try finish(jetStream) }
    case .deliver:
      try monitor.heartbeat(machine)
      if settings.writesBookmarks, settings.form != .raw { try output.append(bookmark(last)) }
      if settings.untilNow, let target, last >= target { return try finish(jetStream) }
      if isPastEnd(machine.pending) { return try finish(jetStream) }
    }
    return nil
  }

  private func bookmark(_ sequence: UInt64) -> [UInt8] {
    let object = JSONWriter.object { object in
      object.key("metadata")
      object.object { $0.member("resourceVersion", "\(sequence)") }
    }
    let source = JSONWriter.object { source in
      source.member("stream", stream)
      source.member("epoch", machine.epoch ?? "")
      source.member("sequence", sequence)
    }
    return EventLine.make(.bookmark, object: object, source: source)
  }

  /// Writes the state file, at most once a second except at the end.
  mutating func saveState(force: Bool) throws(StateFileError) {
    guard let file = stateFile, let sequence = machine.resumable, let epoch = machine.epoch,
      sequence != savedSequence, force || now - lastSave > .seconds(1)
    else { return }
    try TailState(stream: stream, created: epoch, seq: sequence).write(file)
    savedSequence = sequence
    lastSave = now
  }
}
