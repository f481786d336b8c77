// SPDX-License-Identifier: Apache-2.0

import Glibc
import Process
import Synchronization

/// Ends an attempt to connect to a server that sends its greeting and then nothing.
///
/// libnats 3.4 waits for the reply to its first PING without a limit, and until then it gives access neither to the
/// connection nor to its socket. A second thread therefore shuts down sockets to the servers' ports that get too old.
final class ConnectDeadline: Sendable {
  private static let limit: Duration = .seconds(5)
  private static let interval: useconds_t = 250_000

  private struct Socket: Hashable {
    var descriptor: Int32
    /// Distinguishes two connections that have the same descriptor one after the other.
    var localPort: UInt16
  }

  private struct State {
    var isOver = false
    var hasEndedSocket = false
  }

  private let ports: Set<UInt16>
  private let state = Mutex(State())

  init(servers: [String]) {
    ports = Set(servers.map { UInt16(ConnectionSettings.hostAndPort($0).port) ?? 4222 })
  }

  /// Makes the attempt.
  ///
  /// - Returns: Its result, and whether a server took too long.
  func run<Result>(_ attempt: () -> Result) -> (result: Result, isLate: Bool) {
    let others = sockets()
    startThread { self.watch(except: others) }
    let result = attempt()
    let isLate = state.withLock { state in
      state.isOver = true
      return state.hasEndedSocket
    }
    return (result, isLate)
  }

  private func watch(except others: Set<Socket>) {
    var firstSeen: [Socket: ContinuousClock.Instant] = [:]
    while true {
      usleep(Self.interval)
      let now = ContinuousClock.now
      for socket in sockets().subtracting(others) where firstSeen[socket] == nil { firstSeen[socket] = now }
      let isOver = state.withLock { state in
        if state.isOver { return true }
        let present = sockets()
        for (socket, since) in firstSeen where present.contains(socket) && now - since > Self.limit {
          shutdown(socket.descriptor, Int32(SHUT_RDWR))
          state.hasEndedSocket = true
        }
        return false
      }
      if isOver { return }
    }
  }

  /// The process' connections to the servers' ports.
  private func sockets() -> Set<Socket> {
    var sockets: Set<Socket> = []
    for descriptor in 3..<Int32(1024) {
      guard let peer = unsafe Self.port({ unsafe getpeername(descriptor, $0, $1) }), ports.contains(peer),
        let local = unsafe Self.port({ unsafe getsockname(descriptor, $0, $1) })
      else { continue }
      sockets.insert(Socket(descriptor: descriptor, localPort: local))
    }
    return sockets
  }

  /// The port of an internet address that `read` gets; nil if there is none.
  private static func port(
    _ read: (UnsafeMutablePointer<sockaddr>, UnsafeMutablePointer<socklen_t>) -> Int32
  ) -> UInt16? {
    var address = sockaddr_storage()
    var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
    let status = unsafe withUnsafeMutablePointer(to: &address) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { unsafe read($0, &length) }
    }
    guard status == 0, [AF_INET, AF_INET6].contains(Int32(address.ss_family)) else { return nil }
    // The port follows the family in both kinds of addresses.
    return unsafe withUnsafeBytes(of: address) { bytes in
      unsafe UInt16(bigEndian: bytes.loadUnaligned(fromByteOffset: 2, as: UInt16.self))
    }
  }
}
