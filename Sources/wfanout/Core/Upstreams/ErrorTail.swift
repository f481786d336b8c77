// SPDX-License-Identifier: Apache-2.0
import Glibc

/// The end of what a command writes to stderr, read without blocking.
struct ErrorTail {
  private let descriptor: Int32
  private var bytes: [UInt8] = []

  private static let limit = 2048

  /// - Parameter descriptor: our end of the command's stderr; it stays the caller's to close.
  init(_ descriptor: Int32) {
    self.descriptor = descriptor
    _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
  }

  var text: String { String(decoding: bytes, as: UTF8.self) }

  /// Reads what is there: the command must not have to wait for room in the pipe.
  mutating func drain() {
    var block = [UInt8](repeating: 0, count: 4096)
    while true {
      let count = unsafe read(descriptor, &block, block.count)
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return }
      bytes.append(contentsOf: block[..<count])
      if bytes.count > ErrorTail.limit { bytes.removeFirst(bytes.count - ErrorTail.limit) }
    }
  }
}
