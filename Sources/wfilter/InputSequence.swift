// SPDX-License-Identifier: Apache-2.0

import Glibc
import Pipe

/// A file could not be opened.
struct FileError: ToolError {
  var path: String
  var errno: Int32
  var status: ExitStatus { .noInput }
  var description: String { "open \(path): \(systemMessage(self.errno))" }
}

/// The files of the command line, or standard input, as one sequence of blocks of lines. One thread at a time.
final class InputSequence {
  private var files: [String]
  private var reader: LineReader
  private let shutdown: Shutdown
  private(set) var descriptor: Int32
  private(set) var name: String
  private var isAtStart = true

  /// Opens the first file, so that one that is missing is told before anything is written.
  init(_ files: [String], shutdown: Shutdown) throws(FileError) {
    self.files = files.isEmpty ? ["-"] : files
    self.shutdown = shutdown
    (descriptor, name) = try Self.open(self.files.removeFirst())
    reader = LineReader(descriptor: descriptor, name: name, shutdown: shutdown)
  }

  /// What a read brought.
  enum Outcome {
    /// Lines, from this offset of the block on: a byte order mark at the start of a file is no part of its first line.
    /// `startsFile`: line numbers start anew.
    case lines(from: Int, startsFile: Bool)
    case end, timedOut, shutdown
  }

  /// Fills a block with whole lines of one file.
  func read(into block: LineBlock, timeoutMilliseconds: Int32?) throws -> Outcome {
    while true {
      switch try reader.read(into: block, timeoutMilliseconds: timeoutMilliseconds) {
      case .timedOut: return .timedOut
      case .shutdown: return .shutdown
      case .lines:
        let startsFile = isAtStart
        isAtStart = false
        let bytes = unsafe block.bytes
        let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
        return .lines(
          from: unsafe startsFile && bytes.starts(with: mark) ? mark.count : 0, startsFile: startsFile)
      case .endOfInput:
        if descriptor != STDIN_FILENO { close(descriptor) }
        guard !files.isEmpty else { return .end }
        (descriptor, name) = try Self.open(files.removeFirst())
        reader = LineReader(descriptor: descriptor, name: name, shutdown: shutdown)
        isAtStart = true
      }
    }
  }

  private static func open(_ path: String) throws(FileError) -> (Int32, String) {
    if path == "-" { return (STDIN_FILENO, "standard input") }
    let descriptor = unsafe Glibc.open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw FileError(path: path, errno: errno) }
    return (descriptor, path)
  }

  /// Whether a read would return at once.
  static func hasMoreNow(_ descriptor: Int32) -> Bool {
    var input = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    return unsafe poll(&input, 1, 0) > 0
  }
}
