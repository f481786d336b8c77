// SPDX-License-Identifier: Apache-2.0
internal import Glibc
package import Process

/// Input could not be read.
package struct InputError: ToolError, Equatable {
  /// The name of the input: a path, or `standard input`.
  package var name: String
  package var errno: Int32
  package var status: ExitStatus { .noInput }
  package var description: String { "read \(name): \(systemMessage(self.errno))" }

  package init(name: String, errno: Int32) {
    self.name = name
    self.errno = errno
  }
}

/// Reads a descriptor as blocks of whole lines. For one thread.
///
/// A block ends with the last newline that has arrived, so that no complete line waits. The bytes after it
/// are carried over to the next block. CR is a byte of the line. A last line without a newline gets one.
package struct LineReader: ~Copyable {
  /// The result of a read.
  package enum Outcome: Sendable {
    /// The block holds at least one line, or counts lines that were too long.
    case lines
    /// The input has ended; nothing is left.
    case endOfInput
    /// The time ran out before a whole line was there.
    case timedOut
    /// The process was asked to end first.
    case shutdown
  }

  private let descriptor: Int32
  private let name: String
  private let lineLimit: Int
  private let shutdown: Shutdown?
  private var carry: [UInt8] = []
  private var isDiscarding = false
  private var isAtEnd = false

  /// - Parameters:
  ///   - descriptor: the caller closes it.
  ///   - name: the name of the input in messages.
  ///   - lineLimit: the maximum length of a line in bytes without its newline. Longer lines are dropped and
  ///     counted.
  ///   - shutdown: if given, a request to end stops the wait.
  package init(
    descriptor: Int32, name: String = "standard input", lineLimit: Int = 64 << 20, shutdown: Shutdown? = nil
  ) {
    self.descriptor = descriptor
    self.name = name
    self.lineLimit = lineLimit
    self.shutdown = shutdown
  }

  /// Fills `block` with whole lines, waiting until there is one.
  ///
  /// - Parameters:
  ///   - block: its content is replaced.
  ///   - timeoutMilliseconds: the maximum wait for input. `nil` has no limit, 0 takes only input that has
  ///     arrived.
  /// - Returns: ``Outcome/lines`` when the block has lines or counts lines that were too long.
  /// - Throws: ``InputError`` when read(2) fails.
  package mutating func read(into block: LineBlock, timeoutMilliseconds: Int32? = nil) throws(InputError)
    -> Outcome
  {
    block.reset()
    block.append(carry)
    carry.removeAll(keepingCapacity: carry.capacity <= 1 << 20)
    var searched = block.count  // the carried bytes hold no newline
    // Bytes that arrive one by one must not extend the wait for a whole line.
    let deadline = timeoutMilliseconds.map { ContinuousClock.now + .milliseconds($0) }
    while !isAtEnd {
      guard
        let ready = waitForInput(timeoutMilliseconds == 0 ? 0 : deadline.map { Self.milliseconds(until: $0) })
      else {
        carry = block.takeAll()
        // A line that was too long has ended in the meantime. Report it now, because no later block does.
        if block.linesTooLong > 0 { return .lines }
        return shutdown?.cause != nil ? .shutdown : .timedOut
      }
      guard ready else { continue }
      let count = block.fill(from: descriptor)
      if count < 0 {
        if errno == EINTR || errno == EAGAIN { continue }
        throw InputError(name: name, errno: errno)
      }
      if count == 0 {
        isAtEnd = true
        break
      }
      if isDiscarding {
        guard block.dropThroughFirstNewline(from: searched) else {
          block.removeAll()
          searched = 0
          continue
        }
        isDiscarding = false
        block.noteMissingLine()
        searched = 0
      }
      if let end = block.lastNewline(from: searched) {
        carry = block.take(after: end)
        block.dropLines(longerThan: lineLimit)
        return .lines
      }
      searched = block.count
      if block.count > lineLimit {
        isDiscarding = true
        block.removeAll()
        searched = 0
      }
    }
    if isDiscarding {
      isDiscarding = false
      block.removeAll()
      block.noteMissingLine()
      return .lines
    }
    // The last line may have been too long: then there is nothing to return but its number.
    guard block.count > 0 else { return block.linesTooLong > 0 ? .lines : .endOfInput }
    block.append([0x0A])
    block.hasAddedNewline = true
    return .lines
  }

  private static func milliseconds(until deadline: ContinuousClock.Instant) -> Int32 {
    let left = (deadline - .now) / Duration.milliseconds(1)
    return Int32(max(0, min(left.rounded(.up), 1e9)))
  }

  /// The bytes that were read but not returned: the start of a line.
  package var bytesCarried: Int { carry.count }

  /// `true`: there is input, or its end. `false`: try again. `nil`: the time is up, or the process was asked
  /// to end.
  private func waitForInput(_ timeout: Int32?) -> Bool? {
    var descriptors = [
      pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0),
      pollfd(fd: shutdown?.eventDescriptor ?? -1, events: Int16(POLLIN), revents: 0),
    ]
    let ready = unsafe poll(&descriptors, 2, timeout ?? -1)
    if ready < 0 { return false }
    if ready == 0 || descriptors[1].revents != 0 { return nil }
    return true
  }
}
