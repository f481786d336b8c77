// SPDX-License-Identifier: Apache-2.0

/// Holds a bookmark until all lines that were held when it arrived have been printed.
///
/// A client that resumes after a bookmark would otherwise never see the lines that were still held.
struct BookmarkBarrier {
  /// The maximum number of held bookmarks. When there are more, the oldest is dropped: only a position to resume
  /// from is lost.
  static let limit = 1000

  private var waiting: [(after: UInt64, line: Line)] = []

  var isEmpty: Bool { waiting.isEmpty }

  /// Holds `line` until all lines that were held up to number `sequence` have been printed.
  mutating func hold(_ line: Line, after sequence: UInt64) {
    if waiting.count >= Self.limit { waiting.removeFirst() }
    waiting.append((sequence, line))
  }

  /// Removes and returns the bookmarks before which no line is held. `earliest` is the lowest number among
  /// the held lines (nil: none is held).
  mutating func release(earliest: UInt64?) -> [Line] {
    let free = waiting.prefix { bookmark in earliest.map { $0 > bookmark.after } ?? true }.map(\.line)
    waiting.removeFirst(free.count)
    return free
  }
}
