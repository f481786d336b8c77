// SPDX-License-Identifier: Apache-2.0

import JSON
import Lines
import Process

extension WorkEngine {
  /// The final acknowledgement of a message.
  enum LastWord: String {
    case acknowledge = "+ACK"
    /// Finished without being handled: the dead letter replaces it.
    case terminate = "+TERM"
  }

  // MARK: - A handler has ended

  /// The handler succeeded; `output` is its output for `--reply`.
  func succeed(_ job: Job, output: [UInt8]) {
    metrics.handled(job.delivery, succeeded: true)
    breaker.succeeded()
    hasSucceeded = true
    let lines =
      settings.reply == nil ? [] : output.split(separator: 0x0a).filter { $0.contains { $0 > 0x20 } }
    guard let reply = settings.reply, !lines.isEmpty else { return complete(job) }
    job.phase = .replying(unacknowledged: lines.count)
    let subject = WorkSettings.replacing("{subject}", in: reply, with: job.delivery.subject)
    for (index, line) in lines.enumerated() {
      var entry = PublishWindow.Entry(
        subject: subject, payload: Array(line),
        identifier: "natswatch-reply.\(queue.identity).\(job.sequence).\(index)",
        headers: [PublishWindow.Header(name: "Natswatch-Durable", value: queue.durable)])
      // A line of exactly the server's limit is sent without headers.
      if entry.wireSize > connection.payloadLimit { (entry.identifier, entry.headers) = ("", []) }
      guard entry.wireSize <= connection.payloadLimit else {
        return bury(
          job,
          reason:
            "a line of its handler has \(line.count) bytes, and the server accepts at most \(connection.payloadLimit)"
        )
      }
      send(.publishReply(job), entry)
    }
  }

  /// A line of the handler's output was stored.
  func replyIsStored(_ job: Job, _ subject: String) {
    metrics.countPublished(subject)
    guard case .replying(let count) = job.phase else { return }
    if count > 1 { job.phase = .replying(unacknowledged: count - 1) } else { complete(job) }
  }

  private func complete(_ job: Job) {
    note(job, .completed)
    finish(job, .acknowledge)
  }

  /// The handler failed.
  func fail(_ job: Job, _ failure: Job.Failure) {
    unstartedHandlers = 0
    metrics.handled(job.delivery, succeeded: false)
    if breaker.failed(now: now) {
      diagnostics.warning(
        "\(settings.breaker ?? 0) failures in a row: no messages are pulled for \(DurationText.print(settings.breakerPause))"
      )
      abandonWaiting()
    }
    if job.isCounted || bucket == .unavailable {
      useUpTry(job, failure)
    } else {
      readTries(of: job, after: failure)
    }
  }

  /// One try is used up.
  func useUpTry(_ job: Job, _ failure: Job.Failure) {
    job.tries += 1
    tries.note(job.tries, for: job.sequence)
    guard !failure.isFinal, case .retry(let delay) = settings.schedule.decision(afterTries: job.tries) else {
      return bury(job, reason: failure.reason)
    }
    diagnostics.warning(
      "\(job.delivery.subject) \(job.sequence): \(failure.reason): again in \(DurationText.print(delay)) (try \(job.tries))"
    )
    note(job, .failed, attempt: job.tries, error: failure.reason)
    record(job, delay: delay)
  }

  /// Gives a message back, to be delivered again after a delay.
  func postpone(_ job: Job, _ delay: Duration) {
    var refusal = JSONWriter(after: Array("-NAK ".utf8))
    refusal.object { $0.member("delay", delay.nanoseconds) }
    connection.publish(refusal.bytes, to: job.delivery.reply)
    remove(job, succeeded: false)
  }

  /// Gives a message back to be delivered again after a while, although no handler failed.
  func postponeUncounted(_ job: Job) {
    breaker.abandoned()
    postpone(job, settings.schedule.initial)
  }

  // MARK: - Dead letters

  /// Sends the message to the dead letters. It is finished only after its letter is stored.
  func bury(_ job: Job, reason: String) {
    let subject = settings.deadLetterSubject(for: job.delivery.subject)
    diagnostics.error(
      "\(job.delivery.subject) \(job.sequence): \(reason): \(subject.map { "dead letter to \($0)" } ?? "dropped")"
    )
    let letter = DeadLetter(
      delivery: job.delivery, subject: subject ?? "", reason: reason, tries: job.tries, queue: queue)
    guard subject != nil else { return end(job, letter) }
    post(letter, for: job, from: .full)
  }

  /// Publishes a dead letter in the most complete form from `first` on that fits.
  private func post(_ letter: DeadLetter, for job: Job, from first: DeadLetter.Form) {
    guard
      let (form, entry) = letter.fitting(connection.payloadLimit, from: first, hasJournal: journal != nil)
    else {
      diagnostics.error(
        "\(job.delivery.subject) \(job.sequence): the dead letter is too large for \(letter.subject): "
          + "the message stays in the stream; with --journal FILE its payload goes there")
      return postpone(job, settings.schedule.maximum)
    }
    if form == .withoutPayload { notePayload(job) }
    guard failure == nil else { return }
    job.phase = .burying(letter, form)
    send(.publishLetter(job), entry)
  }

  func letterIsStored(_ job: Job) {
    guard case .burying(let letter, _) = job.phase else { return }
    metrics.countPublished(letter.subject)
    end(job, letter)
  }

  /// The dead-letter stream refused the letter; a smaller form may be accepted.
  func letterIsRefused(_ job: Job, _ reason: String) {
    guard case .burying(let letter, let form) = job.phase else { return }
    diagnostics.error("\(job.delivery.subject) \(job.sequence): dead letter to \(letter.subject): \(reason)")
    guard let index = DeadLetter.Form.allCases.firstIndex(of: form),
      let next = DeadLetter.Form.allCases.dropFirst(index + 1).first
    else { return postpone(job, settings.schedule.maximum) }
    post(letter, for: job, from: next)
  }

  private func end(_ job: Job, _ letter: DeadLetter) {
    note(
      job, .failed, attempt: job.tries, error: letter.reason,
      deadLetter: letter.subject.isEmpty ? nil : letter.subject)
    release(job, succeeded: false)
    finish(job, .terminate)
  }

  // MARK: - The last word

  /// Sends the final acknowledgement until the server has confirmed it.
  func finish(_ job: Job, _ word: LastWord) {
    release(job, succeeded: word == .acknowledge)
    job.phase = .settling
    tries.forget(job.sequence)
    send(
      .settle(job),
      PublishWindow.Entry(subject: job.delivery.reply, payload: Array(word.rawValue.utf8), identifier: ""))
  }

  // MARK: - Journal

  /// Writes a line to the journal; a journal that cannot be written ends the run.
  func note(
    _ job: Job, _ state: WorkJournal.State, attempt: UInt64? = nil, error: String? = nil,
    deadLetter: String? = nil
  ) {
    guard let journal else { return }
    let record = WorkJournal.Record(
      state: state, event: job.delivery.identifier(in: queue.stream), subject: job.delivery.subject,
      sequence: job.sequence, attempt: attempt ?? job.attempt, error: error, deadLetter: deadLetter)
    do throws(OutputError) { try journal.write(record) } catch { end(with: error) }
  }

  private func notePayload(_ job: Job) {
    guard let journal else { return }
    var record = WorkJournal.Record(
      state: .failed, event: job.delivery.identifier(in: queue.stream), subject: job.delivery.subject,
      sequence: job.sequence, attempt: job.tries)
    record.payload = job.delivery.payload
    do throws(OutputError) { try journal.write(record) } catch { end(with: error) }
  }
}
