// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Reads a TLS connection record by record, as long as records are there (RFC 8446 §5.1).
///
/// libnats reads one record at a time, and a server may send each message in a record of its own. SSL_read
/// waits for the rest of a partial record, or for the next record if there is none, and nothing can be
/// written during that time. So it is called only for records that have begun to arrive. One look at the
/// socket finds many records.
///
/// A plain connection has no records: libnats reads the available bytes and returns.
struct TLSRecords {
  private static let headerLength = 5

  /// Nil until the first byte: a record begins with its content type, a line of NATS with a letter.
  private var isEncrypted: Bool?
  private var window: [UInt8] = [0]

  /// Calls `read` for each record that has begun to arrive, up to about `byteLimit` bytes; on a plain connection once.
  ///
  /// - Parameters:
  ///   - socket: The connection's socket, which poll(2) has reported readable.
  ///   - byteLimit: The limit after which other threads get their turn.
  ///   - read: Reads a record; false when no more can be read.
  mutating func forEach(of socket: Int32, upTo byteLimit: Int, _ read: () -> Bool) {
    if isEncrypted == nil { find(socket) }
    var isFirst = true
    var rest = byteLimit
    repeat {
      // The first call also handles the end of the connection and errors.
      let count = isEncrypted == true ? peek(socket) : 0
      guard count > 0 || isFirst else { return }
      isFirst = false
      var position = 0
      repeat {
        guard read() else { return }
        let length = recordLength(at: position, of: count)
        position += length
        rest -= length
      } while position < count && rest > 0
      // If the window is not full, the socket has no more bytes.
      guard count == window.count else { return }
    } while rest > 0
  }

  private mutating func find(_ socket: Int32) {
    guard peek(socket) > 0 else { return }
    isEncrypted = window[0] < 0x20
    guard isEncrypted == true else { return }
    window = [UInt8](repeating: 0, count: 32 << 10)
    // SSL_read and SSL_write then wait in the kernel; libnats would call them again and again.
    _ = fcntl(socket, F_SETFL, fcntl(socket, F_GETFL) & ~O_NONBLOCK)
  }

  /// The length of the record at a position of the window; that of the rest, if its header is not there.
  private func recordLength(at position: Int, of count: Int) -> Int {
    guard count - position >= Self.headerLength else { return Self.headerLength }
    return Self.headerLength + Int(window[position + 3]) << 8 + Int(window[position + 4])
  }

  /// Fills the window with bytes that stay in the socket.
  private mutating func peek(_ socket: Int32) -> Int {
    max(0, unsafe recv(socket, &window, window.count, Int32(MSG_PEEK | MSG_DONTWAIT)))
  }
}
