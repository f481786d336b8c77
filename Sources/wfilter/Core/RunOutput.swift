// SPDX-License-Identifier: Apache-2.0

import Events
import Lines
import Process

/// Prints the results of blocks in their order, adds up the counts, and knows when the run is over. One thread at a time.
final class RunOutput {
  private(set) var counts = Counts()
  private(set) var ending: RunEnding?
  private let writer: OutputWriter
  private let statusSink: StatusSink
  private let configuration: Configuration
  private let diagnostics: Diagnostics
  private let shutdown: Shutdown
  private let board: CountsBoard?
  private let watchlist: Watchlist
  /// The number of the current file's lines before the next block.
  private var linesOfFile: UInt64 = 0
  /// The prefix of line numbers in messages.
  private var file = ""
  private var flushed = ContinuousClock.now
  private var reported: UInt64 = 0

  /// Output that waits longer than this is written even if more input is available.
  private static let patience = Duration.milliseconds(50)
  /// Lines after which an expression without a value is reported.
  private static let linesBeforeReport = 1000

  init(
    _ writer: OutputWriter, status: StatusSink, _ configuration: Configuration, watchlist: Watchlist,
    diagnostics: Diagnostics, shutdown: Shutdown, board: CountsBoard? = nil
  ) {
    self.writer = writer
    self.statusSink = status
    self.configuration = configuration
    self.watchlist = watchlist
    self.diagnostics = diagnostics
    self.shutdown = shutdown
    self.board = board
  }

  /// The number of lines that may still match; nil for no limit.
  var remaining: UInt64? { configuration.matchLimit.map { $0 - min($0, counts.matched) } }

  /// The run is over; the first reason counts.
  func end(_ ending: RunEnding) {
    if self.ending == nil { self.ending = ending }
  }

  /// Flushes the output.
  func flush() {
    shutdown.interruptWrites()
    flushed = .now
    do throws(OutputError) { try writer.flush() } catch { end(.failed(error)) }
  }

  /// Prints a block's result and reports its messages.
  ///
  /// The result ends after ``remaining`` matching lines, and is that of the lines after the block's first
  /// `lines`. `startOfFile` is the prefix of line numbers in messages, if the block is the first of a file.
  func write(
    _ block: LineBlock, _ result: borrowing BlockResult, after lines: Int = 0, startOfFile: String?
  ) {
    if let startOfFile { (file, linesOfFile) = (startOfFile, 0) }
    let linesBefore = linesOfFile - UInt64(block.place(of: lines))
    shutdown.interruptWrites()
    if result.counts.tooLong > 0 {
      let count = result.counts.tooLong
      let lines = count == 1 ? "1 line" : "\(count) lines"
      let last = linesBefore + UInt64(block.placeOfLastMissing)
      diagnostics.error("\(file)\(lines) longer than 64 MiB dropped, up to line \(last)")
    }
    for message in result.messages { report(message, block, linesBefore) }
    do throws(OutputError) {
      for status in result.statuses { try statusSink.write(status) }
      unsafe try write(result.pieces, block.bytes, result.storage)
    } catch { end(.failed(error)) }
    linesOfFile += result.counts.lines + result.counts.tooLong
    counts += result.counts
    board?.show(counts)
    if counts.lines >= UInt64(Self.linesBeforeReport) { reportUnused() }
    if let ending = result.ending { end(ending) }
    if ContinuousClock.now - flushed > Self.patience { flush() }
  }

  /// Reports the expressions and paths that had a value for no line so far, each once.
  func reportUnused() {
    let missing = counts.sought & ~counts.found & ~reported
    guard missing != 0 else { return }
    reported |= missing
    for warning in watchlist.warnings(missing, counts) { diagnostics.warning(warning) }
  }

  /// `linesBefore` is the number of the file's lines before the block.
  private func report(_ message: BlockResult.Message, _ block: LineBlock, _ linesBefore: UInt64) {
    let place = message.line.map { "\(file)line \(linesBefore + UInt64(block.place(of: $0))): " } ?? ""
    switch message.level {
    case .error: diagnostics.error(place + message.text)
    case .warning: diagnostics.warning(place + message.text)
    case .info: diagnostics.info(place + message.text)
    }
  }

  private func write(
    _ pieces: [BlockResult.Piece], _ block: UnsafeRawBufferPointer, _ storage: [UInt8]
  ) throws(OutputError) {
    for piece in pieces {
      if piece.isStored {
        try writer.append(storage, piece.range)
      } else {
        unsafe try writer.append(UnsafeRawBufferPointer(rebasing: block[piece.range]))
      }
    }
  }
}
