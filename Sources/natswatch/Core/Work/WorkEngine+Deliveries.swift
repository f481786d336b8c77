// SPDX-License-Identifier: Apache-2.0

import Filter
import JSON
import Process

extension WorkEngine {
  // MARK: - Pulling

  /// Asks for as many messages as there is room for.
  func pull() {
    guard stage == .running, now >= pullPause, trouble.isOver else { return }
    let count = breaker.allowance(room, now: now) - credit.outstanding
    // With much room, ask again only when a good part of it is free.
    guard count > 0, count >= room / 4 || credit.outstanding == 0 else { return }
    let body = "{\"batch\":\(count),\"expires\":\(PullCredit.expiry.nanoseconds)}"
    let token = send(
      .pull,
      PublishWindow.Entry(
        subject: "\(connection.settings.apiPrefix).CONSUMER.MSG.NEXT.\(queue.stream).\(queue.durable)",
        payload: Array(body.utf8), identifier: ""))
    credit.asked(count, token: token, now: now)
  }

  /// How many messages can be taken in now.
  private var room: Int {
    let handling =
      settings.handsOverLines
      ? lineHandlers.reduce(0) { $0 + $1.unanswered.count } : handlers.count
    let capacity = settings.handsOverLines ? settings.jobs * LineHandler.window : settings.jobs
    let reading = readingTries
    return max(0, capacity - handling - waiting.count - reading)
  }

  private var readingTries: Int {
    requests.values.count { request in
      if case .readTries(let job) = request.purpose, case .readingTries(nil) = job.phase {
        true
      } else {
        false
      }
    }
  }

  // MARK: - A message arrives

  func receive(_ delivery: Delivery) {
    credit.delivered()
    hasReceived = true
    metrics.countReceived(delivery)
    if let known = jobs[delivery.sequence] {
      // We were silent for too long, and the server delivers the message again: to us, who hold it.
      known.delivery.reply = delivery.reply
      return
    }
    guard stage == .running, breaker.admits() else { return giveBack(delivery) }
    let job = Job(delivery, now: now)
    jobs[job.sequence] = job
    guard matches(job) else { return pass(over: job) }
    job.identifier = settings.deduplicateBy.flatMap { delivery.field($0) }
    if let identifier = job.identifier {
      switch duplicates.begin(identifier, now: now) {
      case .new: break
      case .duplicate: return finishDuplicate(job)
      case .busy:
        job.phase = .heldAsDuplicate
        duplicatesHeld[identifier, default: []].append(job)
        return breaker.abandoned()
      }
    }
    prepare(job)
  }

  /// Finds out how often the message has been tried, then lets it wait for a handler.
  func prepare(_ job: Job) {
    job.tries = tries.known(job.sequence)
    guard job.delivery.metadata.deliveries > 1, bucket != .unavailable else { return enqueue(job) }
    readTries(of: job, after: nil)
  }

  func enqueue(_ job: Job) {
    guard job.tries <= settings.schedule.retries else {
      return bury(job, reason: "its handler failed \(job.tries) times")
    }
    job.phase = .waiting
    waiting.append(job)
  }

  /// Gives a message back at once that nobody here began to handle.
  private func giveBack(_ delivery: Delivery) {
    connection.publish(Array("-NAK".utf8), to: delivery.reply)
  }

  /// Gives a job back that was not handled to its end: no try is used up.
  func abandon(_ job: Job) {
    connection.publish(Array("-NAK".utf8), to: job.delivery.reply)
    breaker.abandoned()
    remove(job, succeeded: false)
  }

  /// Gives back everything that no handler has begun.
  func abandonWaiting() {
    let begun = jobs.values.filter { job in
      switch job.phase {
      case .readingTries(nil), .waiting, .heldAsDuplicate: false
      default: true
      }
    }
    let unbegun = jobs.values.filter { job in !begun.contains { $0 === job } }
    waiting.removeAll()
    duplicatesHeld.removeAll()
    for job in unbegun { abandon(job) }
  }

  // MARK: - Filter

  private func matches(_ job: Job) -> Bool {
    guard let evaluator else { return true }
    let line = lineMaker.line(of: job.delivery)
    return unsafe line.withUnsafeBufferPointer { bytes in
      let padded = unsafe lineCopy.copy(UnsafeBufferPointer(rebasing: bytes.dropLast()))
      guard let base = padded.baseAddress else { return false }
      let json = unsafe RawJSON(line: base, count: padded.count)
      switch evaluator.test(json) {
      case .match: return true
      case .noMatch, .malformed: return false
      case .error:
        if !hasReportedFilterError {
          diagnostics.warning(
            "--filter has no value for \(job.delivery.subject) \(job.sequence), which is acknowledged unhandled: "
              + evaluator.reason(json))
        }
        hasReportedFilterError = true
        return false
      }
    }
  }

  /// Acknowledges a message that is none of our business.
  private func pass(over job: Job) {
    finish(job, .acknowledge)
    breaker.abandoned()
  }

  // MARK: - Duplicates

  private func finishDuplicate(_ job: Job) {
    note(job, .completed, error: "duplicate")
    finish(job, .acknowledge)
    breaker.abandoned()
  }

  /// Forgets a job, and lets those go on that waited for it.
  func remove(_ job: Job, succeeded: Bool) {
    jobs[job.sequence] = nil
    release(job, succeeded: succeeded)
  }

  /// The handling of a job's id has ended.
  func release(_ job: Job, succeeded: Bool) {
    guard let identifier = job.identifier else { return }
    if case .heldAsDuplicate = job.phase { return }
    job.identifier = nil
    duplicates.end(identifier, succeeded: succeeded, now: now)
    guard var held = duplicatesHeld.removeValue(forKey: identifier), stage == .running else { return }
    if succeeded {
      for other in held {
        other.identifier = nil
        finishDuplicate(other)
      }
      return
    }
    // The next one takes its place.
    let next = held.removeFirst()
    _ = duplicates.begin(identifier, now: now)
    if !held.isEmpty { duplicatesHeld[identifier] = held }
    prepare(next)
  }
}
