// SPDX-License-Identifier: Apache-2.0
import Glibc

/// The last bytes of a command's stderr, read without blocking.
struct ErrorTail {
  private let descriptor: Int32
  private var bytes: [UInt8] = []

  private static let limit = 2048

  /// - Parameter descriptor: Our end of the command's stderr; the caller closes it.
  init(_ descriptor: Int32) {
    self.descriptor = descriptor
    _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
  }

  /// Without white space at its end.
  var text: String {
    let end = bytes.lastIndex { $0 > 0x20 }.map { $0 + 1 } ?? 0
    return String(decoding: bytes[..<end], as: UTF8.self)
  }

  /// Reads the available bytes, so that the command does not block on a full pipe.
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
