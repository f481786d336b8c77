// SPDX-License-Identifier: Apache-2.0

import Glibc

/// A minimal TCP socket on 127.0.0.1.
package struct LoopbackSocket: Sendable {
  package let descriptor: Int32

  /// Close-on-exec, because a copy in a tool that another test starts would keep the connection open.
  private static let kind = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)

  package static func connect(to port: Int) -> LoopbackSocket? {
    let descriptor = socket(AF_INET, kind, 0)
    guard descriptor >= 0 else { return nil }
    guard unsafe withAddress(port: port, { unsafe Glibc.connect(descriptor, $0, $1) }) == 0 else {
      _ = Glibc.close(descriptor)
      return nil
    }
    return LoopbackSocket(descriptor: descriptor)
  }

  /// Listens on `port`, 0 for a free one.
  package static func listen(on port: Int = 0) -> LoopbackSocket? {
    let descriptor = socket(AF_INET, kind, 0)
    guard descriptor >= 0 else { return nil }
    var yes: Int32 = 1
    unsafe setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
    guard unsafe withAddress(port: port, { unsafe Glibc.bind(descriptor, $0, $1) }) == 0,
      Glibc.listen(descriptor, 64) == 0
    else {
      _ = Glibc.close(descriptor)
      return nil
    }
    return LoopbackSocket(descriptor: descriptor)
  }

  package var port: Int {
    var address = sockaddr_in()
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    _ = unsafe withUnsafeMutablePointer(to: &address) {
      unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe getsockname(descriptor, $0, &length)
      }
    }
    return Int(UInt16(bigEndian: address.sin_port))
  }

  package func accept() -> LoopbackSocket? {
    let accepted = Glibc.accept(descriptor, nil, nil)
    guard accepted >= 0 else { return nil }
    _ = fcntl(accepted, F_SETFD, FD_CLOEXEC)
    return LoopbackSocket(descriptor: accepted)
  }

  /// Ends both directions: a thread blocked in read, write or accept returns.
  package func shutDown() { _ = Glibc.shutdown(descriptor, Int32(SHUT_RDWR)) }
  package func close() { _ = Glibc.close(descriptor) }

  /// A port that was free a moment ago.
  package static func freePort() -> Int? {
    guard let listener = listen() else { return nil }
    defer { listener.close() }
    return listener.port
  }

  private static func withAddress(
    port: Int, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
  ) -> Int32 {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = UInt16(port).bigEndian
    address.sin_addr = in_addr(s_addr: UInt32(0x7f00_0001).bigEndian)
    return unsafe withUnsafePointer(to: &address) {
      unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
  }
}
