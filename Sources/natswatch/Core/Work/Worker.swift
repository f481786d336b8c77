// SPDX-License-Identifier: Apache-2.0

import Events
import Glibc
import Lines
import Process

/// Pulls one message at a time, has it handled, and tells the server how it went. Each on a thread of its own.
struct Worker {
  let context: WorkContext

  private var settings: WorkSettings { context.settings }
  private var queue: WorkQueue { context.queue }
  private var connection: Connection { context.connection }
  private var diagnostics: Diagnostics { context.session.diagnostics }

  /// Works until the process is to end.
  func run() {
    var inbox: Subscription?
    var token: UInt64 = 0
    while !context.isStopping {
      guard context.mayPull() else {
        try? context.session.pause(.milliseconds(200))
        continue
      }
      do throws(NATSError) {
        let connection = connection
        if inbox?.connection !== connection { inbox = try connection.subscribe() }
        token += 1
        if let inbox, let item = try pull(into: inbox, token) {
          context.countReceived(item)
          if settings.isDryRun { try show(item) } else { take(item) }
        } else {
          context.returnLeave()
        }
      } catch {
        context.returnLeave()
        if error.code == .interrupted { return }
        guard error.isTransient else { return context.fail(error) }
        diagnostics.debug("\(error)")
        try? context.session.pause(.milliseconds(500))
      }
    }
  }

  // MARK: - Pulling

  /// Asks for one message and waits for it; nil when there is none for now.
  ///
  /// - Parameters:
  ///   - inbox: The worker's own.
  ///   - token: Names this request. A message for an earlier one is handled too; its status lines are not about this one.
  /// - Returns: The message; nil when the time is up.
  /// - Throws: `noPermission`, `notFound` for a consumer that has been deleted, `unavailable`.
  private func pull(into inbox: Subscription, _ token: UInt64) throws(NATSError) -> WorkItem? {
    let connection = inbox.connection
    let denials = connection.state.denialCount
    let request = "{\"batch\":1,\"expires\":20000000000,\"idle_heartbeat\":5000000000}"
    let subject = "\(connection.settings.apiPrefix).CONSUMER.MSG.NEXT.\(queue.stream).\(queue.durable)"
    connection.publish(Array(request.utf8), to: subject, reply: inbox.subject(token))
    var lastHeard = context.now
    while true {
      switch inbox.next(milliseconds: 200) {
      case .message(let message):
        if let item = WorkItem(message) {
          guard context.isStopping else { return item }
          negative(item, delay: nil)
          return nil
        }
        guard inbox.token(of: message) == token else { continue }
        lastHeard = context.now
        guard message.header("Status") == "100" else {
          let status = "\(message.header("Status") ?? "") \(message.header("Description") ?? "")"
          if status.contains("Consumer Deleted") { try checkConsumer() }
          return nil
        }
      case .noResponders:
        try checkConsumer()
        throw NATSError(.unavailable, "pull from \(queue.durable): nobody answers now")
      case .ended: return nil
      case .timedOut: break
      }
      if let denial = connection.state.denial(after: denials, naming: [subject]) {
        throw NATSError(.noPermission, "pull from \(queue.durable): the server refuses it: \(denial)")
      }
      if context.isStopping || context.now - lastHeard > .seconds(12) { return nil }
    }
  }

  private func checkConsumer() throws(NATSError) {
    guard try context.jetStream.consumerInfo(queue.durable, of: queue.stream) == nil else { return }
    throw NATSError(.notFound, "the consumer \(queue.durable) of \(queue.stream) has been deleted")
  }

  // MARK: - Handling

  /// `--dry-run`: what would be handled. The message is kept until the end, then given back.
  private func show(_ item: WorkItem) throws(NATSError) {
    do throws(OutputError) {
      try context.show(item)
    } catch {
      throw NATSError(.refused, error.description)
    }
  }

  private func take(_ item: WorkItem) {
    let event = item.identifier(in: queue.stream)
    if settings.schedule.isExhausted(beforeAttempt: item.attempt) {
      // Whoever had the last try died in it.
      return bury(item, event, reason: "handling was interrupted \(item.attempt - 1) times")
    }
    let identifier = settings.deduplicateBy.flatMap { item.field($0) }
    if let identifier {
      switch context.begin(identifier) {
      case .new: break
      case .duplicate:
        context.journal?.note(
          .completed, event: event, subject: item.subject, sequence: item.metadata.streamSequence,
          attempt: item.attempt, error: "duplicate")
        return acknowledge(item)
      case .busy: return negative(item, delay: .seconds(1))
      }
    }
    let succeeded = handle(item, event)
    if let identifier { context.end(identifier, succeeded: succeeded) }
  }

  private func handle(_ item: WorkItem, _ event: String) -> Bool {
    let sequence = item.metadata.streamSequence
    context.journal?.note(
      .processing, event: event, subject: item.subject, sequence: sequence, attempt: item.attempt)
    var pulse = Pulse(self, item)
    let process = HandlerProcess(
      command: item.arguments(settings.command), variables: item.variables(queue),
      capturesOutput: settings.reply != nil, timeout: settings.handlerTimeout)
    let result = process.run(input: item.payload) { pulse.beat() }
    if result.outcome == .exited(0) {
      if let reply = settings.reply { publishLines(result.output, to: reply, item, &pulse) }
      acknowledge(item)
      context.journal?.note(
        .completed, event: event, subject: item.subject, sequence: sequence, attempt: item.attempt)
      context.handled(item, succeeded: true)
      return true
    }
    context.handled(item, succeeded: false)
    // EX_DATAERR: no other try will find the message better.
    let decision =
      result.outcome == .exited(65) ? .deadLetter : settings.schedule.decision(afterAttempt: item.attempt)
    switch decision {
    case .retry(let delay):
      diagnostics.warning(
        "\(item.subject) \(sequence): \(result.reason): again in \(DurationText.print(delay)) (try \(item.attempt))"
      )
      context.journal?.note(
        .failed, event: event, subject: item.subject, sequence: sequence, attempt: item.attempt,
        error: result.reason)
      negative(item, delay: delay)
    case .deadLetter: bury(item, event, reason: result.reason)
    }
    return false
  }

  /// The last resort: out of the way, kept elsewhere. The original ends only when the copy is stored.
  private func bury(_ item: WorkItem, _ event: String, reason: String) {
    let sequence = item.metadata.streamSequence
    let letter = settings.deadLetterSubject(for: item.subject)
    diagnostics.error(
      "\(item.subject) \(sequence): \(reason): \(letter.map { "dead letter to \($0)" } ?? "dropped")")
    if let letter {
      let entry = item.deadLetter(to: letter, reason: reason, queue: queue)
      var pulse = Pulse(self, item)
      guard store(entry, &pulse) else { return negative(item, delay: settings.schedule.maximum) }
    }
    context.journal?.note(
      .failed, event: event, subject: item.subject, sequence: sequence, attempt: item.attempt, error: reason,
      deadLetter: letter)
    settle(item, "+TERM")
  }

  private func publishLines(_ output: [UInt8], to subject: String, _ item: WorkItem, _ pulse: inout Pulse) {
    let target = WorkSettings.replacing("{subject}", in: subject, with: item.subject)
    let lines = output.split(separator: 0x0a).filter { line in line.contains { $0 > 0x20 } }
    for (index, line) in lines.enumerated() {
      let entry = PublishWindow.Entry(
        subject: target, payload: Array(line),
        identifier: "natswatch-reply.\(queue.stream).\(queue.epoch).\(item.metadata.streamSequence).\(index)")
      if !store(entry, &pulse) {
        diagnostics.error("\(item.subject): a line of the handler was not published")
      }
    }
  }

  /// Stores a message, again and again until it is there.
  ///
  /// - Returns: False when the server will never take it, or the process has to end first.
  private func store(_ entry: PublishWindow.Entry, _ pulse: inout Pulse) -> Bool {
    var failures = 0
    while true {
      do throws(NATSError) {
        try context.jetStream.store(entry) { pulse.beat() }
        context.countPublished(entry.subject)
        return true
      } catch {
        if failures % 20 == 0 { diagnostics.error("\(error)") }
        guard error.isTransient, !context.isStopping || failures < 4 else { return false }
        failures += 1
        for _ in 0..<5 {
          usleep(100_000)
          pulse.beat()
        }
      }
    }
  }

  // MARK: - Acknowledging

  private func acknowledge(_ item: WorkItem) { settle(item, "+ACK") }

  /// Says a last word and waits until the server has heard it; repeats it, which does no harm, until then.
  private func settle(_ item: WorkItem, _ word: String) {
    let started = context.now
    while context.now - started < queue.ackWait {
      do throws(NATSError) {
        _ = try connection.request(
          item.reply, Array(word.utf8), what: "acknowledge \(item.metadata.streamSequence)",
          timeout: .seconds(2))
        return
      } catch {
        diagnostics.debug("\(error)")
        usleep(250_000)
      }
    }
    diagnostics.warning(
      "\(item.subject) \(item.metadata.streamSequence): the acknowledgement was not heard: it will come again"
    )
  }

  private func negative(_ item: WorkItem, delay: Duration?) {
    let word = delay.map { "-NAK {\"delay\":\($0.nanoseconds)}" } ?? "-NAK"
    connection.publish(Array(word.utf8), to: item.reply)
    connection.flush(milliseconds: 500)
  }

  /// Signs of life for the server while a message is being handled.
  struct Pulse {
    private let worker: Worker
    private let item: WorkItem
    private let interval: Duration
    private var last: Duration

    init(_ worker: Worker, _ item: WorkItem) {
      self.worker = worker
      self.item = item
      interval = min(worker.queue.ackWait / 3, .seconds(10))
      last = worker.context.now
    }

    mutating func beat() {
      guard worker.context.now - last >= interval else { return }
      last = worker.context.now
      worker.connection.publish(Array("+WPI".utf8), to: item.reply)
    }
  }
}
