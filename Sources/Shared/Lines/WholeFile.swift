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
    try read(path, limit: limit, flags: 0) { _ in }
  }

  /// The same, and logs if the file is a pipe that no process writes to.
  package static func read(_ path: String, _ diagnostics: Diagnostics) throws(FileError) -> [UInt8] {
    var isLogged = false
    // Without O_NONBLOCK, opening a named pipe would wait for its writer.
    return try read(path, limit: 4 << 20, flags: O_NONBLOCK) { descriptor throws(FileError) in
      var file = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
      if !isLogged, unsafe poll(&file, 1, 2_000) == 0 {
        diagnostics.warning("'\(path)' is a pipe: waiting until another process has written it")
        isLogged = true
      }
      guard unsafe poll(&file, 1, -1) >= 0 else { throw FileError(errno: errno) }
    }
  }

  private static func read(
    _ path: String, limit: Int, flags: Int32, _ wait: (Int32) throws(FileError) -> Void
  ) throws(FileError) -> [UInt8] {
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | flags)
    guard descriptor >= 0 else { throw FileError(errno: errno) }
    defer { close(descriptor) }
    return try read(from: descriptor, limit: limit, wait)
  }

  /// The bytes up to the end of an open file or pipe. `wait` is called before each read.
  package static func read(
    from descriptor: Int32, limit: Int, _ wait: (Int32) throws(FileError) -> Void = { _ in }
  ) throws(FileError) -> [UInt8] {
    var bytes: [UInt8] = []
    var block = [UInt8](repeating: 0, count: 16 << 10)
    while true {
      try wait(descriptor)
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
