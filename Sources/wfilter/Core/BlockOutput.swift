// SPDX-License-Identifier: Apache-2.0

import JSON
import Lines
import Process

/// Writes what became of blocks of lines, in their order; counts, and knows when it is over. One thread at a time.
final class BlockOutput {
  /// How a run ended.
  enum Ending {
    case end, timedOut, shutdown
    /// `-m` lines have matched, or `-q` has seen one.
    case satisfied
    /// `--fail-if`.
    case condition
    /// `--on-error fail`; already told.
    case badInput
    case failed(any Error)
  }

  private(set) var counts = Counts()
  private(set) var ending: Ending?
  /// Lines of the present file before the next block.
  private(set) var linesOfFile: UInt64 = 0
  /// What messages say before the numbers of its lines.
  private(set) var file = ""
  private let writer: OutputWriter
  private let settings: Settings
  private let diagnostics: Diagnostics
  private let shutdown: Shutdown
  private let board: CountsBoard?

  init(
    _ writer: OutputWriter, _ settings: Settings, _ diagnostics: Diagnostics, _ shutdown: Shutdown,
    _ board: CountsBoard? = nil
  ) {
    self.board = board
    self.writer = writer
    self.settings = settings
    self.diagnostics = diagnostics
    self.shutdown = shutdown
  }

  /// The run is over.
  func end(_ ending: Ending) {
    if self.ending == nil { self.ending = ending }
  }

  /// Writes what waits.
  func flush() {
    shutdown.interruptWrites()
    do throws(OutputError) { try writer.flush() } catch { end(.failed(error)) }
  }

  /// Writes a block's lines and tells its faults.
  func write(_ block: LineBlock, _ result: borrowing BlockResult, startOfFile: String?) {
    if let startOfFile { (file, linesOfFile) = (startOfFile, 0) }
    shutdown.interruptWrites()
    var part = result.counts
    // A line may end the run in the middle of the block: what follows it has not been, for whoever reads the output.
    part.matched = 0
    if part.tooLong > 0 {
      let last = linesOfFile + UInt64(block.placeOfLastMissing)
      diagnostics.error("\(file)\(part.tooLong) line(s) up to line \(last) longer than 64 MiB dropped")
      if settings.onError == .fail { end(.badInput) }
    }
    do throws(OutputError) {
      unsafe try write(result.events, block.bytes, result.emitted, &part)
    } catch {
      end(.failed(error))
    }
    linesOfFile += part.lines + part.tooLong
    counts += part
    board?.show(counts)
  }

  private func write(
    _ events: [BlockResult.Event], _ bytes: UnsafeRawBufferPointer, _ emitted: [UInt8], _ part: inout Counts
  ) throws(OutputError) {
    // Lines that stand together are written together.
    var run = 0..<0
    for event in events {
      guard ending == nil else { break }
      switch event {
      case .write(let start, let count, false, let isControl):
        part.written += 1
        if run.upperBound == start {
          run = run.lowerBound..<(start + count)
        } else {
          unsafe try writer.append(UnsafeRawBufferPointer(rebasing: bytes[run]))
          run = start..<(start + count)
        }
        if !isControl { match(&part) }
      case .write(let start, let count, true, _):
        part.written += 1
        unsafe try writer.append(UnsafeRawBufferPointer(rebasing: bytes[run]))
        run = 0..<0
        try append(emitted, start, count)
        match(&part)
      case .match: match(&part)
      case .malformed(let number, let fault): tell(number, "not passed on: \(fault.description)")
      case .condition: end(.condition)
      case .failure(let number, let reason):
        diagnostics.error("\(file)line \(linesOfFile + number): cannot be evaluated: \(reason)")
        end(.badInput)
      }
    }
    unsafe try writer.append(UnsafeRawBufferPointer(rebasing: bytes[run]))
  }

  private func append(_ emitted: [UInt8], _ start: Int, _ count: Int) throws(OutputError) {
    let outcome: Result<Void, OutputError> = unsafe emitted.withUnsafeBytes { bytes in
      do throws(OutputError) {
        unsafe try writer.append(UnsafeRawBufferPointer(rebasing: bytes[start..<(start + count)]))
        return .success(())
      } catch { return .failure(error) }
    }
    try outcome.get()
  }

  private func match(_ part: inout Counts) {
    part.matched += 1
    if settings.isQuiet || counts.matched + part.matched == settings.limit { end(.satisfied) }
  }

  private func tell(_ number: UInt64, _ what: String) {
    diagnostics.error("\(file)line \(linesOfFile + number): \(what)")
    if settings.onError == .fail { end(.badInput) }
  }
}
