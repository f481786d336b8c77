// SPDX-License-Identifier: Apache-2.0

import Foundation
import Glibc
import Synchronization

/// A TCP relay on loopback that can cut, refuse or silently hold connections.
package final class Relay: Sendable {
  package enum Mode: Sendable, Equatable {
    /// Bytes pass.
    case open
    /// Connections are closed, and new ones are closed at once.
    case refusing
    /// Connections stay open but nothing passes, as on a line that has died without a reset.
    case holding
    /// Half of the server's next bytes pass; then the mode is ``holding``.
    case halving
    /// At most so many of the server's bytes pass in a second.
    case slow(bytesPerSecond: Int)
  }

  package struct Failure: Error, CustomStringConvertible {
    package var description: String
  }

  private struct State {
    var mode = Mode.open
    var sockets: [Int32: LoopbackSocket] = [:]
    /// The descriptors of connections whose bytes are not passed on.
    var deaf: Set<Int32> = []
    var isClosed = false
  }

  /// The relay's own port.
  package let port: Int
  private let target: Int
  private let rewrite: (@Sendable ([UInt8]) -> [UInt8])?
  private let listener: LoopbackSocket
  private let state = Mutex(State())

  /// Starts a relay in front of a port on loopback. The server's bytes, cut anywhere, pass through `rewrite`.
  ///
  /// - Throws: ``Failure`` when no port can be had.
  package init(to target: Int, rewriting rewrite: (@Sendable ([UInt8]) -> [UInt8])? = nil) throws {
    guard let listener = LoopbackSocket.listen() else {
      throw Failure(description: "relay to port \(target): cannot listen")
    }
    self.target = target
    self.rewrite = rewrite
    self.listener = listener
    port = listener.port
    Thread.detachNewThread { [self] in acceptLoop() }
  }

  /// The current mode. Setting ``Mode/refusing`` also closes open connections.
  package var mode: Mode {
    get { state.withLock { $0.mode } }
    set {
      state.withLock { state in
        state.mode = newValue
        if newValue == .refusing { for socket in state.sockets.values { socket.shutDown() } }
      }
    }
  }

  /// Closes the open connections. New ones pass.
  package func cutConnections() {
    state.withLock { state in for socket in state.sockets.values { socket.shutDown() } }
  }

  /// Nothing passes through the open connections any more. New ones pass.
  package func deafen() {
    state.withLock { state in state.deaf.formUnion(state.sockets.keys) }
  }

  private func endHalving() -> Bool {
    state.withLock { state in
      guard state.mode == .halving else { return false }
      state.mode = .holding
      return true
    }
  }

  private func isHolding(_ descriptor: Int32) -> Bool {
    state.withLock { $0.mode == .holding || ($0.deaf.contains(descriptor) && !$0.isClosed) }
  }

  package func close() {
    state.withLock { state in
      state.isClosed = true
      for socket in state.sockets.values { socket.shutDown() }
    }
    listener.shutDown()
  }

  private func acceptLoop() {
    while let client = listener.accept() {
      guard mode != .refusing, !state.withLock({ $0.isClosed }),
        let server = LoopbackSocket.connect(to: target)
      else {
        client.close()
        continue
      }
      state.withLock { state in
        state.sockets[client.descriptor] = client
        state.sockets[server.descriptor] = server
      }
      Thread.detachNewThread { [self] in
        let back = Thread { [self] in pump(from: server, to: client, isFromServer: true) }
        back.start()
        pump(from: client, to: server)
        while !back.isFinished { usleep(1_000) }
        state.withLock { state in
          state.sockets[client.descriptor] = nil
          state.sockets[server.descriptor] = nil
        }
        client.close()
        server.close()
      }
    }
    listener.close()
  }

  private func pump(from source: LoopbackSocket, to sink: LoopbackSocket, isFromServer: Bool = false) {
    var buffer = [UInt8](repeating: 0, count: 65_536)
    while true {
      var count = unsafe buffer.withUnsafeMutableBytes {
        unsafe read(source.descriptor, $0.baseAddress, $0.count)
      }
      guard count > 0 else { break }
      if isFromServer, let rewrite {
        let bytes = rewrite(Array(buffer[..<count]))
        count = bytes.count
        buffer.replaceSubrange(..<min(count, buffer.count), with: bytes)
      }
      while isHolding(source.descriptor) { usleep(5_000) }
      if isFromServer, case .slow(let rate) = mode { usleep(UInt32(count * 1_000_000 / rate)) }
      var sent = 0
      if isFromServer, endHalving() {
        sent = unsafe buffer.withUnsafeBytes {
          unsafe send(sink.descriptor, $0.baseAddress, count / 2, Int32(MSG_NOSIGNAL))
        }
        while isHolding(source.descriptor) { usleep(5_000) }
      }
      while sent < count {
        let written = unsafe buffer.withUnsafeBytes {
          unsafe send(
            sink.descriptor, $0.baseAddress?.advanced(by: sent), count - sent, Int32(MSG_NOSIGNAL))
        }
        guard written > 0 else {
          source.shutDown()
          sink.shutDown()
          return
        }
        sent += written
      }
    }
    source.shutDown()
    sink.shutDown()
  }
}
