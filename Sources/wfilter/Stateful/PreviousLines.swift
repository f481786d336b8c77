// SPDX-License-Identifier: Apache-2.0

/// The previous line of each key: `old` in an expression.
///
/// Bounded by keys and by bytes; the key that was used least recently is forgotten first.
struct PreviousLines {
  private var table: KeyTable<Line>
  private let byteLimit: Int
  private var byteCount = 0
  /// Keys that were forgotten because their lines had no room.
  private var pushedOut = 0

  init(limit: Int, byteLimit: Int) {
    table = KeyTable(limit: limit)
    self.byteLimit = byteLimit
  }

  /// Keys that had to be forgotten: their next line has no `old`.
  var evictions: Int { table.evictions + pushedOut }

  /// The key's previous line; nil for its first.
  func line(of key: [UInt8]) -> Line? { table.slot(of: key).flatMap { table[$0] } }

  /// Remembers `line` as the newest of `key`. A deleted object has no previous line when it is made again.
  mutating func remember(_ line: UnsafeRawBufferPointer, of key: [UInt8], isDeletion: Bool) {
    if let slot = table.slot(of: key), let old = table[slot] {
      byteCount -= old.count
      // Removed before the new line is made: the old one's memory can serve again.
      table.remove(slot)
    }
    guard !isDeletion else { return }
    guard line.count <= byteLimit else {
      pushedOut += 1
      return
    }
    if let forgotten = table.makeRoom() { byteCount -= forgotten.state.count }
    byteCount += line.count
    unsafe table.insert(key, Line(line))
    while byteCount > byteLimit, let oldest = table.oldest, let forgotten = table.remove(oldest) {
      byteCount -= forgotten.count
      pushedOut += 1
    }
  }
}
