import Glibc
import NIOCore
// SPDX-License-Identifier: Apache-2.0
import Process

/// A listening socket that the service manager opened for this process: socket activation, as
/// sd_listen_fds(3) has it.
struct InheritedSocket: Sendable, Equatable {
  var descriptor: Int32
  /// From `FileDescriptorName=` of the socket unit.
  var name: String

  /// The first descriptor that is passed.
  private static let start: Int32 = 3

  /// The sockets that were passed to this process, according to its environment.
  static func list(
    processIdentifier: Int32 = getpid(), environment: (String) -> String? = ProcessEnvironment.value
  ) -> [InheritedSocket] {
    guard environment("LISTEN_PID").flatMap(Int32.init) == processIdentifier,
      let count = environment("LISTEN_FDS").flatMap(Int32.init), (1...256).contains(count)
    else { return [] }
    let names = (environment("LISTEN_FDNAMES") ?? "").split(separator: ":", omittingEmptySubsequences: false)
    return (0..<count).map { index in
      let name = Int(index) < names.count ? String(names[Int(index)]) : ""
      return InheritedSocket(descriptor: start + index, name: name)
    }
  }

  /// Marks it close-on-exec, so that commands do not inherit it.
  func take() { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }

  var isUnix: Bool {
    var domain = AF_UNSPEC
    var length = socklen_t(MemoryLayout<Int32>.size)
    return unsafe getsockopt(descriptor, SOL_SOCKET, SO_DOMAIN, &domain, &length) == 0 && domain == AF_UNIX
  }

  /// Whether it is an IP socket that only this machine can reach.
  var isLoopback: Bool {
    var storage = sockaddr_storage()
    var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
    let isKnown = unsafe withUnsafeMutablePointer(to: &storage) { storage in
      unsafe storage.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
        unsafe getsockname(descriptor, address, &length) == 0
      }
    }
    guard isKnown else { return false }
    // By the offsets of ip(7) and ipv6(7): a release build may find the members of these structures in a module of NIO.
    return unsafe withUnsafeBytes(of: storage) { bytes in
      switch Int32(unsafe bytes.load(as: sa_family_t.self)) {
      case AF_INET: unsafe bytes[4] == 127
      case AF_INET6: unsafe bytes[8..<23].allSatisfy { $0 == 0 } && bytes[23] == 1
      default: false
      }
    }
  }

  /// Whether only this machine can reach it.
  static func isLocal(_ address: SocketAddress?) -> Bool {
    switch address {
    case .unixDomainSocket: true
    case .v4, .v6: address?.ipAddress.map { $0.hasPrefix("127.") || $0 == "::1" } ?? false
    case nil: false
    }
  }
}
