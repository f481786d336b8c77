// SPDX-License-Identifier: Apache-2.0

import Filter
import JSON

/// The values of `old`: the parts of each key's last line that the expressions read.
///
/// Bounded in keys and bytes; the key with the oldest line is removed first.
final class PreviousLines {
  private struct Line {
    /// The line, followed by ``JSONCursor/padding`` bytes.
    var bytes: [UInt8] = []
    var count = 0

    /// Takes new bytes, in the old ones' memory if it has about their size.
    mutating func take(_ new: [UInt8], count: Int) {
      if bytes.capacity > 2 * new.count { bytes = [] } else { bytes.removeAll(keepingCapacity: true) }
      bytes.reserveCapacity(new.count)
      bytes.append(contentsOf: new)
      self.count = count
    }
  }

  private var lines: KeyTable<Line>
  private let projection: LineProjection
  private let byteLimit: Int
  private var byteCount = 0
  private var pushedOut = 0
  /// The bytes of the newest line. Kept to reuse its memory.
  private var newest: [UInt8] = []

  init(_ paths: Set<[String]>, limit: Int, byteLimit: Int = 256 << 20) {
    projection = LineProjection(paths)
    lines = KeyTable(limit: limit)
    self.byteLimit = byteLimit
  }

  /// The number of removed keys, whose next line has no `old`.
  var evictions: Int { lines.evictions + pushedOut }

  /// Reads the previous line of a key; nil when there is none.
  func read<Result>(_ key: KeyHash?, _ body: (RawJSON?) throws -> Result) rethrows -> Result {
    guard let key, let slot = lines.slot(of: key), let line = lines[slot] else { return try body(nil) }
    return try unsafe line.bytes.withUnsafeBufferPointer { buffer in
      guard let base = buffer.baseAddress else { return try body(nil) }
      return unsafe try body(RawJSON(line: base, count: line.count))
    }
  }

  /// Stores a line as its key's newest, or removes the key if the object is deleted.
  func remember(_ key: KeyHash, _ line: RawJSON, isDeleted: Bool) {
    let slot = lines.slot(of: key)
    guard !isDeleted else { return forget(slot) }
    newest.removeAll(keepingCapacity: newest.capacity <= 1 << 20)
    let count = projection.append(line, to: &newest)
    guard newest.count <= byteLimit else {
      forget(slot)
      pushedOut += 1
      return
    }
    byteCount += newest.count
    if let slot {
      byteCount -= lines.update(slot) { line in
        defer { line?.take(newest, count: count) }
        return line?.bytes.count ?? 0
      }
      lines.touch(slot)
    } else {
      if let forgotten = lines.makeRoom() { byteCount -= forgotten.state.bytes.count }
      var line = Line()
      line.take(newest, count: count)
      lines.insert(key, line)
    }
    while byteCount > byteLimit, let oldest = lines.oldest, let forgotten = lines.remove(oldest) {
      byteCount -= forgotten.bytes.count
      pushedOut += 1
    }
  }

  private func forget(_ slot: Int?) {
    if let slot, let old = lines.remove(slot) { byteCount -= old.bytes.count }
  }
}
