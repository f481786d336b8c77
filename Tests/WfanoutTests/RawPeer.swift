// SPDX-License-Identifier: Apache-2.0
import Glibc
import TestSupport

/// A client that can send any bytes, unlike an HTTP library.
final class RawPeer: Sendable {
  private let socket: LoopbackSocket

  struct Failure: Error, CustomStringConvertible {
    var description: String
  }

  init(_ fanout: Fanout) throws {
    guard let socket = LoopbackSocket.connect(to: fanout.port) else {
      throw Failure(description: "cannot connect to port \(fanout.port)")
    }
    self.socket = socket
  }

  deinit { socket.close() }

  /// - Returns: false when the server takes no more.
  @discardableResult
  func send(_ bytes: [UInt8]) -> Bool {
    var sent = 0
    while sent < bytes.count {
      let count = unsafe bytes.withUnsafeBytes {
        unsafe Glibc.send(
          socket.descriptor, $0.baseAddress?.advanced(by: sent), bytes.count - sent, Int32(MSG_NOSIGNAL))
      }
      guard count > 0 else { return false }
      sent += count
    }
    return true
  }

  @discardableResult
  func send(_ text: String) -> Bool { send(Array(text.utf8)) }

  /// Sends no more, but still reads.
  func finishSending() { _ = Glibc.shutdown(socket.descriptor, Int32(SHUT_WR)) }

  /// Closes with a reset instead of an orderly end (SO_LINGER of 0).
  func reset() {
    var now = linger(l_onoff: 1, l_linger: 0)
    unsafe setsockopt(
      socket.descriptor, SOL_SOCKET, SO_LINGER, &now, socklen_t(MemoryLayout<linger>.size))
    _ = Glibc.shutdown(socket.descriptor, Int32(SHUT_RD))
  }

  /// Reads until `isEnough`, the end of the connection, or the deadline.
  func receive(
    within deadline: Duration = .seconds(10), until isEnough: ([UInt8]) -> Bool = { _ in false }
  ) -> (bytes: [UInt8], hasEnded: Bool) {
    let end = ContinuousClock.now + deadline
    var received: [UInt8] = []
    var block = [UInt8](repeating: 0, count: 1 << 16)
    while !isEnough(received) {
      let left = (end - ContinuousClock.now) / .milliseconds(1)
      guard left > 0 else { return (received, false) }
      var wanted = pollfd(fd: socket.descriptor, events: Int16(POLLIN), revents: 0)
      guard unsafe poll(&wanted, 1, Int32(left) + 1) > 0 else { return (received, false) }
      let count = unsafe read(socket.descriptor, &block, block.count)
      guard count > 0 else { return (received, true) }
      received += block[..<count]
    }
    return (received, false)
  }

  /// Everything that arrives until the server closes the connection; nil if it does not close it in time.
  func receiveToEnd(within deadline: Duration = .seconds(10)) -> String? {
    let (bytes, hasEnded) = receive(within: deadline)
    return hasEnded ? String(decoding: bytes, as: UTF8.self) : nil
  }

  /// The status code of the first response; nil if there is none.
  func status(within deadline: Duration = .seconds(10)) -> Int? {
    let (bytes, _) = receive(within: deadline) { $0.count >= 13 }
    let text = String(decoding: bytes, as: UTF8.self)
    return text.hasPrefix("HTTP/1.1 ") ? Int(text.dropFirst(9).prefix(3)) : nil
  }
}
