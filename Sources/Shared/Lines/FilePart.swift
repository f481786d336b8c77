// SPDX-License-Identifier: Apache-2.0
internal import Glibc

/// An open file or standard input. A file is closed when its last reader is gone.
package final class InputFile: Sendable {
  package let descriptor: Int32
  /// What messages call it.
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

  /// From where to where a regular file is still to be read; nil for whatever has no places to read at.
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

/// The lines of a regular file that start within a range of it. Any thread may read any part at any time, so that
/// copying from the kernel, most of the work where few lines match, is spread as evaluating is.
package struct FilePart: Sendable {
  package let file: InputFile
  /// Where the lines start, in bytes from the file's beginning; not empty.
  package let range: Range<Int>
  /// Whether the start of the range is the start of a line, whatever precedes it.
  package let startsLine: Bool

  /// Bytes after the range that are read together with it: most last lines end there.
  private static let overlap = 4 << 10

  package init(file: InputFile, range: Range<Int>, startsLine: Bool) {
    self.file = file
    self.range = range
    self.startsLine = startsLine
  }

  /// Where in the file the bytes of a block come from that the part was read into: the byte before the range tells whether a
  /// line starts with it.
  package var origin: Int { startsLine ? range.lowerBound : range.lowerBound - 1 }

  /// Reads the part. A last line of the file without a newline gets one.
  ///
  /// - Parameters:
  ///   - block: whose content is replaced.
  ///   - lineLimit: bytes a line may have without its newline, not fewer than the range has; a longer one is dropped and counted.
  /// - Returns: where in the block the first line starts; the block's end where none does.
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

  /// Reads on until the block has `count` bytes; false where the file ends before.
  private func fill(_ block: LineBlock, from origin: Int, upTo count: Int) throws(InputError) -> Bool {
    while block.count < count {
      let got = block.fill(from: file.descriptor, at: origin + block.count, room: count - block.count)
      if got == 0 { return false }
      if got < 0, errno != EINTR { throw InputError(name: file.name, errno: errno) }
    }
    return true
  }
}
