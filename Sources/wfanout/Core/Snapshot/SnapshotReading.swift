// SPDX-License-Identifier: Apache-2.0

/// The progress of a client through a snapshot that it gets page by page.
struct SnapshotReading: Sendable {
  /// Nil after the events that follow it have left the ring: the client was too slow and has to begin again.
  var snapshot: Snapshot?
  /// The line that the next page begins with.
  var index = 0
  /// The number of objects that were written before it.
  var written = 0
  /// Whether a worker makes the next page.
  var isWaiting = false
  /// Whether the end of the snapshot is marked.
  var marksEnd = true
}
