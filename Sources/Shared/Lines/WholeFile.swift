// SPDX-License-Identifier: Apache-2.0
internal import Glibc
package import Process

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
  package static func read(_ path: String, limit: Int = 4 << 20) throws(FileError) -> [UInt8] {
    try read(path, limit: limit, flags: 0) { _, _ in true }
  }

  /// The same, and logs if the file is a pipe that no process writes to.
  package static func read(_ path: String, _ diagnostics: Diagnostics) throws(FileError) -> [UInt8] {
    var isLogged = false
    // Without O_NONBLOCK, opening a named pipe would wait for its writer.
    return try read(path, limit: 4 << 20, flags: O_NONBLOCK) { descriptor, _ throws(FileError) in
      var file = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
      if !isLogged, unsafe poll(&file, 1, 2_000) == 0 {
        diagnostics.warning("'\(path)' is a pipe: waiting until another process has written it")
        isLogged = true
      }
      guard unsafe poll(&file, 1, -1) >= 0 else { throw FileError(errno: errno) }
      return true
    }
  }

  /// The same, for a caller that may give up.
  ///
  /// `waiting`: called each second, and after a signal, with the seconds for which a pipe or another special file has sent
  /// nothing; returns whether to wait on. If not, the error is `EINTR`.
  package static func read(
    _ path: String, limit: Int, waiting: (Int) -> Bool
  ) throws(FileError) -> [UInt8] {
    try read(path, limit: limit, flags: O_NONBLOCK) { descriptor, _ throws(FileError) in
      var file = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
      var seconds = 0
      while true {
        let found = unsafe poll(&file, 1, 1_000)
        guard found == 0 || found < 0 && errno == EINTR else { return true }
        if found == 0 { seconds += 1 }
        guard waiting(seconds) else { throw FileError(errno: EINTR) }
      }
    }
  }

  /// Whether a path names a pipe, whose bytes can be read only once.
  package static func isPipe(_ path: String) -> Bool {
    var status = stat()
    return unsafe stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFIFO
  }

  private static func read(
    _ path: String, limit: Int, flags: Int32, _ wait: (Int32, Int) throws(FileError) -> Bool
  ) throws(FileError) -> [UInt8] {
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | flags)
    guard descriptor >= 0 else { throw FileError(errno: errno) }
    defer { close(descriptor) }
    return try read(from: descriptor, limit: limit, wait)
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
