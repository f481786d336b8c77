// SPDX-License-Identifier: Apache-2.0
import Lines

/// Writes lines one by one, counts them, and knows when enough have been. For one thread.
final class LineOutput {
  var counts = Counts() { didSet { board?.show(counts) } }
  private(set) var ending: BlockOutput.Ending?
  let writer: OutputWriter
  private let settings: Settings
  private let board: CountsBoard?

  init(_ writer: OutputWriter, _ settings: Settings, _ board: CountsBoard? = nil) {
    self.board = board
    self.writer = writer
    self.settings = settings
  }

  /// The run is over; the first reason counts.
  func end(_ ending: BlockOutput.Ending) {
    if self.ending == nil { self.ending = ending }
  }

  /// A matching line: written, unless it is only counted. Nothing after the run was satisfied.
  func match(_ bytes: UnsafeRawBufferPointer) throws(OutputError) {
    if case .satisfied = ending { return }
    counts.matched += 1
    if !settings.countsOnly, !settings.isQuiet { unsafe try write(bytes) }
    if settings.isQuiet || counts.matched == settings.limit { end(.satisfied) }
  }

  /// A line that does not count as a match.
  func pass(_ bytes: UnsafeRawBufferPointer) throws(OutputError) {
    guard !settings.countsOnly, !settings.isQuiet else { return }
    unsafe try write(bytes)
  }

  private func write(_ bytes: UnsafeRawBufferPointer) throws(OutputError) {
    counts.written += 1
    unsafe try writer.append(bytes)
    try writer.append([0x0A])
  }

  /// Writes what waits.
  func flush() throws(OutputError) { try writer.flush() }
}
