// SPDX-License-Identifier: Apache-2.0
internal import Glibc

/// An open file or standard input. A file is closed when its last reader is gone.
package final class InputFile: Sendable {
  package let descriptor: Int32
  /// Its name in messages.
  package let name: String

  /// Standard input, which stays open.
  package init() {
    descriptor = STDIN_FILENO
    name = "standard input"
  }

  /// Takes over a descriptor.
  package init(owning descriptor: Int32, name: String) {
    self.descriptor = descriptor
    self.name = name
  }

  deinit { if descriptor != STDIN_FILENO { close(descriptor) } }

  /// The unread range of a regular file; nil for an input without offsets.
  package var remainder: Range<Int>? {
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
    let position = lseek(descriptor, 0, SEEK_CUR)
    guard position >= 0, position < status.st_size else { return nil }
    return Int(position)..<Int(status.st_size)
  }

  /// Sets the offset of the shared descriptor, as if everything before `offset` had been read.
  package func moveOn(to offset: Int) { lseek(descriptor, off_t(offset), SEEK_SET) }
}

/// The lines of a regular file that start within a range of it. Any thread may read any part at any time. If
/// few lines match, most of the work is copying from the kernel, and parts spread it over all threads.
package struct FilePart: Sendable {
  package let file: InputFile
  /// Where the lines start, in bytes from the file's beginning; not empty.
  package let range: Range<Int>
  /// Whether the start of the range is the start of a line, whatever precedes it.
  package let startsLine: Bool

  /// The bytes after the range that are read with it. Most last lines end within them.
  private static let overlap = 4 << 10

  package init(file: InputFile, range: Range<Int>, startsLine: Bool) {
    self.file = file
    self.range = range
    self.startsLine = startsLine
  }

  /// The file offset of the bytes in a block. It includes the byte before the range, which shows whether a
  /// line starts with the range.
  package var origin: Int { startsLine ? range.lowerBound : range.lowerBound - 1 }

  /// Reads the part. A last line of the file without a newline gets one.
  ///
  /// - Parameters:
  ///   - block: its content is replaced.
  ///   - lineLimit: the maximum length of a line in bytes without its newline, at least the length of the
  ///     range. Longer lines are dropped and counted.
  /// - Returns: the index in the block of the first line; the block's end if no line starts in it.
  /// - Throws: ``InputError`` when pread(2) fails.
  package func read(into block: LineBlock, lineLimit: Int = 64 << 20) throws(InputError) -> Int {
    block.reset()
    // The newline at or after this one ends the last line: a line that starts in the range has one before it.
    let last = range.upperBound - 1 - origin
    var goesOn = try fill(block, from: origin, upTo: last + 1 + Self.overlap)
    var start = 0
    if !startsLine {
      guard let newline = block.firstNewline(from: 0), newline < last else {
        block.removeAll()
        return 0
      }
      start = newline + 1
    }
    var searched = last
    var end = block.firstNewline(from: searched)
    while end == nil, goesOn, block.count <= last + 1 + lineLimit {
      searched = max(searched, block.count)
      goesOn = try fill(block, from: origin, upTo: block.count + (64 << 10))
      end = block.firstNewline(from: searched)
    }
    if let end {
      block.cut(to: end + 1)
    } else if block.count > start, block.lastNewline(from: block.count - 1) == nil {
      block.append([0x0A])
      block.hasAddedNewline = true
    }
    block.dropLines(longerThan: lineLimit, from: start)
    return start
  }

  /// Reads until the block has `count` bytes. False if the file ends before.
  private func fill(_ block: LineBlock, from origin: Int, upTo count: Int) throws(InputError) -> Bool {
    while block.count < count {
      let got = block.fill(from: file.descriptor, at: origin + block.count, room: count - block.count)
      if got == 0 { return false }
      if got < 0, errno != EINTR { throw InputError(name: file.name, errno: errno) }
    }
    return true
  }
}
