// SPDX-License-Identifier: Apache-2.0

import JSON
import Process

extension WorkEngine {
  // MARK: - Pulling

  /// Pulls as many messages as there is room for.
  func pull() {
    guard stage == .running, now >= pullPause, trouble.isOver else { return }
    let room = room
    var count = breaker.allowance(room, now: now) - credit.outstanding
    // With much room, pull again only when a quarter of it is free.
    guard count > 0, count >= room / 4 || credit.outstanding == 0 else { return }
    if let limit = queue.pullLimit { count = min(count, limit) }
    var body = JSONWriter()
    body.object {
      $0.member("batch", count)
      $0.member("expires", queue.pullExpiry.nanoseconds)
    }
    let token = send(
      .pull,
      PublishWindow.Entry(
        subject:
          "\(connection.settings.apiPrefix).CONSUMER.MSG.NEXT.\(queue.stream).\(queue.durable)",
        payload: body.bytes, identifier: ""))
    credit.asked(count, token: token, now: now)
  }

  /// The number of messages that can be held in addition.
  private var room: Int {
    let reading = readingTries
    guard settings.handsOverLines else {
      return max(0, settings.jobs - handlers.count - waiting.count - reading)
    }
    let held = lineHandlers.reduce(waiting.count + reading) { $0 + $1.unanswered.count }
    return max(0, min(settings.jobs * lineWindow, sizes.limit(jobs: settings.jobs)) - held)
  }

  /// Messages without an answer that one handler of lines may have: no more than may fail before the breaker opens.
  var lineWindow: Int { min(LineHandler.window, settings.breaker ?? .max) }

  private var readingTries: Int {
    requests.values.count { request in
      switch request.purpose {
      case .checkBucket(let job), .readTries(let job):
        if case .readingTries(nil) = job.phase { true } else { false }
      default: false
      }
    }
  }

  // MARK: - A message arrives

  func receive(_ delivery: Delivery) {
    credit.delivered()
    hasReceived = true
    metrics.countReceived(delivery)
    sizes.note(delivery.payload.count)
    refusal.end()
    if let known = jobs[delivery.sequence] {
      // The ack wait has passed, and the server delivers the message again, to this process, which still
      // holds it.
      known.delivery.reply = delivery.reply
      return
    }
    guard stage == .running, breaker.admits() else { return giveBack(delivery) }
    let job = Job(delivery, now: now)
    jobs[job.sequence] = job
    guard filter?.matches(job.delivery) ?? true else { return pass(over: job) }
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

  /// Reads the message's tries, then queues it for a handler.
  func prepare(_ job: Job) {
    job.tries = tries.known(job.sequence)
    guard job.delivery.metadata.deliveries > 1, bucket != .unavailable else { return enqueue(job) }
    readTries(of: job, after: nil)
  }

  func enqueue(_ job: Job) {
    guard job.tries <= settings.schedule.retries else {
      breaker.abandoned()
      return bury(job, reason: "its handler failed \(job.tries) times")
    }
    job.phase = .waiting
    waiting.append(job)
  }

  /// Gives a message back at once that no handler has begun.
  private func giveBack(_ delivery: Delivery) {
    connection.publish(Array("-NAK".utf8), to: delivery.reply)
  }

  /// Gives back a job that was not handled completely; no try is used up.
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

  /// Removes a job, and continues the jobs that waited for it.
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
