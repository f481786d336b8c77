// SPDX-License-Identifier: Apache-2.0

import Glibc
import JSON
import Process

/// A running handler: writes its stdin, reads its stdout, passes on its stderr, and reports how it ended.
///
/// Used by one thread, which polls and never blocks here. The handler is the leader of its own process group,
/// so that Ctrl-C does not reach it and a kill reaches its children.
final class HandlerProcess {
  private let child: ChildProcess
  private let capturesOutput: Bool
  private var isInputOpen = true
  private var isOutputOpen: Bool
  private var areErrorsOpen = true
  private var input: [UInt8] = []
  private var sent = 0
  private var closesInput = false
  private var isToEnd = false
  private(set) var output: [UInt8] = []
  private var lastLine: [UInt8] = []
  private var partialLine: [UInt8] = []
  private(set) var ending: ChildProcess.Ending?

  /// Starts the command.
  ///
  /// `environment` is the whole environment. Without `capturesOutput` the handler inherits our stdout.
  /// - Throws: `ChildProcessError`
  init(_ command: [String], environment: [String], capturesOutput: Bool) throws(ChildProcessError) {
    var configuration = ChildProcess.Configuration(command)
    configuration.environment = environment
    configuration.input = .pipe
    configuration.output = capturesOutput ? .pipe : .descriptor(1)
    configuration.errors = .pipe
    self.capturesOutput = capturesOutput
    isOutputOpen = capturesOutput
    child = try ChildProcess(configuration)
    for descriptor in [child.input, child.output, child.errors] where descriptor >= 0 {
      _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK)
    }
  }

  /// The last line on stderr that was not empty.
  var complaint: String {
    let line = partialLine.isEmpty ? lastLine : partialLine
    return String(String(decoding: line, as: UTF8.self).trimmed.prefix(500))
  }

  var unsentBytes: Int { input.count - sent }

  func send(_ bytes: [UInt8]) {
    guard isInputOpen else { return }
    if sent == input.count || sent > 1 << 20 {
      input.removeFirst(sent)
      sent = 0
    }
    input += bytes
    flushInput()
  }

  /// Closes stdin once all input is sent.
  func closeInput() {
    closesInput = true
    flushInput()
  }

  /// Whether it has closed its standard input, which shows when it is written to, and still runs.
  var hasClosedInput: Bool { ending == nil && !isInputOpen && !closesInput }
  /// Whether it has closed the standard output that we read, and still runs.
  var hasClosedOutput: Bool { ending == nil && capturesOutput && !isOutputOpen }

  func takeOutput() -> [UInt8] {
    defer { output = [] }
    return output
  }

  func terminate() {
    isToEnd = true
    child.signal(SIGTERM)
  }

  func kill() { child.signal(SIGKILL) }

  // MARK: - Polling

  static let descriptorCount = 4

  /// Adds exactly ``descriptorCount`` entries for poll(2).
  func addDescriptors(to list: inout [pollfd]) {
    let wantsToSend = isInputOpen && sent < input.count
    // Without POLLOUT, poll(2) still reports a pipe without a reader (POLLERR).
    list.append(
      pollfd(fd: isInputOpen ? child.input : -1, events: wantsToSend ? Int16(POLLOUT) : 0, revents: 0))
    list.append(pollfd(fd: isOutputOpen ? child.output : -1, events: Int16(POLLIN), revents: 0))
    list.append(pollfd(fd: areErrorsOpen ? child.errors : -1, events: Int16(POLLIN), revents: 0))
    list.append(pollfd(fd: ending == nil ? child.endDescriptor : -1, events: Int16(POLLIN), revents: 0))
  }

  /// Reads and writes the descriptors that are ready, and detects the end.
  func exchange(_ ready: ArraySlice<pollfd>) {
    let first = ready.startIndex
    if ready[first].revents & Int16(POLLERR) != 0 {
      endInput()
    } else if ready[first].revents != 0 {
      flushInput()
    }
    if ready[first + 1].revents != 0 { receive() }
    if ready[first + 2].revents != 0 { listen() }
    if ready[first + 3].revents != 0 { checkEnd() }
  }

  private func checkEnd() {
    guard ending == nil else { return }
    // Kills the children of a handler that we ended. Its group keeps this number until it is reaped.
    if isToEnd { kill() }
    guard let ending = child.waitForEnd(atMost: .zero) else { return }
    // Reads only the rest in the pipes, because a child of the handler may keep them open and write forever.
    drain(child.output) { receive() }
    drain(child.errors) { listen() }
    (isOutputOpen, areErrorsOpen) = (false, false)
    endInput()
    self.ending = ending
  }

  private func flushInput() {
    while isInputOpen, sent < input.count {
      let written = unsafe input[sent...].withUnsafeBytes {
        unsafe write(child.input, $0.baseAddress, $0.count)
      }
      if written >= 0 {
        sent += written
      } else if errno == EAGAIN {
        return
      } else if errno != EINTR {
        // EPIPE: the handler closed its input unread, which is allowed.
        endInput()
      }
    }
    if closesInput { endInput() }
  }

  private func endInput() {
    guard isInputOpen else { return }
    isInputOpen = false
    child.closeInput()
  }

  @discardableResult
  private func receive() -> Bool {
    Self.read(child.output, isOpen: &isOutputOpen) { output.append(contentsOf: $0) }
  }

  @discardableResult
  private func listen() -> Bool {
    Self.read(child.errors, isOpen: &areErrorsOpen) { bytes in
      Progress.clear()
      unsafe bytes.withUnsafeBytes { unsafe _ = write(2, $0.baseAddress, $0.count) }
      for byte in bytes {
        if byte == 0x0a {
          if !partialLine.isEmpty { lastLine = partialLine }
          partialLine.removeAll(keepingCapacity: true)
        } else if partialLine.count < 2048 {
          partialLine.append(byte)
        }
      }
    }
  }

  private static let readSize = 65_536

  /// F_GETPIPE_SZ of linux/fcntl.h, which is not imported.
  private static let getPipeSize: Int32 = 1032

  /// Reads as much as a pipe can hold.
  private func drain(_ descriptor: Int32, _ read: () -> Bool) {
    let capacity = max(0, Int(fcntl(descriptor, Self.getPipeSize)))
    for _ in 0...(capacity / Self.readSize) where !read() { return }
  }

  /// Calls read(2) once, so that a handler that never stops writing does not occupy this thread.
  ///
  /// - Returns: Whether there may be more to read now.
  private static func read(
    _ descriptor: Int32, isOpen: inout Bool, _ take: (ArraySlice<UInt8>) -> Void
  ) -> Bool {
    guard isOpen else { return false }
    var buffer = [UInt8](repeating: 0, count: readSize)
    let count = unsafe buffer.withUnsafeMutableBytes {
      unsafe Glibc.read(descriptor, $0.baseAddress, $0.count)
    }
    if count > 0 { take(buffer[..<count]) }
    if count == 0 || count < 0 && errno != EAGAIN && errno != EINTR { isOpen = false }
    return count > 0
  }
}
