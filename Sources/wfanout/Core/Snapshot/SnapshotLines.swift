// SPDX-License-Identifier: Apache-2.0

/// The lines of a snapshot, in chunks.
///
/// A copy shares the chunks: the first change after it copies the chunk that is changed and the list of chunks,
/// not all lines, and releasing the copy releases only the chunks that were changed since.
struct SnapshotLines: Sendable, RandomAccessCollection, MutableCollection {
  private static let chunkSize = 256

  private var chunks: [[[UInt8]?]] = []
  private(set) var endIndex = 0

  init(_ lines: some Sequence<[UInt8]?> = EmptyCollection()) {
    for line in lines { append(line) }
  }

  var startIndex: Int { 0 }

  subscript(index: Int) -> [UInt8]? {
    get { chunks[index / SnapshotLines.chunkSize][index % SnapshotLines.chunkSize] }
    set { chunks[index / SnapshotLines.chunkSize][index % SnapshotLines.chunkSize] = newValue }
  }

  mutating func append(_ line: [UInt8]?) {
    if endIndex % SnapshotLines.chunkSize == 0 { chunks.append([]) }
    chunks[endIndex / SnapshotLines.chunkSize].append(line)
    endIndex += 1
  }
}
