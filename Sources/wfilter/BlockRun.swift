// SPDX-License-Identifier: Apache-2.0

import Filter
import Glibc
import Pipe
import Synchronization

/// A run that remembers nothing between lines: blocks of lines are evaluated on several cores at once, and come out in the
/// order they came in.
///
/// One thread at a time reads, and one at a time writes, in the order of reading; in between each works on its own block.
/// The first thread is alone until the input has shown to be fast: a block that is full. It then starts the others and
/// waits for the end, so that no end has to wait for a thread that waits for input.
final class BlockRun: @unchecked Sendable {
  // Unchecked: `input` guards what reading changes, the turn what writing changes; the rest is constant.

  private struct Reading {
    var input: InputSequence
    var ticket: UInt64 = 0
    var isOver = false
  }

  private let reading: Mutex<Reading>
  private let turn = OrderedTurn()
  private let lastTicket = Atomic<UInt64>(0)
  private let descriptor: Atomic<Int32>
  private let output: BlockOutput
  private let expressions: Expressions
  private let settings: Settings
  private let diagnostics: Diagnostics
  private let shutdown: Shutdown
  private let deadline: ContinuousClock.Instant?

  init(
    _ expressions: Expressions, _ settings: Settings, input: sending InputSequence, output: BlockOutput,
    diagnostics: Diagnostics, shutdown: Shutdown
  ) {
    self.descriptor = Atomic(input.descriptor)
    self.reading = Mutex(Reading(input: input))
    self.output = output
    self.expressions = expressions
    self.settings = settings
    self.diagnostics = diagnostics
    self.shutdown = shutdown
    self.deadline = settings.timeLimit.map { ContinuousClock.now + $0 }
  }

  /// Runs to the end; ``BlockOutput/ending`` tells which.
  func run() {
    let jobs = settings.explains ? 1 : settings.jobs ?? max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
    guard jobs > 1 else { return work(mayLeave: false) }
    work(mayLeave: true)
    guard output.ending == nil else { return }
    var started = 0
    for _ in 0..<jobs where startThread({ self.work(mayLeave: false) }) { started += 1 }
    guard started > 0 else { return work(mayLeave: false) }
    turn.waitForEnd()
  }

  /// Reads, evaluates and writes, block by block. `mayLeave`: returns as soon as the input is fast.
  private func work(mayLeave: Bool) {
    let block = LineBlock(size: 256 << 10)
    let explainer = settings.explains ? Explainer(expressions.filter, diagnostics) : nil
    let judge = BlockJudge(expressions, settings, explainer: explainer)
    var result = BlockResult()
    while let (ticket, outcome) = next(block) {
      switch outcome {
      case .success(.lines(let offset, let startsFile)):
        if let explainer { explainer.lineBase = startsFile ? 0 : output.linesOfFile }
        judge.evaluate(block, from: offset, into: &result)
        let goesOn = turn.take(ticket) {
          output.write(block, result, startsFile: startsFile)
          if output.ending == nil, lastTicket.load(ordering: .acquiring) == ticket,
            !InputSequence.hasMoreNow(descriptor.load(ordering: .relaxed))
          {
            output.flush()
          }
          if output.ending != nil { turn.end() }
        }
        guard goesOn, !(mayLeave && block.count >= 64 << 10) else { return }
      case .success(.end): finish(ticket, .end)
      case .success(.timedOut): finish(ticket, .timedOut)
      case .success(.shutdown): finish(ticket, .shutdown)
      case .failure(let error): finish(ticket, .failed(error))
      }
    }
  }

  private func finish(_ ticket: UInt64, _ ending: BlockOutput.Ending) {
    turn.take(ticket) {
      output.end(ending)
      turn.end()
    }
  }

  /// Reads the next block; nil when there is nothing to do any more.
  private func next(_ block: LineBlock) -> (UInt64, Result<InputSequence.Outcome, any Error>)? {
    reading.withLock { reading in
      guard !reading.isOver else { return nil }
      let outcome = Result { try reading.input.read(into: block, timeoutMilliseconds: remaining) }
      if case .success(.lines) = outcome {} else { reading.isOver = true }
      descriptor.store(reading.input.descriptor, ordering: .relaxed)
      lastTicket.store(reading.ticket, ordering: .releasing)
      defer { reading.ticket += 1 }
      return (reading.ticket, outcome)
    }
  }

  private var remaining: Int32? {
    guard let deadline else { return nil }
    let left = (deadline - .now) / Duration.milliseconds(1)
    return Int32(max(0, min(left.rounded(.up), 1e9)))
  }
}
