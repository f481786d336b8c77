// SPDX-License-Identifier: Apache-2.0

import Glibc
import Process

/// A handler that runs for one message.
struct RunningHandler {
  let job: Job
  let process: HandlerProcess
  let began: Duration
  /// The reason why it was killed.
  var killedBecause: String?
}

extension WorkEngine {
  /// A handler whose captured stdout exceeds this size is killed.
  static let outputLimit = 64 << 20
  static let printedTooMuch = "printed more than \(outputLimit >> 20) MiB"

  /// Starts handlers for waiting messages, up to the limit.
  func startHandlers() {
    if settings.handsOverLines { return handOverLines() }
    while stage == .running, handlers.count < settings.jobs, let job = waiting.first {
      waiting.removeFirst()
      start(job)
    }
  }

  private func start(_ job: Job) {
    note(job, .processing)
    guard failure == nil else { return }
    do throws(ChildProcessError) {
      let process = try HandlerProcess(
        job.delivery.arguments(settings.command),
        environment: job.delivery.environment(queue, attempt: job.attempt),
        capturesOutput: settings.reply != nil)
      job.phase = .handling
      handlers.append(RunningHandler(job: job, process: process, began: now))
      process.send(job.delivery.payload)
      process.closeInput()
    } catch {
      couldNotStart(error)
      abandon(job)
    }
  }

  /// Ends the run: a command that cannot be started would fail for every message.
  func couldNotStart(_ error: ChildProcessError) {
    guard [EAGAIN, ENOMEM, EMFILE, ENFILE].contains(error.errno) else { return end(with: error) }
    diagnostics.warning("\(error): trying again")
    pullPause = now + .seconds(1)
  }

  /// A shell, env(1) and other programs exit with 126 or 127 if the command could not be run. Until a handler
  /// has succeeded, these statuses are not failures of a message. If they repeat, the run ends, as with a
  /// command that is missing at the start.
  func couldNotRun(_ process: HandlerProcess) -> Bool {
    guard !hasSucceeded, case .exited(126...127)? = process.ending else { return false }
    unstartedHandlers += 1
    let reason = Self.reason(for: process)
    guard unstartedHandlers >= Self.unstartedLimit else {
      diagnostics.warning("the handler could not be run: \(reason): trying again")
      return true
    }
    end(
      with: NATSError(
        .badUsage,
        "the handler could not be run \(unstartedHandlers) times in a row, and has never succeeded: \(reason)"
      ))
    return true
  }

  private static let unstartedLimit = 3

  /// Processes the results of handlers that have ended.
  func collectHandlers() {
    for index in lineHandlers.indices { collect(&lineHandlers[index]) }
    guard handlers.contains(where: { $0.process.ending != nil }) else { return }
    let ended = handlers.filter { $0.process.ending != nil }
    handlers.removeAll { $0.process.ending != nil }
    for handler in ended { conclude(handler) }
  }

  private func conclude(_ handler: RunningHandler) {
    let job = handler.job
    let process = handler.process
    if let reason = handler.killedBecause {
      fail(job, Job.Failure(reason: Self.reason(reason, process)))
    } else if process.ending == .exited(0) {
      succeed(job, output: process.takeOutput())
    } else if wasInterrupted {
      abandon(job)
    } else if couldNotRun(process) {
      postponeUncounted(job)
    } else {
      fail(job, Job.Failure(reason: Self.reason(for: process), isFinal: process.ending == .exited(65)))
    }
  }

  /// Whether handlers end because the run ends.
  var wasInterrupted: Bool {
    if case .terminating = stage { return true }
    return false
  }

  /// The reason of a failure, in one line.
  static func reason(for process: HandlerProcess) -> String {
    switch process.ending {
    case .exited(let status): reason("exit status \(status)", process)
    case .killed(let signal): reason("killed by signal \(signal)", process)
    case nil: reason("ended", process)
    }
  }

  private static func reason(_ text: String, _ process: HandlerProcess) -> String {
    process.complaint.isEmpty ? text : "\(text): \(process.complaint)"
  }

  /// Kills handlers that exceeded the time or output limit.
  func endLateHandlers(_ now: Duration) {
    for index in handlers.indices where handlers[index].killedBecause == nil {
      if handlers[index].process.output.count > Self.outputLimit {
        handlers[index].killedBecause = Self.printedTooMuch
      } else if let limit = settings.handlerTimeout, now - handlers[index].began > limit {
        handlers[index].killedBecause = "took longer than \(DurationText.print(limit))"
      }
      if handlers[index].killedBecause != nil { handlers[index].process.kill() }
    }
    for index in lineHandlers.indices { endIfLate(&lineHandlers[index], now) }
  }
}
