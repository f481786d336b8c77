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
  package static func read(_ path: String, limit: Int = 4 << 20) throws(FileError) -> [UInt8] {
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw FileError(errno: errno) }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var block = [UInt8](repeating: 0, count: 16 << 10)
    while true {
      let count = unsafe Glibc.read(descriptor, &block, block.count)
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw FileError(errno: errno) }
      guard count > 0 else { return bytes }
      bytes += block[..<count]
      guard bytes.count <= limit else {
        throw FileError(errno: EFBIG, "it has more than \(limit) bytes")
      }
    }
  }
}
