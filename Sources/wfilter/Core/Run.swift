// SPDX-License-Identifier: Apache-2.0

import Glibc
import Lines
import Process
import Synchronization

/// The loop of a run: blocks of lines are evaluated, on several cores at once where nothing is remembered between lines, and
/// printed in the order in which they came.
///
/// One thread at a time reads the input that has to be read in order, and one at a time writes. Each thread
/// loads its own parts of a regular file and evaluates on its own. The first thread runs alone until a full
/// block shows that the input is fast. It then starts the others and waits for the end, so that the end does
/// not depend on a thread that waits for input.
final class Run: @unchecked Sendable {
  // Unchecked: `reading` guards the state of the reader, the sequencer that of the writer (`output`,
  // `progress`); the rest is constant.

  /// The items that are delivered in order.
  private enum Content {
    case lines(startOfFile: String?, offset: Int?)
    /// Everything that was delivered before must be written.
    case pause
    case ending(RunEnding)
  }

  /// A block of lines and its result.
  private final class Piece {
    let block: LineBlock
    var result = BlockResult()
    var content = Content.pause
    /// The start of the first line in the block.
    var start = 0

    init(size: Int) { block = LineBlock(size: size) }
  }

  private struct Reading {
    var input: InputSequence
    var ticket: UInt64 = 0
    var isOver = false
  }

  private let reading: Mutex<Reading>
  private let sequencer: Sequencer<Piece>
  private let output: RunOutput
  private let expressions: Expressions
  private let configuration: Configuration
  private let shutdown: Shutdown
  private let jobs: Int
  /// The size of a block from which the input counts as fast, in bytes.
  private let fullSize: Int
  private let progress: Progress?

  init(
    _ expressions: Expressions, _ configuration: Configuration, output: RunOutput, diagnostics: Diagnostics,
    shutdown: Shutdown
  ) {
    let keepsState = Stages.areNeeded(expressions, configuration)
    jobs = keepsState ? 1 : configuration.jobs ?? max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
    // Copying from the kernel is most of the work: the two blocks of a thread have to stay in its core's own cache.
    let size = configuration.blockSize ?? (jobs > 1 ? 192 << 10 : 256 << 10)
    fullSize = min(64 << 10, size / 2)
    let input = InputSequence(
      configuration.files, partSize: jobs > 1 ? size : nil, diagnostics: diagnostics, shutdown: shutdown)
    reading = Mutex(Reading(input: input))
    sequencer = Sequencer((0..<(jobs * 2)).map { _ in Piece(size: size) })
    self.output = output
    self.expressions = expressions
    self.configuration = configuration
    self.shutdown = shutdown
    progress = Progress(
      tool: "wfilter", total: Self.size(of: configuration.files), isQuiet: configuration.isQuiet)
  }

  /// The size of all files in bytes; nil if one of them has none, such as a pipe.
  private static func size(of files: [String]) -> Int64? {
    var total: Int64 = 0
    for file in files {
      var status = stat()
      guard file != "-", unsafe stat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
        return nil
      }
      total += Int64(status.st_size)
    }
    return files.isEmpty ? nil : total
  }

  /// Whether a file could not be read.
  var hasUnreadableFile: Bool { reading.withLock { $0.input.hasUnreadableFile } }

  /// Runs to the end. ``RunOutput/ending`` has the reason.
  func run() {
    guard jobs > 1 else { return work(mayLeave: false) }
    work(mayLeave: true)
    guard output.ending == nil else { return }
    var started = 0
    for _ in 0..<jobs where startThread({ self.work(mayLeave: false) }) { started += 1 }
    guard started > 0 else { return work(mayLeave: false) }
    sequencer.waitForEnd()
  }

  /// Reads, evaluates and delivers block by block. `mayLeave`: returns as soon as the input is fast.
  private func work(mayLeave: Bool) {
    var evaluator = BlockEvaluator(expressions, configuration, shutdown: shutdown)
    while let piece = sequencer.take(), let (ticket, outcome) = next(piece.block, evaluator.deadline) {
      // A thread that is alone knows how many lines may still match; others are cut in `handOn`.
      let limit = jobs == 1 ? output.remaining : configuration.matchLimit
      switch outcome {
      case .lines(let lines):
        load(lines, into: piece)
        evaluator.evaluate(piece.block, from: piece.start, limit: limit, into: &piece.result)
      case .idle, .timedOut:
        evaluator.tick(limit: limit, into: &piece.result)
        piece.content = .pause
      case .end: end(.endOfInput, &evaluator, limit, piece)
      case .shutdown: end(shutdown.cause == .deadline ? .timedOut : .shutdown, &evaluator, limit, piece)
      }
      let isFull = piece.block.count >= fullSize
      let goesOn = sequencer.finish(piece, ticket: ticket) { handOn($0, &evaluator) }
      guard goesOn, !(mayLeave && isFull) else { return }
    }
  }

  private func load(_ lines: InputSequence.Lines, into piece: Piece) {
    do throws(InputError) {
      piece.start = try lines.load(into: piece.block)
      piece.content = .lines(startOfFile: lines.startOfFile, offset: lines.offset(of: piece.block))
    } catch {
      // As with a missing file, the other files are still read.
      reading.withLock { $0.input.report(error.description) }
      piece.start = piece.block.count
      piece.content = .pause
    }
  }

  private func end(_ ending: RunEnding, _ evaluator: inout BlockEvaluator, _ limit: UInt64?, _ piece: Piece) {
    evaluator.finish(limit: limit, into: &piece.result)
    piece.content = .ending(ending)
  }

  /// Writes the result of a block. One thread at a time, in order.
  private func handOn(_ piece: Piece, _ evaluator: inout BlockEvaluator) -> Bool {
    switch piece.content {
    case .lines(let startOfFile, let offset):
      // If more lines match than the limit allows, the block is evaluated again up to the last allowed one.
      let matched = piece.result.counts.matched
      if let remaining = output.remaining,
        matched > remaining || (matched == remaining && !piece.result.isSatisfied)
      {
        evaluator.evaluate(piece.block, from: piece.start, limit: remaining, into: &piece.result)
      }
      output.write(piece.block, piece.result, startOfFile: startOfFile)
      while output.ending == nil, piece.result.consumed < piece.block.count {
        let (offset, lines) = (piece.result.consumed, piece.result.evaluated)
        evaluator.evaluate(
          piece.block, from: offset, after: lines, limit: output.remaining, into: &piece.result)
        output.write(piece.block, piece.result, after: lines, startOfFile: nil)
      }
      progress?.update(
        lines: Int64(clamping: output.counts.lines), done: Int64(clamping: output.counts.bytes))
      if let offset, output.ending != nil {
        InputSequence.leaveStandardInput(at: offset + piece.result.consumed)
      }
    case .pause:
      output.write(piece.block, piece.result, startOfFile: nil)
      output.flush()
    case .ending(let ending):
      progress?.finish()
      output.end(ending)
      output.write(piece.block, piece.result, startOfFile: nil)
    }
    return output.ending == nil
  }

  /// Reads the next block; nil at the end.
  private func next(
    _ block: LineBlock, _ deadline: ContinuousClock.Instant?
  ) -> (UInt64, InputSequence.Outcome)? {
    reading.withLock { reading in
      guard !reading.isOver else { return nil }
      let outcome = reading.input.read(into: block, until: deadline)
      switch outcome {
      case .lines, .idle, .timedOut: break
      case .end, .shutdown: reading.isOver = true
      }
      defer { reading.ticket += 1 }
      return (reading.ticket, outcome)
    }
  }
}
