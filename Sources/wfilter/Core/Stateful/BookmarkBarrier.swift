// SPDX-License-Identifier: Apache-2.0

/// Holds a bookmark until all lines that were held when it arrived have been printed.
///
/// A client that resumes after a bookmark would otherwise never see the lines that were still held.
struct BookmarkBarrier {
  /// Most bookmarks that wait; the oldest goes first, which loses nothing but a place to resume from.
  static let limit = 1000

  private var waiting: [(after: UInt64, line: Line)] = []

  var isEmpty: Bool { waiting.isEmpty }

  /// Keeps `line` back until the lines that began to wait up to number `sequence` have gone out.
  mutating func hold(_ line: Line, after sequence: UInt64) {
    if waiting.count >= Self.limit { waiting.removeFirst() }
    waiting.append((sequence, line))
  }

  /// Takes the bookmarks in front of which nothing waits any longer, when the earliest beginning among the lines
  /// that wait is `earliest` (nil: none waits).
  mutating func release(earliest: UInt64?) -> [Line] {
    let free = waiting.prefix { bookmark in earliest.map { $0 > bookmark.after } ?? true }.map(\.line)
    waiting.removeFirst(free.count)
    return free
  }
}
