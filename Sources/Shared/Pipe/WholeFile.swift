// SPDX-License-Identifier: Apache-2.0
internal import Glibc

/// A file could not be read: what the system said.
package struct FileError: Error, CustomStringConvertible {
  package var description: String
}

/// Small files, whole.
package enum WholeFile {
  /// The bytes of a file of at most `limit` bytes.
  package static func read(_ path: String, limit: Int = 4 << 20) throws(FileError) -> [UInt8] {
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw FileError(description: systemMessage(errno)) }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var block = [UInt8](repeating: 0, count: 16 << 10)
    while true {
      let count = unsafe Glibc.read(descriptor, &block, block.count)
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw FileError(description: systemMessage(errno)) }
      guard count > 0 else { return bytes }
      bytes += block[..<count]
      guard bytes.count <= limit else { throw FileError(description: "it has more than \(limit) bytes") }
    }
  }
}
