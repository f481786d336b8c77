// SPDX-License-Identifier: Apache-2.0
import Foundation
import Glibc
import Testing

@testable import Lines

@Suite struct OutputWriterTests {
  @Test func writesNothingBeforeItIsFlushedOrFull() throws {
    let pipe = Foundation.Pipe()
    let writer = OutputWriter(descriptor: pipe.fileHandleForWriting.fileDescriptor, capacity: 8)
    try writer.append("abc")
    #expect(writer.bytesBuffered == 3)
    #expect(writer.bytesWritten == 0)
    try writer.append("defghi")
    #expect(writer.bytesWritten == 3)
    try writer.append("0123456789")
    try writer.flush()
    #expect(writer.bytesWritten == 19)
    #expect(pipe.fileHandleForReading.availableData == Data("abcdefghi0123456789".utf8))
  }

  /// F_GETPIPE_SZ of fcntl(2).
  private static let getPipeSize: Int32 = 1032

  @Test func enlargesAPipeWhenTheBufferIsFirstFull() throws {
    let pipe = Foundation.Pipe()
    let descriptor = pipe.fileHandleForWriting.fileDescriptor
    let before = fcntl(descriptor, Self.getPipeSize)
    let writer = OutputWriter(descriptor: descriptor, capacity: 8, pipeSize: 2 * before)
    try writer.append("abc")
    try writer.flush()
    #expect(fcntl(descriptor, Self.getPipeSize) == before)
    try writer.append("abcdefghi")
    #expect(fcntl(descriptor, Self.getPipeSize) == 2 * before)
    try writer.flush()
    #expect(pipe.fileHandleForReading.availableData == Data("abcabcdefghi".utf8))
  }

  @Test func doesNotShrinkAPipe() throws {
    let pipe = Foundation.Pipe()
    let descriptor = pipe.fileHandleForWriting.fileDescriptor
    let before = fcntl(descriptor, Self.getPipeSize)
    let writer = OutputWriter(descriptor: descriptor, capacity: 8, pipeSize: before / 2)
    try writer.append("abcdefghi")
    #expect(fcntl(descriptor, Self.getPipeSize) == before)
  }

  @Test func reportsAFullDisk() throws {
    let descriptor = unsafe open("/dev/full", O_WRONLY)
    defer { close(descriptor) }
    let writer = OutputWriter(descriptor: descriptor)
    try writer.append("x")
    #expect(throws: OutputError.failed(errno: ENOSPC)) { try writer.flush() }
    #expect("\(OutputError.failed(errno: ENOSPC))" == "write output: No space left on device")
  }

  @Test func reportsThatTheReaderHasLeft() throws {
    signal(SIGPIPE, SIG_IGN)
    let pipe = Foundation.Pipe()
    try pipe.fileHandleForReading.close()
    let writer = OutputWriter(descriptor: pipe.fileHandleForWriting.fileDescriptor)
    try writer.append("x")
    #expect(throws: OutputError.readerLeft) { try writer.flush() }
  }

  @Test func waitsForANonBlockingReader() throws {
    let pipe = Foundation.Pipe()
    let descriptor = pipe.fileHandleForWriting.fileDescriptor
    _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
    let text = [UInt8](repeating: 0x61, count: 1 << 20)  // far more than a pipe holds
    let reader = pipe.fileHandleForReading
    let total = Counter()
    Thread.detachNewThread {
      while case let data = reader.availableData, !data.isEmpty { total.add(data.count) }
      total.finish()
    }
    let writer = OutputWriter(descriptor: descriptor)
    try writer.append(text)
    try writer.flush()
    try pipe.fileHandleForWriting.close()
    #expect(total.wait() == text.count)
  }
}

/// A count that one thread adds up and another waits for.
private final class Counter: @unchecked Sendable {
  private let condition = NSCondition()
  private var total = 0
  private var isFinished = false

  func add(_ count: Int) { condition.withLock { total += count } }

  func finish() {
    condition.withLock {
      isFinished = true
      condition.broadcast()
    }
  }

  func wait() -> Int {
    condition.withLock {
      while !isFinished { condition.wait() }
      return total
    }
  }
}
