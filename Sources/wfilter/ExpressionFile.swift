// SPDX-License-Identifier: Apache-2.0

import Glibc
import Pipe

/// `-f FILE`: an expression that is kept in a file.
enum ExpressionFile {
  /// Reads all of a file; `-` is not standard input, which is the stream's.
  static func read(_ path: String) throws(FileError) -> String {
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw FileError(path: path, errno: errno) }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var part = [UInt8](repeating: 0, count: 16 << 10)
    while true {
      let count = unsafe Glibc.read(descriptor, &part, part.count)
      if count < 0 {
        if errno == EINTR { continue }
        throw FileError(path: path, errno: errno)
      }
      if count == 0 { return String(decoding: bytes, as: UTF8.self) }
      bytes += part[..<count]
    }
  }
}
