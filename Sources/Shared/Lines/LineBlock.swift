// SPDX-License-Identifier: Apache-2.0
internal import Glibc

/// Memory that holds whole lines, and ``padding`` readable bytes after them. Reusable.
///
/// A block belongs to one thread at a time: the reader fills it, passes it to a worker, and gets it back. It
/// is `@unchecked Sendable` because the queue between the threads orders these steps.
@safe package final class LineBlock: @unchecked Sendable {
  /// The number of readable bytes after the last line, with arbitrary content, for SIMD loads that go past
  /// the end.
  package static let padding = 64

  private var memory: UnsafeMutableRawBufferPointer
  private let size: Int

  /// Bytes of all lines, newlines included.
  package private(set) var count = 0
  /// For each line that was dropped because it was longer than the limit: the number of the block's lines
  /// before it.
  private var missing: [Int] = []
  /// The input's last line had no newline.
  package internal(set) var hasAddedNewline = false

  /// - Parameter size: the bytes to read at once. A longer line enlarges the block, and the next ``reset()``
  ///   shrinks it again.
  package init(size: Int = 256 << 10) {
    self.size = max(size, 4096)
    // Not initialized: most runs never use the end of their blocks, and untouched pages cost no memory.
    unsafe memory = .allocate(byteCount: self.size + Self.padding, alignment: 64)
  }

  deinit { unsafe memory.deallocate() }

  /// The lines, each with its newline. Valid until the block is filled again.
  package var bytes: UnsafeRawBufferPointer { unsafe UnsafeRawBufferPointer(rebasing: memory[..<count]) }

  /// The number of lines that were dropped because they were longer than the limit.
  package var linesTooLong: Int { missing.count }

  /// The number of the block's `line`th line if the dropped lines are counted, too. Both count from 1.
  package func place(of line: Int) -> Int { line + missing.count { $0 < line } }

  /// Like ``place(of:)``, for the last dropped line; 0 if there is none.
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

  /// Empties the block, and frees the memory that a very long line needed.
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

  /// One read(2) into the free space, which is at least a quarter of the block. Returns the result of
  /// read(2).
  func fill(from descriptor: Int32) -> Int {
    reserve(max(size - count, size / 4))
    let room = unsafe memory.count - Self.padding - count
    let got = unsafe Glibc.read(descriptor, memory.baseAddress.map { unsafe $0 + count }, room)
    count += max(got, 0)
    return got
  }

  /// One pread(2) of up to `room` bytes at `offset`. Returns the result of pread(2).
  func fill(from descriptor: Int32, at offset: Int, room: Int) -> Int {
    reserve(room)
    let free = unsafe memory.baseAddress.map { unsafe $0 + count }
    let got = unsafe Glibc.pread(descriptor, free, room, off_t(offset))
    count += max(got, 0)
    return got
  }

  /// The index of the last newline at or after `start`.
  func lastNewline(from start: Int) -> Int? {
    guard firstNewline(from: start) != nil else { return nil }
    // Searches backwards, because at most one line follows the last newline. (Swift's Glibc has no memrchr.)
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

  /// Removes and returns the bytes after `index`.
  func take(after index: Int) -> [UInt8] {
    defer { count = index + 1 }
    return unsafe Array(memory[(index + 1)..<count])
  }

  /// Keeps only the first `count` bytes.
  func cut(to count: Int) { self.count = min(count, self.count) }

  func takeAll() -> [UInt8] {
    defer { count = 0 }
    return unsafe Array(memory[..<count])
  }

  /// Removes everything up to the first newline at or after `start`, and the newline. `false` if there is
  /// none.
  func dropThroughFirstNewline(from start: Int) -> Bool {
    guard let newline = firstNewline(from: start) else { return false }
    remove(0..<(newline + 1))
    return true
  }

  /// Records that a line before the first one was dropped.
  func noteMissingLine() { missing.append(0) }

  /// Removes and records the lines of more than `limit` bytes. The first line starts at `start`.
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
