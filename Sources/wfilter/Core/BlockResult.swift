// SPDX-License-Identifier: Apache-2.0

import Events
import Process

/// The result of evaluating one block of lines: the bytes to print, the messages, the counts, and whether the
/// run ends. Reused from block to block, so that nothing is allocated once it has grown.
struct BlockResult {
  /// A range of bytes to print, of the block or of ``storage``. They end with a newline.
  struct Piece {
    var range: Range<Int>
    var isStored: Bool
  }

  /// A message, with the number of its line within the block, from 1; nil if it does not concern a single
  /// line.
  struct Message {
    enum Level { case error, warning, info }

    var level: Level
    var line: Int?
    var text: String
  }

  var pieces: [Piece] = []
  /// Printed bytes that are not in the block: emitted values, edited lines, lines that were held back.
  var storage: [UInt8] = []
  var messages: [Message] = []
  /// STATUS lines for another destination than stdout.
  var statuses: [StreamStatus] = []
  var counts = Counts()
  /// Why the run ends at the last line evaluated.
  var ending: RunEnding?
  /// As many lines as `-m` allows have been printed: nothing is printed after them.
  var isSatisfied = false
  /// The end of the last evaluated line in the block.
  var consumed = 0
  /// The number of the block's lines up to there.
  var evaluated = 0

  mutating func removeAll() {
    pieces.removeAll(keepingCapacity: true)
    storage.removeAll(keepingCapacity: storage.capacity <= 4 << 20)
    messages.removeAll()
    statuses.removeAll()
    counts = Counts()
    ending = nil
    isSatisfied = false
    consumed = 0
    evaluated = 0
    openRun = 0..<0
  }

  /// The end of ``pieces`` that may still grow: adjacent lines of the block are printed together.
  private var openRun = 0..<0

  /// Prints a range of the block.
  @inline(__always)
  mutating func append(_ range: Range<Int>) {
    if openRun.upperBound == range.lowerBound {
      openRun = openRun.lowerBound..<range.upperBound
    } else {
      closeRun()
      openRun = range
    }
  }

  /// Prints the bytes of ``storage`` from `start` on.
  mutating func appendStored(from start: Int) {
    closeRun()
    if let last = pieces.last, last.isStored, last.range.upperBound == start {
      pieces[pieces.count - 1].range = last.range.lowerBound..<storage.count
    } else {
      pieces.append(Piece(range: start..<storage.count, isStored: true))
    }
  }

  /// Puts the lines that were appended last among the pieces.
  mutating func closeRun() {
    if !openRun.isEmpty { pieces.append(Piece(range: openRun, isStored: false)) }
    openRun = 0..<0
  }
}

/// How a run ended.
enum RunEnding {
  case endOfInput, shutdown, timedOut
  /// `-m` lines were printed, or `-q` has seen one.
  case satisfied
  /// `--fail-if`.
  case condition
  /// `--on-error fail`; already reported.
  case badInput
  case failed(any Error)
}
