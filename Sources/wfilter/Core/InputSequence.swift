// SPDX-License-Identifier: Apache-2.0

import Glibc
import Lines
import Process

/// The files of the command line, or standard input, as one sequence of blocks of lines. One thread at a time.
///
/// A file that cannot be read is reported, and the next one is read.
final class InputSequence {
  /// Whether a file could not be read.
  private(set) var hasUnreadableFile = false
  private var files: ArraySlice<String>
  private var file: InputFile?
  private var reader: LineReader
  /// The unread rest of a large regular file that is read in parts.
  private var remainder: Range<Int>?
  private var isAtStart = true
  /// No block was returned since the last ``Outcome/idle``.
  private var isIdle = true
  private let partSize: Int?
  private let diagnostics: Diagnostics
  private let shutdown: Shutdown

  /// - Parameters:
  ///   - files: paths. `-` is standard input, which is also read if there are none.
  ///   - partSize: if given, regular files of several times this size are read in parts, by the threads that
  ///     load them.
  ///   - diagnostics: gets an error for each file that cannot be read.
  ///   - shutdown: a request to end stops the wait.
  init(_ files: [String], partSize: Int? = nil, diagnostics: Diagnostics, shutdown: Shutdown) {
    self.files = files.isEmpty ? ["-"] : files[...]
    self.partSize = partSize
    self.diagnostics = diagnostics
    self.shutdown = shutdown
    reader = LineReader(descriptor: -1, shutdown: shutdown)
  }

  /// The result of a read.
  enum Outcome {
    case lines(Lines)
    /// No more lines are available without waiting. Reported once before each wait, so that the output is
    /// flushed.
    case idle
    case end, timedOut, shutdown
  }

  /// Whole lines of one file.
  struct Lines {
    /// The prefix of line numbers in messages: `FILE: `; empty for standard input.
    let startOfFile: String?
    fileprivate let part: FilePart?
    /// The position in standard input after the block, if other processes may continue to read there.
    fileprivate let end: Int?

    /// Loads the lines into the block that was given to ``InputSequence/read(into:until:)``, if they are not
    /// there yet. Any thread may call this while another one reads. Returns the start of the first line.
    func load(into block: LineBlock) throws(InputError) -> Int {
      if let part, startOfFile == nil { return try part.read(into: block) }
      if let part { _ = try part.read(into: block) }
      // A byte order mark at the start of a file is not part of its first line.
      let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
      return unsafe startOfFile != nil && block.bytes.starts(with: mark) ? mark.count : 0
    }

    /// The position of the loaded block in standard input; nil if the input has no positions.
    func offset(of block: LineBlock) -> Int? {
      guard let end, block.linesTooLong == 0 else { return nil }
      return part?.origin ?? end - block.count + (block.hasAddedNewline ? 1 : 0)
    }
  }

  /// Fills a block, or determines the part of a file to fill it with. Waiting for lines ends at `deadline`;
  /// nil for no limit.
  func read(into block: LineBlock, until deadline: ContinuousClock.Instant?) -> Outcome {
    while true {
      guard shutdown.cause == nil else { return .shutdown }
      guard let file else {
        guard openNext() else { return .end }
        continue
      }
      if let rest = remainder {
        if let partSize, !rest.isEmpty { return .lines(nextPart(of: file, rest, partSize)) }
        file.moveOn(to: rest.upperBound)
        self.file = nil
        continue
      }
      do {
        switch try reader.read(into: block, timeoutMilliseconds: isIdle ? milliseconds(until: deadline) : 0) {
        case .timedOut:
          if isIdle { return .timedOut }
          isIdle = true
          return .idle
        case .shutdown: return .shutdown
        case .lines:
          isIdle = false
          defer { isAtStart = false }
          return .lines(Lines(startOfFile: isAtStart ? file.prefix : nil, part: nil, end: endOfLines(file)))
        case .endOfInput: self.file = nil
        }
      } catch {
        report(error.description)
        self.file = nil
      }
    }
  }

  /// Sets the position of standard input, for others that read it after us.
  static func leaveStandardInput(at offset: Int) { lseek(STDIN_FILENO, off_t(offset), SEEK_SET) }

  private func nextPart(of file: InputFile, _ rest: Range<Int>, _ partSize: Int) -> Lines {
    let range = rest.lowerBound..<min(rest.lowerBound + partSize, rest.upperBound)
    remainder = range.upperBound..<rest.upperBound
    isIdle = false
    defer { isAtStart = false }
    let part = FilePart(file: file, range: range, startsLine: isAtStart)
    return Lines(
      startOfFile: isAtStart ? file.prefix : nil, part: part,
      end: file.isStandardInput ? range.upperBound : nil)
  }

  /// The position in standard input after the lines just read; nil if the input has no positions.
  private func endOfLines(_ file: InputFile) -> Int? {
    guard file.isStandardInput else { return nil }
    let position = lseek(STDIN_FILENO, 0, SEEK_CUR)
    return position < 0 ? nil : Int(position) - reader.bytesCarried
  }

  private func milliseconds(until deadline: ContinuousClock.Instant?) -> Int32? {
    guard let deadline else { return nil }
    let left = (deadline - .now) / Duration.milliseconds(1)
    return Int32(max(0, min(left.rounded(.up), 1e9)))
  }

  /// Records that a file cannot be read.
  func report(_ message: String) {
    hasUnreadableFile = true
    diagnostics.error(message)
  }

  /// Opens the next file that can be opened; false if there is none.
  private func openNext() -> Bool {
    while let path = files.popFirst() {
      let opened: InputFile
      if path == "-" {
        opened = InputFile()
      } else {
        let descriptor = unsafe Glibc.open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
          report("open \(path.isEmpty ? "''" : path): \(systemMessage(errno))\(Self.remedy(path))")
          continue
        }
        opened = InputFile(owning: descriptor, name: path)
      }
      file = opened
      reader = LineReader(descriptor: opened.descriptor, name: opened.name, shutdown: shutdown)
      remainder = remainder(of: opened)
      isAtStart = true
      return true
    }
    return false
  }

  private static func remedy(_ path: String) -> String {
    if path.isEmpty { return ": is a shell variable not set?" }
    return path.contains("://") ? ": wfilter reads files; write curl -sN \(path) | wfilter EXPRESSION" : ""
  }

  /// The range to read in parts, for a regular file of several parts. Its size is that at the time of
  /// opening; of bytes appended later, only the rest of the last line is read.
  private func remainder(of file: InputFile) -> Range<Int>? {
    guard let partSize, let rest = file.remainder, rest.count > 2 * partSize else { return nil }
    return rest
  }
}

extension InputFile {
  fileprivate var isStandardInput: Bool { descriptor == STDIN_FILENO }
  /// The text before a line's number in a message.
  fileprivate var prefix: String { isStandardInput ? "" : "\(name): " }
}
