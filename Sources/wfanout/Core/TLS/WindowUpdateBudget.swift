// SPDX-License-Identifier: Apache-2.0
import NIOCore

/// Limits the WINDOW_UPDATE frames of an HTTP/2 client: four connections that sent nothing else took 1.8 processors. A
/// client needs them for the data that it receives (RFC 9113 section 6.9), so frames that are sent to it add to its
/// budget. Pure.
struct WindowUpdateBudget {
  /// The budget at the start, which a client has not earned by receiving data.
  static let initial = 1_000
  private static let maximum = 100_000
  private static let windowUpdate: UInt8 = 8

  private var left = initial
  /// The bytes that belong to no frame header: first the preface (section 3.4), then the payload of each frame.
  private var skipped = 24
  /// The number of bytes of the frame header that have arrived, and the length in it.
  private var position = 0
  private var length = 0

  /// A frame of `count` bytes is sent. Clients send up to two updates for a frame, or for each 4 KiB.
  mutating func sends(_ count: Int) { left = min(left + 2 + count / 2048, Self.maximum) }

  /// Bytes have arrived, which need not be whole frames.
  ///
  /// - Returns: False if the client has sent more updates than it may.
  mutating func receives(_ bytes: ByteBuffer) -> Bool {
    var index = bytes.readerIndex
    while index < bytes.writerIndex {
      if skipped > 0 {
        let count = min(skipped, bytes.writerIndex - index)
        (index, skipped) = (index + count, skipped - count)
        continue
      }
      take(bytes.getInteger(at: index) ?? 0)
      index += 1
    }
    return left >= 0
  }

  /// A byte of a frame header: three of length, one of type, one of flags, four of the stream (section 4.1).
  private mutating func take(_ byte: UInt8) {
    switch position {
    case 0...2: length = length << 8 | Int(byte)
    case 3: if byte == Self.windowUpdate { left -= 1 }
    default: break
    }
    position += 1
    guard position == 9 else { return }
    (position, skipped, length) = (0, length, 0)
  }
}
