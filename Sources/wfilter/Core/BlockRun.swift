// SPDX-License-Identifier: Apache-2.0

import Filter
import Glibc
import Lines
import Process
import Synchronization

/// A run that remembers nothing between lines: blocks of lines are evaluated on several cores at once, and come out in the
/// order they came in.
///
/// One thread at a time reads what has to be read in order, and one at a time writes; loading parts of a regular file and
/// evaluating are each thread's own. The first thread is alone until the input has shown to be fast: a block that is full.
/// It then starts the others and waits for the end, so that no end has to wait for a thread that waits for input.
final class BlockRun: @unchecked Sendable {
  // Unchecked: `reading` guards what reading changes, the sequencer what writing changes; the rest is constant.

  /// What is handed on in order.
  private enum Content {
    case lines(startOfFile: String?)
    /// All that was handed on before is to go out.
    case pause
    case ending(BlockOutput.Ending)
  }

  /// A block on its way.
  private final class Piece {
    let block: LineBlock
    var result = BlockResult()
    var content = Content.pause

    init(size: Int) { block = LineBlock(size: size) }
  }

  private struct Reading {
    var input: InputSequence
    var ticket: UInt64 = 0
    var isOver = false
  }

  private let reading: Mutex<Reading>
  private let sequencer: Sequencer<Piece>
  private let output: BlockOutput
  private let expressions: Expressions
  private let settings: Settings
  private let diagnostics: Diagnostics
  private let jobs: Int
  private let deadline: ContinuousClock.Instant?

  /// - Throws: `UnreadableFile` when the first file cannot be opened.
  init(
    _ expressions: Expressions, _ settings: Settings, output: BlockOutput, diagnostics: Diagnostics,
    shutdown: Shutdown
  ) throws(UnreadableFile) {
    jobs = settings.explains ? 1 : settings.jobs ?? max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
    // Copying from the kernel is most of the work: the two blocks of a thread have to stay in its core's own cache.
    let size = jobs > 1 ? 192 << 10 : 256 << 10
    let input = try InputSequence(settings.files, partSize: jobs > 1 ? size : nil, shutdown: shutdown)
    self.reading = Mutex(Reading(input: input))
    self.sequencer = Sequencer((0..<(jobs * 2)).map { _ in Piece(size: size) })
    self.output = output
    self.expressions = expressions
    self.settings = settings
    self.diagnostics = diagnostics
    self.deadline = settings.timeLimit.map { ContinuousClock.now + $0 }
  }

  /// Runs to the end; ``BlockOutput/ending`` tells which.
  func run() {
    guard jobs > 1 else { return work(mayLeave: false) }
    work(mayLeave: true)
    guard output.ending == nil else { return }
    var started = 0
    for _ in 0..<jobs where startThread({ self.work(mayLeave: false) }) { started += 1 }
    guard started > 0 else { return work(mayLeave: false) }
    sequencer.waitForEnd()
  }

  /// Reads, evaluates and hands on, block by block. `mayLeave`: returns as soon as the input is fast.
  private func work(mayLeave: Bool) {
    let explainer = settings.explains ? Explainer(expressions.filter, diagnostics) : nil
    let judge = BlockJudge(expressions, settings, explainer: explainer)
    while let piece = sequencer.take(), let (ticket, outcome) = next(piece.block) {
      do {
        switch try outcome.get() {
        case .lines(let lines):
          let start = try lines.load(into: piece.block)
          piece.content = .lines(startOfFile: lines.startOfFile)
          if let explainer {
            explainer.lineBase = lines.startOfFile == nil ? output.linesOfFile : 0
            explainer.file = lines.startOfFile ?? output.file
          }
          judge.evaluate(piece.block, from: start, into: &piece.result)
        case .idle: piece.content = .pause
        case .end: piece.content = .ending(.end)
        case .timedOut: piece.content = .ending(.timedOut)
        case .shutdown: piece.content = .ending(.shutdown)
        }
      } catch { piece.content = .ending(.failed(error)) }
      let isFull = piece.block.count >= 64 << 10
      guard sequencer.finish(piece, ticket: ticket, handOn: handOn), !(mayLeave && isFull) else { return }
    }
  }

  /// Writes what became of a block. One thread at a time, in order.
  private func handOn(_ piece: Piece) -> Bool {
    switch piece.content {
    case .lines(let start): output.write(piece.block, piece.result, startOfFile: start)
    case .pause: output.flush()
    case .ending(let ending): output.end(ending)
    }
    return output.ending == nil
  }

  /// Reads the next block; nil when there is nothing to do any more.
  private func next(_ block: LineBlock) -> (UInt64, Result<InputSequence.Outcome, any Error>)? {
    reading.withLock { reading in
      guard !reading.isOver else { return nil }
      let outcome = Result { try reading.input.read(into: block, timeoutMilliseconds: remaining) }
      switch outcome {
      case .success(.lines), .success(.idle): break
      default: reading.isOver = true
      }
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
