// SPDX-License-Identifier: Apache-2.0

import Glibc
import Lines
import Process

/// A file of the command line could not be opened.
package struct UnreadableFile: ToolError {
  var path: String
  var reason: String
  var status: ExitStatus { .noInput }
  package var description: String { "open \(path): \(reason)" }
}

/// The files of the command line, or standard input, as one sequence of blocks of lines. One thread at a time.
final class InputSequence {
  private var files: [String]
  private var file: InputFile
  private var reader: LineReader
  /// What is left of a large regular file, where its parts are handed out.
  private var remainder: Range<Int>?
  private var isAtStart = true
  /// Nothing was handed out since the last ``Outcome/idle``.
  private var isIdle = true
  private let partSize: Int?
  private let shutdown: Shutdown

  /// Opens the first file, so that one that is missing is told before anything is written.
  ///
  /// - Parameters:
  ///   - files: paths; `-` is standard input, and so is none at all.
  ///   - partSize: where given, regular files of several times so many bytes are read in parts, by the threads that load them.
  ///   - shutdown: ends waiting.
  /// - Throws: ``UnreadableFile``
  init(_ files: [String], partSize: Int? = nil, shutdown: Shutdown) throws(UnreadableFile) {
    self.files = files.isEmpty ? ["-"] : files
    self.partSize = partSize
    self.shutdown = shutdown
    file = try Self.open(self.files.removeFirst())
    reader = LineReader(descriptor: file.descriptor, name: file.name, shutdown: shutdown)
    remainder = Self.remainder(of: file, partSize)
  }

  /// What a read brought.
  enum Outcome {
    case lines(Lines)
    /// No more lines are at once there. Told once before they are waited for: what has come so far is to go out now.
    case idle
    case end, timedOut, shutdown
  }

  /// Whole lines of one file.
  struct Lines {
    /// Where line numbers start anew, what messages say before them: `FILE: `; nothing for standard input.
    let startOfFile: String?
    fileprivate let part: FilePart?

    /// Brings them into the block that was given to ``InputSequence/read(into:timeoutMilliseconds:)``, if they are not
    /// there yet. Any thread may do so while another reads on. Returns where the first line starts.
    func load(into block: LineBlock) throws(InputError) -> Int {
      if let part, startOfFile == nil { return try part.read(into: block) }
      if let part { _ = try part.read(into: block) }
      // A byte order mark at the start of a file is no part of its first line.
      let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
      return unsafe startOfFile != nil && block.bytes.starts(with: mark) ? mark.count : 0
    }
  }

  /// Reads on: fills a block, or finds out what it is to be filled with.
  func read(into block: LineBlock, timeoutMilliseconds: Int32?) throws -> Outcome {
    while true {
      if let rest = remainder, let partSize, !rest.isEmpty {
        // Nothing waits here, so that nothing else looks whether it is time to end.
        guard shutdown.cause == nil else { return .shutdown }
        guard timeoutMilliseconds != 0 else { return .timedOut }
        let range = rest.lowerBound..<min(rest.lowerBound + partSize, rest.upperBound)
        remainder = range.upperBound..<rest.upperBound
        isIdle = false
        defer { isAtStart = false }
        let part = FilePart(file: file, range: range, startsLine: isAtStart)
        return .lines(Lines(startOfFile: isAtStart ? file.prefix : nil, part: part))
      }
      if remainder == nil {
        switch try reader.read(into: block, timeoutMilliseconds: isIdle ? timeoutMilliseconds : 0) {
        case .timedOut:
          if isIdle || timeoutMilliseconds == 0 { return .timedOut }
          isIdle = true
          return .idle
        case .shutdown: return .shutdown
        case .lines:
          isIdle = false
          defer { isAtStart = false }
          return .lines(Lines(startOfFile: isAtStart ? file.prefix : nil, part: nil))
        case .endOfInput: break
        }
      }
      if let end = remainder?.upperBound { file.moveOn(to: end) }
      guard !files.isEmpty else { return .end }
      file = try Self.open(files.removeFirst())
      reader = LineReader(descriptor: file.descriptor, name: file.name, shutdown: shutdown)
      remainder = Self.remainder(of: file, partSize)
      isAtStart = true
    }
  }

  /// What is to be read in parts: a regular file of several. Its size counts as it was when it was opened; of what is
  /// appended while it is read, only the end of the last line is read too.
  private static func remainder(of file: InputFile, _ partSize: Int?) -> Range<Int>? {
    guard let partSize, let rest = file.remainder, rest.count > 2 * partSize else { return nil }
    return rest
  }

  private static func open(_ path: String) throws(UnreadableFile) -> InputFile {
    if path == "-" { return InputFile() }
    let descriptor = unsafe Glibc.open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw UnreadableFile(path: path, reason: systemMessage(errno)) }
    return InputFile(owning: descriptor, name: path)
  }
}

extension InputFile {
  /// What stands before a line's number in a message.
  fileprivate var prefix: String { descriptor == STDIN_FILENO ? "" : "\(name): " }
}
