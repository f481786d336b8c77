// SPDX-License-Identifier: Apache-2.0

import Process

/// `--lines`: handlers that live long.
extension WorkEngine {
  /// Hands waiting messages to the handlers, to the least busy one first.
  func handOverLines() {
    guard stage == .running else { return }
    while lineHandlers.count < settings.jobs { lineHandlers.append(LineHandler()) }
    for index in lineHandlers.indices where lineHandlers[index].process == nil { startLineHandler(index) }
    while !waiting.isEmpty {
      let free = lineHandlers.indices.filter {
        lineHandlers[$0].process?.ending == nil && lineHandlers[$0].process != nil
          && lineHandlers[$0].unanswered.count < LineHandler.window
      }
      guard
        let index = free.min(by: { lineHandlers[$0].unanswered.count < lineHandlers[$1].unanswered.count })
      else { return }
      let share = min(
        waiting.count, LineHandler.window - lineHandlers[index].unanswered.count,
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
      lineHandlers[index].process = try HandlerProcess(
        settings.command, environment: queue.environment, capturesOutput: true)
      lineHandlers[index].killedBecause = nil
      lineHandlers[index].forgetPartialLine()
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

  /// Takes the answers of a handler, and its end.
  func collect(_ handler: inout LineHandler) {
    guard let process = handler.process else { return }
    if !process.output.isEmpty {
      for line in handler.lines(process.takeOutput()) {
        guard take(line, &handler) else {
          handler.killedBecause = "its handler printed a line that is not ok, retry or drop"
          process.kill()
          break
        }
      }
    }
    guard process.ending != nil else { return }
    handler.process = nil
    handleEnd(of: &handler, process)
  }

  /// - Returns: False for a line that makes no sense.
  private func take(_ line: LineHandler.Line, _ handler: inout LineHandler) -> Bool {
    switch line {
    case .other(let text):
      guard settings.reply != nil else { return false }
      handler.replies += text + [0x0a]
      return true
    case .answer(let verdict, let sequence):
      let index = sequence.map { wanted in handler.unanswered.firstIndex { $0.sequence == wanted } } ?? 0
      guard let index, index < handler.unanswered.count else { return false }
      let job = handler.unanswered.remove(at: index)
      if index == 0 { handler.oldestSince = now }
      handler.failuresInARow = 0
      let replies = handler.replies
      handler.replies = []
      switch verdict {
      case .ok: succeed(job, output: replies)
      case .retry(let reason):
        fail(job, Job.Failure(reason: reason.isEmpty ? "the handler says retry" : reason))
      case .drop(let reason):
        fail(job, Job.Failure(reason: reason.isEmpty ? "the handler says drop" : reason, isFinal: true))
      }
      return true
    }
  }

  /// A handler has ended. The message at which it ended was tried; those after it were not.
  private func handleEnd(of handler: inout LineHandler, _ process: HandlerProcess) {
    let reason = handler.killedBecause ?? Self.reason(for: process)
    let unanswered = handler.unanswered
    handler.unanswered = []
    handler.replies = []
    if wasInterrupted {
      for job in unanswered { abandon(job) }
      return
    }
    if stage == .running {
      handler.failuresInARow += 1
      let seconds = min(30, 1 << min(handler.failuresInARow - 1, 5))
      // A handler that has handled something is started again at once; one that only fails, more and more slowly.
      handler.pause = handler.failuresInARow > 1 || unanswered.isEmpty ? now + .seconds(seconds) : now
      if unanswered.isEmpty {
        diagnostics.warning("the handler has ended (\(reason)): starting it again in \(seconds)s")
      }
    }
    guard let first = unanswered.first else { return }
    if process.ending == .exited(0), handler.killedBecause == nil {
      // It stopped reading, and failed at nothing.
      for job in unanswered { requeue(job) }
    } else {
      for job in unanswered.dropFirst() { requeue(job) }
      fail(first, Job.Failure(reason: reason))
    }
  }

  /// A message that a handler was given and did not get to.
  private func requeue(_ job: Job) {
    guard stage == .running else { return abandon(job) }
    job.phase = .waiting
    waiting.append(job)
  }

  func endIfLate(_ handler: inout LineHandler, _ now: Duration) {
    guard let limit = settings.handlerTimeout, handler.killedBecause == nil, !handler.unanswered.isEmpty,
      now - handler.oldestSince > limit, let process = handler.process
    else { return }
    handler.killedBecause = "took longer than \(DurationText.print(limit))"
    process.kill()
  }

  // MARK: - Lines

  /// The message as `natswatch tail --verbatim` prints it.
  func line(of delivery: Delivery) -> [UInt8] { lineMaker.line(of: delivery) }
}
