// SPDX-License-Identifier: Apache-2.0

import Process

/// `--lines`: long-lived handlers.
extension WorkEngine {
  /// Writes waiting messages to the handlers, the least busy one first.
  func handOverLines() {
    guard stage == .running else { return }
    while lineHandlers.count < settings.jobs { lineHandlers.append(LineHandler()) }
    for index in lineHandlers.indices where lineHandlers[index].isToStart(hasWork: !waiting.isEmpty) {
      startLineHandler(index)
    }
    while !waiting.isEmpty {
      let free = lineHandlers.indices.filter { lineHandlers[$0].isReady(window: lineWindow) }
      guard
        let index = free.min(by: { lineHandlers[$0].unanswered.count < lineHandlers[$1].unanswered.count })
      else { return }
      let share = min(
        waiting.count, lineWindow - lineHandlers[index].unanswered.count,
        max(1, waiting.count / free.count))
      let batch = Array(waiting[..<share])
      waiting.removeFirst(share)
      handOver(batch, to: index)
      if failure != nil { return }
    }
  }

  private func startLineHandler(_ index: Int) {
    guard now >= lineHandlers[index].pause else { return }
    do throws(ChildProcessError) {
      lineHandlers[index].began(
        try HandlerProcess(settings.command, environment: queue.environment, capturesOutput: true))
    } catch {
      lineHandlers[index].pause = now + .seconds(1)
      couldNotStart(error)
    }
  }

  private func handOver(_ batch: [Job], to index: Int) {
    if lineHandlers[index].unanswered.isEmpty { lineHandlers[index].oldestSince = now }
    var bytes: [UInt8] = []
    for job in batch {
      note(job, .processing)
      if failure != nil { return }
      job.phase = .handling
      bytes += line(of: job.delivery)
      lineHandlers[index].unanswered.append(job)
    }
    lineHandlers[index].process?.send(bytes)
  }

  // MARK: - Answers

  /// Processes the answers of a handler, and its end.
  func collect(_ handler: inout LineHandler) {
    guard let process = handler.process else { return }
    if !process.output.isEmpty {
      for line in handler.lines(process.takeOutput()) where handler.killedBecause == nil {
        take(line, &handler)
      }
      if handler.heldBytes > Self.outputLimit { kill(&handler, Self.printedTooMuch) }
    }
    guard process.ending != nil else { return }
    if handler.killedBecause == nil, let line = handler.lastLine() { take(line, &handler) }
    handler.process = nil
    handleEnd(of: &handler, process)
  }

  /// A handler that breaks the rules is killed; the message at which that happened was tried.
  private func kill(_ handler: inout LineHandler, _ reason: String) {
    guard handler.killedBecause == nil else { return }
    handler.killedBecause = reason
    handler.process?.kill()
  }

  private func take(_ line: LineHandler.Line, _ handler: inout LineHandler) {
    switch line {
    case .other(let text):
      guard settings.reply != nil else {
        return kill(&handler, "its handler printed a line that is not ok, retry or drop")
      }
      handler.replies += text + [0x0a]
    case .answer(let verdict, let sequence?):
      if let index = handler.unanswered.firstIndex(where: { $0.sequence == sequence }) {
        take(verdict, index, &handler)
      } else if handler.isRepetition(sequence) {
        if !handler.hasReportedRepetition {
          diagnostics.warning(
            "a handler answered twice for message \(sequence): its first answer counts")
        }
        handler.hasReportedRepetition = true
      } else {
        kill(&handler, "its handler answered for message \(sequence), which it was not given")
      }
    case .answer(let verdict, nil):
      guard !handler.unanswered.isEmpty else {
        return kill(&handler, "its handler printed an answer, and no message waits for one")
      }
      take(verdict, 0, &handler)
    }
  }

  private func take(_ verdict: LineHandler.Verdict, _ index: Int, _ handler: inout LineHandler) {
    let job = handler.unanswered.remove(at: index)
    if index == 0 { handler.oldestSince = now }
    handler.failuresInARow = 0
    handler.noteAnswer(job.sequence)
    let replies = handler.replies
    handler.replies = []
    switch verdict {
    case .ok: succeed(job, output: replies)
    case .retry(let reason):
      fail(job, Job.Failure(reason: reason.isEmpty ? "the handler answered retry" : reason))
    case .drop(let reason):
      fail(
        job, Job.Failure(reason: reason.isEmpty ? "the handler answered drop" : reason, isFinal: true))
    }
  }

  /// Handles the end of a handler. The oldest unanswered message was tried; those after it were not.
  private func handleEnd(of handler: inout LineHandler, _ process: HandlerProcess) {
    let reason = handler.killedBecause ?? Self.reason(for: process)
    let unanswered = handler.unanswered
    handler.unanswered = []
    handler.replies = []
    if wasInterrupted {
      for job in unanswered { abandon(job) }
      return
    }
    let hasRetired = process.ending == .exited(0) && handler.killedBecause == nil && handler.hasAnswered
    if unanswered.isEmpty, !hasRetired, stage == .running {
      // No message failed, so no retry schedule delays the restart: it is delayed here.
      handler.failuresInARow += 1
      let seconds = min(30, 1 << min(handler.failuresInARow - 1, 5))
      handler.pause = now + .seconds(seconds)
      diagnostics.warning("the handler has ended (\(reason)): starting it again in \(seconds)s")
    }
    guard let first = unanswered.first else { return }
    if hasRetired {
      // It had enough, and failed at nothing.
      for job in unanswered { requeue(job) }
      return
    }
    for job in unanswered.dropFirst() { requeue(job) }
    if handler.killedBecause == nil, couldNotRun(process) {
      handler.pause = now + .seconds(1)
      postponeUncounted(first)
    } else {
      let word = process.ending == .exited(0) && handler.killedBecause == nil ? ", without an answer" : ""
      fail(first, Job.Failure(reason: reason + word))
    }
  }

  /// Queues a message again that a handler was given but did not begin.
  private func requeue(_ job: Job) {
    guard stage == .running else { return abandon(job) }
    job.phase = .waiting
    waiting.append(job)
  }

  /// Kills a handler that can give no further answer, or takes too long for one.
  func endIfLate(_ handler: inout LineHandler, _ now: Duration) {
    guard let process = handler.process else { return }
    if process.hasClosedInput || process.hasClosedOutput {
      let since = handler.closedSince ?? now
      handler.closedSince = since
      // A handler that is about to exit closes both; a handler that only closes its input may still answer.
      if now - since > (process.hasClosedOutput ? .seconds(1) : .seconds(10)) {
        kill(
          &handler,
          "its handler has closed its standard \(process.hasClosedOutput ? "output" : "input")")
      }
    }
    guard let limit = settings.handlerTimeout, !handler.unanswered.isEmpty,
      now - handler.oldestSince > limit
    else { return }
    kill(&handler, "took longer than \(DurationText.print(limit))")
  }

  // MARK: - Lines

  /// The message as `natswatch tail --verbatim` prints it.
  func line(of delivery: Delivery) -> [UInt8] { lineMaker.line(of: delivery) }
}
