// SPDX-License-Identifier: Apache-2.0

/// The latest object of each key at one point of a stream. Immutable; all readers of one point share it.
final class Snapshot: Sendable {
  /// `ADDED` lines, the least recently changed first, with ``Batch/padding`` after each. Nil for a line that
  /// was replaced by a later one.
  let lines: SnapshotLines
  /// The number of lines.
  let count: Int
  /// The position of the first event that is not included.
  let position: Int
  let version: SnapshotVersion
  let pages = SnapshotPages()
  let made = ContinuousClock.now

  init(lines: SnapshotLines, count: Int, position: Int, version: SnapshotVersion) {
    self.lines = lines
    self.count = count
    self.position = position
    self.version = version
  }

  /// The id of the last event that is included.
  var id: EventID { version.id }
}
