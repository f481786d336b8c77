// SPDX-License-Identifier: Apache-2.0

import Events
import Metrics
import Process

extension WorkEngine {
  // MARK: - Sending

  @discardableResult
  func send(_ purpose: WorkRequest.Purpose, _ message: PublishWindow.Entry) -> UInt64 {
    lastToken += 1
    let token = lastToken
    requests[token] = WorkRequest(purpose: purpose, message: message, began: now, sent: now)
    transmit(token, message)
    return token
  }

  /// Sends a message; if that fails, it is sent with all others after reconnecting.
  private func transmit(_ token: UInt64, _ message: PublishWindow.Entry) {
    let isPull = if case .pull? = requests[token]?.purpose { true } else { false }
    let reply = (isPull ? deliveries : mailbox).subject(token)
    if message.identifier.isEmpty, message.headers.isEmpty {
      connection.publish(message.payload, to: message.subject, reply: reply)
      return
    }
    do throws(NATSError) {
      try connection.publish(message, reply: reply)
    } catch {
      guard !error.isTransient, let request = requests.removeValue(forKey: token) else { return }
      refused(request, error.message)
    }
  }

  /// Repeats requests whose responses are overdue.
  func resend(_ now: Duration) {
    let late = requests.filter { now - $0.value.sent >= $0.value.patience }
    for (token, request) in late {
      switch request.purpose {
      case .pull:
        if now - request.sent > queue.pullExpiry + .seconds(3) { requests[token] = nil }
      case .consumerInfo:
        requests[token] = nil
      case .makeBucket, .checkBucket, .readTries, .recordTry:
        if request.attempts > 1 {
          requests[token] = nil
          diagnostics.debug("no response to \(request.message.subject)")
          doWithoutCount(request)
        } else {
          repeatRequest(token)
        }
      case .settle(let job):
        if now - request.began > queue.ackWait {
          requests[token] = nil
          diagnostics.warning(
            "\(job.delivery.subject) \(job.sequence): the server did not confirm the acknowledgement: "
              + "the message may be delivered again")
          remove(job, succeeded: true)
        } else {
          repeatRequest(token)
        }
      case .publishReply, .publishLetter:
        report(request, "no response")
        repeatRequest(token)
      }
    }
  }

  private func repeatRequest(_ token: UInt64) {
    guard var request = requests[token] else { return }
    request.attempts += 1
    request.sent = now
    requests[token] = request
    transmit(token, request.message)
  }

  /// Prints why a message waits: at once, then every minute.
  private func report(_ request: WorkRequest, _ reason: String) {
    guard publishReport.isDue(now) else {
      return diagnostics.debug("publish to \(request.message.subject): \(reason)")
    }
    diagnostics.warning("publish to \(request.message.subject): \(reason): trying again")
  }

  // MARK: - Answers

  /// Takes all messages that have arrived.
  func takeMessages() {
    takeMessages(of: mailbox)
    takeMessages(of: deliveries)
  }

  private func takeMessages(of subscription: Subscription) {
    for _ in 0..<10_000 {
      switch subscription.next(milliseconds: 0) {
      case .message(let message): take(message, from: subscription)
      case .noResponders:
        // The request is not named, so pull again after a pause, and check that the consumer still exists.
        credit.reset()
        pullPause = now + .milliseconds(500)
        askAboutConsumer()
      case .timedOut: return
      case .ended: return
      }
    }
  }

  private func take(_ message: borrowing Message, from subscription: Subscription) {
    if let delivery = Delivery(message) { return receive(delivery) }
    guard let token = subscription.token(of: message), let request = requests[token] else { return }
    if case .pull = request.purpose { return pullEnded(message, token) }
    requests[token] = nil
    let payload = unsafe Array(message.payload)
    answer(request, payload)
  }

  /// The server ended a pull request, or sent a status (100).
  private func pullEnded(_ message: borrowing Message, _ token: UInt64) {
    let status = message.header("Status") ?? ""
    guard status != "100" else { return }
    requests[token] = nil
    credit.ended(token, pending: message.header("Nats-Pending-Messages").flatMap { Int($0) })
    // 404 and 408: no messages within the time. Anything else is checked.
    guard status != "404", status != "408" else {
      refusal.end()
      return askAboutConsumer()
    }
    let reason =
      "pull from \(queue.durable): \(message.header("Description") ?? "refused") (\(status))"
    if refusal.isDue(now) {
      diagnostics.warning("\(reason): trying again")
    } else {
      diagnostics.debug(reason)
    }
    pullPause = now + .milliseconds(500)
    askAboutConsumer()
  }

  private func answer(_ request: WorkRequest, _ payload: [UInt8]) {
    switch request.purpose {
    case .pull: return
    case .consumerInfo: return consumerIs(payload)
    case .settle(let job): return remove(job, succeeded: true)
    case .checkBucket(let job): return bucketIs(payload, for: job)
    case .readTries(let job): return triesAre(payload, job)
    case .makeBucket: return bucketIs(payload)
    case .recordTry, .publishReply, .publishLetter: break
    }
    let acknowledgement = unsafe payload.withUnsafeBufferPointer {
      unsafe PublishAcknowledgement($0)
    }
    switch acknowledgement {
    case .stored, .duplicate: stored(request)
    case .refused(let reason): refused(request, reason)
    case .refusedForNow(let reason), .full(let reason):
      if case .recordTry = request.purpose { return doWithoutCount(request) }
      report(request, reason)
      var later = request
      later.sent = now - request.patience + .seconds(1)
      lastToken += 1
      requests[lastToken] = later
    }
  }

  private func stored(_ request: WorkRequest) {
    switch request.purpose {
    case .recordTry(let job):
      bucketHasEntries = true
      isRecorded(job)
    case .publishReply(let job): replyIsStored(job, request.message.subject)
    case .publishLetter(let job): letterIsStored(job)
    case .pull, .consumerInfo, .makeBucket, .checkBucket, .readTries, .settle: break
    }
  }

  private func refused(_ request: WorkRequest, _ reason: String) {
    switch request.purpose {
    case .publishReply(let job):
      guard case .replying = job.phase else { return }
      bury(job, reason: "publish a line of its handler to \(request.message.subject): \(reason)")
    case .publishLetter(let job): letterIsRefused(job, reason)
    case .makeBucket, .checkBucket, .readTries, .recordTry: doWithoutCount(request)
    case .pull, .consumerInfo, .settle: break
    }
  }

  // MARK: - The consumer

  /// Requests the consumer's state, unless that request is in flight.
  func askAboutConsumer() {
    let isAsked = requests.values.contains { if case .consumerInfo = $0.purpose { true } else { false } }
    guard !isAsked else { return }
    send(
      .consumerInfo,
      PublishWindow.Entry(
        subject: "\(connection.settings.apiPrefix).CONSUMER.INFO.\(queue.stream).\(queue.durable)",
        payload: [],
        identifier: ""))
  }

  private func consumerIs(_ payload: [UInt8]) {
    do throws(NATSError) {
      let info = try JetStream.read(
        "CONSUMER.INFO.\(queue.stream).\(queue.durable)", payload, as: ConsumerInfo.self)
      metrics.pending.set(Double(info.num_pending))
      if info.paused == true { return reportWait("the consumer is paused by its owner") }
      guard untilNow, jobs.isEmpty, info.num_pending == 0 else { return reportWait(nil) }
      guard let held = info.num_ack_pending, held > 0 else { return stop() }
      reportWait(
        "\(held) message\(held == 1 ? "" : "s") without an acknowledgement: delayed after a failure, or with other workers"
      )
    } catch {
      guard error.code == .notFound else { return diagnostics.debug("\(error)") }
      end(
        with: NATSError(
          .notFound, "the consumer \(queue.durable) of \(queue.stream) has been deleted"))
    }
  }

  /// Prints a reason to wait once it has lasted, and then each minute; nil: there is none.
  private func reportWait(_ reason: String?) {
    guard let reason, stage == .running, jobs.isEmpty else {
      return heldBack.end()
    }
    if heldBack.isDue(now) { diagnostics.warning("waiting on \(queue.durable): \(reason)") }
  }

  // MARK: - The connection

  /// Handles denied permissions, and replaces a lost connection.
  func superviseConnection() {
    while let denial = connection.state.denial(after: denialsSeen) {
      denialsSeen += 1
      denied(denial)
    }
    guard connection.loss != nil || !trouble.isOver else { return }
    if trouble.isOver {
      trouble.begin(now)
      credit.reset()
    }
    if trouble.isReportDue(now, after: .seconds(1)) {
      diagnostics.warning("connection lost: \(connection.loss?.reason ?? "no response"): trying again")
    }
    guard now >= trouble.nextAttempt else { return }
    do throws(NATSError) {
      connection = try session.replace(connection)
      mailbox = try connection.subscribe(drivesLoop: true)
      deliveries = try connection.subscribe()
    } catch {
      trouble.fail(now)
      guard error.isTransient || error.code == .interrupted else { return end(with: error) }
      return diagnostics.debug("\(error)")
    }
    trouble.end(now)
    health.status.reconnects += 1
    denialsSeen = 0
    for (token, request) in requests {
      if request.isBoundToConnection { requests[token] = nil } else { repeatRequest(token) }
    }
  }

  private func denied(_ denial: String) {
    guard TryCounts.concerns(denial: denial) else {
      return end(with: NATSError.denied(denial))
    }
    doWithoutBucket(NATSError.denied(denial).message)
  }
}
