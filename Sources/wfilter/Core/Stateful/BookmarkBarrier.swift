// SPDX-License-Identifier: Apache-2.0

/// Keeps a bookmark back until all lines that were waiting when it came have gone out.
///
/// Whoever stores a bookmark resumes behind it, and would never see a line that was still held back.
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
