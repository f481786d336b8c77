// SPDX-License-Identifier: Apache-2.0

import Glibc

/// The three pipes between us and a handler that runs. One thread.
struct HandlerTalk {
  private let input: [UInt8]
  private var sent = 0
  private let toChild: PipePair
  private let fromChild: PipePair
  private let complaints: PipePair
  private(set) var output: [UInt8] = []
  private var lastLine: [UInt8] = []
  private var partialLine: [UInt8] = []

  init(input: [UInt8], to toChild: PipePair, from fromChild: PipePair, complaints: PipePair) {
    self.input = input
    self.toChild = toChild
    self.fromChild = fromChild
    self.complaints = complaints
    for descriptor in [toChild.writer, fromChild.reader, complaints.reader] {
      _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK)
    }
    if input.isEmpty { toChild.closeWriter() }
  }

  /// The last line on stderr that was not empty.
  var complaint: String {
    let line = partialLine.isEmpty ? lastLine : partialLine
    return String(String(decoding: line, as: UTF8.self).trimmed.prefix(500))
  }

  /// Moves bytes for at most so long; returns early when there is nothing more to be had.
  mutating func exchange(milliseconds: Int32) {
    var events = [
      pollfd(fd: toChild.writer, events: Int16(POLLOUT), revents: 0),
      pollfd(fd: fromChild.reader, events: Int16(POLLIN), revents: 0),
      pollfd(fd: complaints.reader, events: Int16(POLLIN), revents: 0),
    ]
    let isDone = fromChild.reader < 0 && complaints.reader < 0
    // Both outputs closed means that the end is near: look for it soon.
    unsafe _ = poll(&events, 3, isDone ? 2 : milliseconds)
    if events[0].revents != 0 { send() }
    if events[1].revents != 0 { receive() }
    if events[2].revents != 0 { listen() }
  }

  /// Takes what is left in the pipes after the handler's end; a child of its own may hold them open.
  mutating func finish() {
    receive()
    listen()
    toChild.closeWriter()
    fromChild.closeReader()
    complaints.closeReader()
  }

  private mutating func send() {
    let written = unsafe input[sent...].withUnsafeBytes {
      unsafe write(toChild.writer, $0.baseAddress, $0.count)
    }
    if written > 0 { sent += written }
    // EPIPE: the handler does not read its input, which is its right.
    if sent == input.count || (written < 0 && errno != EAGAIN && errno != EINTR) { toChild.closeWriter() }
  }

  private mutating func receive() {
    Self.drain(fromChild) { output.append(contentsOf: $0) }
  }

  private mutating func listen() {
    Self.drain(complaints) { bytes in
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

  private static func drain(_ pipe: PipePair, _ take: (ArraySlice<UInt8>) -> Void) {
    guard pipe.reader >= 0 else { return }
    var buffer = [UInt8](repeating: 0, count: 65_536)
    while true {
      let count = unsafe buffer.withUnsafeMutableBytes { unsafe read(pipe.reader, $0.baseAddress, $0.count) }
      if count > 0 {
        take(buffer[..<count])
      } else if count < 0, errno == EINTR {
        continue
      } else {
        if count == 0 || errno != EAGAIN { pipe.closeReader() }
        return
      }
    }
  }
}

/// The two ends of a pipe, closed with the value. One thread.
final class PipePair {
  private(set) var reader: Int32
  private(set) var writer: Int32

  init?() {
    var ends: [Int32] = [-1, -1]
    guard unsafe pipe(&ends) == 0 else { return nil }
    (reader, writer) = (ends[0], ends[1])
  }

  deinit {
    closeReader()
    closeWriter()
  }

  func closeReader() {
    if reader >= 0 { close(reader) }
    reader = -1
  }

  func closeWriter() {
    if writer >= 0 { close(writer) }
    writer = -1
  }
}

/// Strings as a C array that ends with a null pointer.
enum CStrings {
  static func with<T>(
    _ strings: [String], _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>) -> T
  ) -> T {
    var pointers = unsafe strings.map { unsafe strdup($0) }
    unsafe pointers.append(nil)
    defer { unsafe pointers.forEach { unsafe free($0) } }
    return unsafe pointers.withUnsafeBufferPointer { buffer in
      guard let base = buffer.baseAddress else {
        preconditionFailure("an array with a last element has a base")
      }
      return unsafe body(base)
    }
  }
}
