// SPDX-License-Identifier: Apache-2.0
internal import Glibc
package import Process

/// Why output could not be written.
package enum OutputError: ToolError, Equatable {
  /// EPIPE: the reader has closed its end. Do not report it: end with ``Shutdown/finishReaderLeft()``.
  case readerLeft
  /// The process was asked to end while the reader was not reading.
  case interrupted
  /// The system refused the write: a full disk, a closed descriptor.
  case failed(errno: Int32, to: String = "output")

  package var status: ExitStatus { .cannotWrite }

  package var description: String {
    switch self {
    case .readerLeft: "write output: the reader has left"
    case .interrupted: "write output: interrupted"
    case .failed(ENXIO, let place): "write \(place): no process reads this pipe"
    case .failed(let number, let place): "write \(place): \(systemMessage(number))"
    }
  }
}

/// Buffered output of bytes to a descriptor that may block. For one thread.
///
/// A blocking `write(2)` is the back-pressure of a pipeline. Flush when no further input is available. An
/// event is then written at once, and under load writes batch by themselves.
@safe package final class OutputWriter {
  /// The output.
  package let descriptor: Int32
  private var buffer: UnsafeMutableRawBufferPointer
  private let capacity: Int
  private let shutdown: Shutdown?
  /// The size that a pipe gets when the buffer is first full; nil afterwards.
  private var pipeSize: Int32?
  private let name: String?

  /// The number of bytes written so far.
  package private(set) var bytesWritten: UInt64 = 0

  /// The number of bytes that wait for a flush.
  package private(set) var bytesBuffered = 0

  /// - Parameters:
  ///   - descriptor: the caller closes it.
  ///   - capacity: the number of buffered bytes after which the buffer is written without a flush.
  ///   - shutdown: if given, a request to end limits how long a write may wait for a reader.
  ///   - pipeSize: if given, the size in bytes of a pipe under load, so that the reader is woken less often.
  ///   - name: the output's name in messages. The data on stdout has none: only its reader ends the tool like SIGPIPE.
  package init(
    descriptor: Int32 = 1, capacity: Int = 64 * 1024, shutdown: Shutdown? = nil, pipeSize: Int32? = nil,
    name: String? = nil
  ) {
    self.name = name
    self.pipeSize = pipeSize
    self.descriptor = descriptor
    self.capacity = capacity
    self.shutdown = shutdown
    unsafe buffer = .allocate(byteCount: capacity, alignment: 16)
  }

  deinit { unsafe buffer.deallocate() }

  /// Appends bytes. If they do not fit, the buffer is written first.
  package func append(_ bytes: UnsafeRawBufferPointer) throws(OutputError) {
    try makeSpace(bytes.count)
    if unsafe bytes.count >= buffer.count { return unsafe try write(bytes) }
    unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[bytesBuffered...]).copyMemory(from: bytes)
    bytesBuffered += bytes.count
  }

  /// Appends bytes. If they do not fit, the buffer is written first.
  package func append(_ bytes: [UInt8]) throws(OutputError) { try append(bytes, bytes.indices) }

  /// Appends a part of an array.
  package func append(_ bytes: [UInt8], _ range: Range<Int>) throws(OutputError) {
    let outcome: Result<Void, OutputError> = unsafe bytes.withUnsafeBytes { pointer in
      do throws(OutputError) {
        return .success(unsafe try append(UnsafeRawBufferPointer(rebasing: pointer[range])))
      } catch { return .failure(error) }
    }
    try outcome.get()
  }

  /// Appends a text's UTF-8.
  package func append(_ text: String) throws(OutputError) { try append(Array(text.utf8)) }

  /// Space for `count` bytes after the buffered ones. Fill it from its start, then call ``take(_:)``.
  ///
  /// If they do not fit, the buffer is written first; if it is too small, it grows.
  package func room(for count: Int) throws(OutputError) -> UnsafeMutableRawBufferPointer {
    try makeSpace(count)
    if unsafe count > buffer.count {
      unsafe buffer.deallocate()
      unsafe buffer = .allocate(byteCount: count, alignment: 16)
    }
    return unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[bytesBuffered...])
  }

  /// Writes the buffer if `count` bytes do not fit after the buffered ones.
  private func makeSpace(_ count: Int) throws(OutputError) {
    guard unsafe bytesBuffered + count > buffer.count else { return }
    enlargePipe()
    try flush()
  }

  /// A pipe has 64 KiB by default. The system refuses a larger one (EPERM) to a user with many; it then stays as it is.
  private func enlargePipe() {
    guard let size = pipeSize else { return }
    pipeSize = nil
    // fcntl(2)'s F_GETPIPE_SZ and F_SETPIPE_SZ, which the Glibc module leaves out.
    let (getSize, setSize): (Int32, Int32) = (1032, 1031)
    if (0..<size).contains(fcntl(descriptor, getSize)) { _ = fcntl(descriptor, setSize, size) }
  }

  /// Adds the first bytes of the space to the buffer.
  package func take(_ count: Int) {
    unsafe precondition(bytesBuffered + count <= buffer.count)
    bytesBuffered += count
  }

  /// Removes and returns the buffered bytes instead of writing them.
  package func takeBytes() -> [UInt8] {
    defer { bytesBuffered = 0 }
    return unsafe Array(buffer[..<bytesBuffered])
  }

  /// Writes all buffered bytes. Returns when the kernel has them.
  package func flush() throws(OutputError) {
    // After a failed write the buffer is discarded: its first part may have been written, and must not be
    // written twice.
    let count = bytesBuffered
    bytesBuffered = 0
    unsafe try write(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
    // Frees the memory that one large line needed.
    if unsafe buffer.count > 16 * capacity {
      unsafe buffer.deallocate()
      unsafe buffer = .allocate(byteCount: capacity, alignment: 16)
    }
  }

  /// Writes all of `bytes`: continues after short writes and EINTR, and waits for a non-blocking descriptor.
  private func write(_ bytes: UnsafeRawBufferPointer) throws(OutputError) {
    var offset = 0
    var patience = 20  // interruptions, 100 ms apart, that a reader gets to take a line whole
    while offset < bytes.count {
      let written = unsafe Glibc.write(
        descriptor, bytes.baseAddress.map { unsafe $0 + offset }, bytes.count - offset)
      if written >= 0 {
        offset += written
        bytesWritten += UInt64(written)
        continue
      }
      switch errno {
      case EINTR:
        guard shutdown?.cause != nil else { continue }
        if shutdown?.cause == .readerLeft { throw .readerLeft }
        patience -= 1
        if patience == 0 { throw .interrupted }
      case EAGAIN:
        var ready = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        unsafe _ = poll(&ready, 1, 100)
        guard shutdown?.cause != nil else { continue }
        patience -= 1
        if patience == 0 { throw .interrupted }
      case EPIPE where name == nil: throw .readerLeft
      case let number: throw .failed(errno: number, to: name ?? "output")
      }
    }
  }
}
