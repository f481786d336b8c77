// SPDX-License-Identifier: Apache-2.0
internal import Glibc

/// Memory that holds whole lines, and ``padding`` readable bytes after them. Reusable.
///
/// A block belongs to one thread at a time: the reader fills it, hands it to a worker, and gets it back. `@unchecked
/// Sendable` is that hand-over, which the queue between the threads orders.
@safe package final class LineBlock: @unchecked Sendable {
  /// Bytes after the last line that may be read (their content is arbitrary): SIMD loads run over the end.
  package static let padding = 64

  private var memory: UnsafeMutableRawBufferPointer
  private let size: Int

  /// Bytes of all lines, newlines included.
  package private(set) var count = 0
  /// For each line that was longer than the limit and is missing here, how many lines of the block stood before it.
  private var missing: [Int] = []
  /// The input's last line had no newline.
  package internal(set) var hasAddedNewline = false

  /// - Parameter size: bytes to read at once. A longer line grows the block; the next ``reset()`` shrinks it.
  package init(size: Int = 256 << 10) {
    self.size = max(size, 4096)
    // Not filled: most runs never come to the end of their blocks, and pages that nothing touches cost nothing.
    unsafe memory = .allocate(byteCount: self.size + Self.padding, alignment: 64)
  }

  deinit { unsafe memory.deallocate() }

  /// The lines, each with its newline. Valid until the block is filled again.
  package var bytes: UnsafeRawBufferPointer { unsafe UnsafeRawBufferPointer(rebasing: memory[..<count]) }

  /// Lines that were longer than the limit and are missing here.
  package var linesTooLong: Int { missing.count }

  /// Of the lines that came with this block, the missing ones included, which one its `line`th is; both count from 1.
  package func place(of line: Int) -> Int { line + missing.count { $0 < line } }

  /// As ``place(of:)``, of the last line that is missing; 0 where none is.
  package var placeOfLastMissing: Int { missing.last.map { $0 + missing.count } ?? 0 }

  /// Calls `body` with each line without its newline; at least ``padding`` readable bytes follow each.
  ///
  /// Stops when `body` returns `false`.
  package func forEachLine<E>(_ body: (UnsafeRawBufferPointer) throws(E) -> Bool) throws(E) {
    var start = 0
    while start < count, let end = firstNewline(from: start) {
      guard try unsafe body(UnsafeRawBufferPointer(rebasing: memory[start..<end])) else { return }
      start = end + 1
    }
  }

  /// Empties the block, and gives back the memory that a very long line took.
  func reset() {
    removeAll()
    missing.removeAll(keepingCapacity: true)
    hasAddedNewline = false
    if unsafe memory.count > 4 * (size + Self.padding) { resize(to: size + Self.padding) }
  }

  func removeAll() { count = 0 }

  func append(_ bytes: [UInt8]) {
    reserve(bytes.count)
    unsafe bytes.withUnsafeBytes {
      unsafe UnsafeMutableRawBufferPointer(rebasing: memory[count...]).copyMemory(from: $0)
    }
    count += bytes.count
  }

  /// One read(2) into the free room, at least a quarter of the block's size. Returns what read(2) does.
  func fill(from descriptor: Int32) -> Int {
    reserve(max(size - count, size / 4))
    let room = unsafe memory.count - Self.padding - count
    let got = unsafe Glibc.read(descriptor, memory.baseAddress.map { unsafe $0 + count }, room)
    count += max(got, 0)
    return got
  }

  /// One pread(2) of up to `room` bytes at `offset`. Returns what pread(2) does.
  func fill(from descriptor: Int32, at offset: Int, room: Int) -> Int {
    reserve(room)
    let free = unsafe memory.baseAddress.map { unsafe $0 + count }
    let got = unsafe Glibc.pread(descriptor, free, room, off_t(offset))
    count += max(got, 0)
    return got
  }

  /// Where the last newline at or after `start` is.
  func lastNewline(from start: Int) -> Int? {
    // Backwards: what follows the last newline is one line at the most. (memrchr is not in Swift's Glibc.)
    var index = count - 1
    while index >= start {
      if unsafe memory[index] == 0x0A { return index }
      index -= 1
    }
    return nil
  }

  func firstNewline(from start: Int) -> Int? {
    guard start < count, let base = unsafe memory.baseAddress else { return nil }
    return unsafe memchr(base + start, 0x0A, count - start).map { unsafe $0 - base }
  }

  /// Removes and returns what follows `index`.
  func take(after index: Int) -> [UInt8] {
    defer { count = index + 1 }
    return unsafe Array(memory[(index + 1)..<count])
  }

  /// Removes what follows the first `count` bytes; nothing where there are fewer.
  func cut(to count: Int) { self.count = min(count, self.count) }

  func takeAll() -> [UInt8] {
    defer { count = 0 }
    return unsafe Array(memory[..<count])
  }

  /// Removes all up to and with the first newline at or after `start`; `false` if there is none.
  func dropThroughFirstNewline(from start: Int) -> Bool {
    guard let newline = firstNewline(from: start) else { return false }
    remove(0..<(newline + 1))
    return true
  }

  /// Notes that a line in front of the first one is missing.
  func noteMissingLine() { missing.append(0) }

  /// Removes the lines of more than `limit` bytes, and notes that they are missing; the first line starts at `start`.
  func dropLines(longerThan limit: Int, from start: Int = 0) {
    guard count - start > limit else { return }  // no line of a block can be longer than the block
    var start = start
    var lines = 0
    while start < count, let end = firstNewline(from: start) {
      if end - start > limit {
        remove(start..<(end + 1))
        missing.append(lines)
      } else {
        start = end + 1
        lines += 1
      }
    }
  }

  private func remove(_ range: Range<Int>) {
    let tail = unsafe UnsafeRawBufferPointer(rebasing: memory[range.upperBound..<count])
    unsafe UnsafeMutableRawBufferPointer(rebasing: memory[range.lowerBound...]).copyMemory(from: tail)
    count -= range.count
  }

  private func reserve(_ additional: Int) {
    let needed = count + additional + Self.padding
    if unsafe needed > memory.count { unsafe resize(to: max(needed, memory.count * 2)) }
  }

  private func resize(to byteCount: Int) {
    let larger = UnsafeMutableRawBufferPointer.allocate(byteCount: byteCount, alignment: 64)
    unsafe larger.copyMemory(from: UnsafeRawBufferPointer(rebasing: memory[..<count]))
    unsafe memory.deallocate()
    unsafe memory = larger
  }
}
