// SPDX-License-Identifier: Apache-2.0

import Filter
import JSON

/// The values of `old`: the parts of each key's last line that the expressions read.
///
/// Bounded in keys and bytes; the key with the oldest line is removed first.
struct PreviousLines: ~Copyable {
  private var lines: KeyTable<StoredLine>
  private let projection: LineProjection
  private let byteLimit: Int
  private var byteCount = 0
  private var pushedOut = 0
  /// The parts of the newest line. Kept to reuse its memory.
  private var parts: [UInt8] = []

  init(_ paths: Set<[String]>, limit: Int, byteLimit: Int = 256 << 20) {
    projection = LineProjection(paths)
    lines = KeyTable(limit: limit)
    self.byteLimit = byteLimit
  }

  /// The number of removed keys, whose next line has no `old`.
  var evictions: Int { lines.evictions + pushedOut }

  /// The previous line of a key; nil if there is none. Valid until the key's next line is stored.
  func line(of key: KeyHash?) -> RawJSON? { line(at: slot(of: key)) }

  /// The place of a key's line, until the next line is stored.
  func slot(of key: KeyHash?) -> Int? { key.flatMap { lines.slot(of: $0) } }

  /// The line at a place.
  func line(at slot: Int?) -> RawJSON? {
    guard let slot else { return nil }
    return lines[slot]?.value
  }

  /// Stores a line as its key's newest, or removes the key if the object is deleted.
  mutating func remember(_ key: KeyHash, _ line: RawJSON, isDeleted: Bool) {
    remember(key, at: slot(of: key), line, isDeleted: isDeleted)
  }

  /// The same, for a key whose line is at this place.
  mutating func remember(_ key: KeyHash, at slot: Int?, _ line: RawJSON, isDeleted: Bool) {
    guard !isDeleted else { return forget(slot) }
    // Cutting a short line to its parts takes longer than copying it, and saves less than its padding takes.
    if line.limit - line.start <= JSONCursor.padding, let bytes = unsafe line.bytes {
      unsafe store(UnsafeRawBufferPointer(bytes), key, slot)
    } else {
      parts.removeAll(keepingCapacity: parts.capacity <= 1 << 20)
      projection.append(line, to: &parts)
      let parts = parts
      unsafe parts.withUnsafeBytes { unsafe store($0, key, slot) }
    }
  }

  private mutating func store(_ bytes: UnsafeRawBufferPointer, _ key: KeyHash, _ slot: Int?) {
    let size = bytes.count + JSONCursor.padding
    guard size <= byteLimit else {
      forget(slot)
      pushedOut += 1
      return
    }
    byteCount += size
    if let slot {
      byteCount -= lines.update(slot) { line in
        defer { unsafe line?.replace(with: bytes) }
        return line?.size ?? 0
      }
      lines.touch(slot)
    } else {
      if let forgotten = lines.makeRoom() { byteCount -= forgotten.state.size }
      lines.insert(key, unsafe StoredLine(bytes))
    }
    while byteCount > byteLimit, let oldest = lines.oldest, let forgotten = lines.remove(oldest) {
      byteCount -= forgotten.size
      pushedOut += 1
    }
  }

  private mutating func forget(_ slot: Int?) {
    if let slot, let old = lines.remove(slot) { byteCount -= old.size }
  }
}
