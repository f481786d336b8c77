// SPDX-License-Identifier: Apache-2.0
internal import Glibc
internal import Process

/// A file could not be read: the system's error.
package struct FileError: Error, CustomStringConvertible {
  package var errno: Int32
  package var description: String

  package init(errno: Int32, _ description: String? = nil) {
    self.errno = errno
    self.description = description ?? systemMessage(errno)
  }

  /// There is no such file.
  package var isMissing: Bool { errno == ENOENT || errno == ENOTDIR }
}

/// Files read whole.
package enum WholeFile {
  /// The bytes of a file of at most `limit` bytes; a longer one is `EFBIG`.
  ///
  /// A named pipe is read as soon as it has a writer. `warn` receives a message if nothing has come from it for two seconds,
  /// and again each minute. `isEnding`, asked each second and after a signal, ends the wait with `EINTR`.
  package static func read(
    _ path: String, limit: Int = 4 << 20, warn: (String) -> Void = { _ in }, isEnding: () -> Bool = { false }
  ) throws(FileError) -> [UInt8] {
    // Without O_NONBLOCK, opening a named pipe would wait for its writer.
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw FileError(errno: errno) }
    defer { close(descriptor) }
    var silence = Duration.zero
    var report = WaitReport(after: .seconds(2), since: .zero)
    return try read(from: descriptor, limit: limit) { descriptor, _ throws(FileError) in
      var file = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
      while true {
        let found = unsafe poll(&file, 1, 1_000)
        guard found == 0 || found < 0 && errno == EINTR else { return true }
        if isEnding() { throw FileError(errno: EINTR) }
        guard found == 0 else { continue }
        silence += .seconds(1)
        if report.isDue(silence) {
          warn(
            "'\(path)' is a \(isPipe(path) ? "pipe" : "device"): waiting until another process writes to it")
        }
      }
    }
  }

  /// Whether a path names a pipe, whose bytes can be read only once.
  package static func isPipe(_ path: String) -> Bool {
    var status = stat()
    return unsafe stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFIFO
  }

  /// The bytes up to the end of an open file or pipe. `wait` is called before each read with the number of bytes that were read
  /// so far, and returns whether to read on.
  package static func read(
    from descriptor: Int32, limit: Int, _ wait: (Int32, Int) throws(FileError) -> Bool = { _, _ in true }
  ) throws(FileError) -> [UInt8] {
    var bytes: [UInt8] = []
    var block = [UInt8](repeating: 0, count: 16 << 10)
    while true {
      guard try wait(descriptor, bytes.count) else { return bytes }
      let count = unsafe Glibc.read(descriptor, &block, block.count)
      if count < 0, errno == EINTR || errno == EAGAIN { continue }
      guard count >= 0 else { throw FileError(errno: errno) }
      guard count > 0 else { return bytes }
      bytes += block[..<count]
      guard bytes.count <= limit else {
        throw FileError(errno: EFBIG, "it has more than \(limit) bytes")
      }
    }
  }
}
