// SPDX-License-Identifier: Apache-2.0
import Glibc
import Process

/// Opening a listening socket by the plain system calls.
enum ListeningSocket {
  /// - Returns: the descriptor, close-on-exec, and the address with the port the kernel gave.
  static func open(_ wanted: ListenAddress) throws(MetricsServerError) -> (Int32, ListenAddress) {
    switch wanted {
    case .tcp(let host, let port): try openTCP(host, port)
    case .unix(let path): (try openUnix(path), wanted)
    }
  }

  private static func openTCP(_ host: String, _ port: UInt16) throws(MetricsServerError) -> (
    Int32, ListenAddress
  ) {
    let wanted = ListenAddress.tcp(host: host, port: port)
    var storage = sockaddr_storage()
    let isSix = host.contains(":")
    let length: socklen_t
    if isSix {
      var address = sockaddr_in6()
      address.sin6_family = sa_family_t(AF_INET6)
      address.sin6_port = port.bigEndian
      guard unsafe inet_pton(AF_INET6, host, &address.sin6_addr) == 1 else {
        throw failed("read", wanted, EINVAL)
      }
      length = socklen_t(MemoryLayout<sockaddr_in6>.size)
      unsafe withUnsafeMutableBytes(of: &storage) { unsafe $0.storeBytes(of: address, as: sockaddr_in6.self) }
    } else {
      var address = sockaddr_in()
      address.sin_family = sa_family_t(AF_INET)
      address.sin_port = port.bigEndian
      guard unsafe inet_pton(AF_INET, host, &address.sin_addr) == 1 else {
        throw failed("read", wanted, EINVAL)
      }
      length = socklen_t(MemoryLayout<sockaddr_in>.size)
      unsafe withUnsafeMutableBytes(of: &storage) { unsafe $0.storeBytes(of: address, as: sockaddr_in.self) }
    }
    let descriptor = try makeSocket(isSix ? AF_INET6 : AF_INET, wanted)
    var one: Int32 = 1
    unsafe setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &one, socklen_t(MemoryLayout<Int32>.size))
    try bindAndListen(descriptor, &storage, length, wanted)
    var actual = sockaddr_in6()
    var actualLength = socklen_t(MemoryLayout<sockaddr_in6>.size)
    unsafe withUnsafeMutableBytes(of: &actual) { bytes in
      if let base = bytes.baseAddress {
        _ = unsafe getsockname(descriptor, base.assumingMemoryBound(to: sockaddr.self), &actualLength)
      }
    }
    // sin_port and sin6_port are at the same place.
    return (descriptor, .tcp(host: host, port: UInt16(bigEndian: actual.sin6_port)))
  }

  private static func openUnix(_ path: String) throws(MetricsServerError) -> Int32 {
    let wanted = ListenAddress.unix(path: path)
    var storage = sockaddr_storage()
    storage.ss_family = sa_family_t(AF_UNIX)
    let offset = MemoryLayout<sa_family_t>.size
    unsafe withUnsafeMutableBytes(of: &storage) { (bytes) -> Void in
      unsafe UnsafeMutableRawBufferPointer(rebasing: bytes[offset...]).copyBytes(from: path.utf8)
    }
    let length = socklen_t(offset + path.utf8.count + 1)
    // The socket file of a process that was killed would make bind(2) fail: a socket without a listener is
    // removed.
    let probe = try makeSocket(AF_UNIX, wanted)
    let answered = unsafe withUnsafeBytes(of: &storage) { bytes -> Int32 in
      guard let base = bytes.baseAddress else { return -1 }
      return unsafe connect(probe, base.assumingMemoryBound(to: sockaddr.self), length)
    }
    if answered != 0 && errno == ECONNREFUSED { unsafe unlink(path) }
    close(probe)
    let descriptor = try makeSocket(AF_UNIX, wanted)
    try bindAndListen(descriptor, &storage, length, wanted)
    return descriptor
  }

  private static func makeSocket(_ family: Int32, _ wanted: ListenAddress) throws(MetricsServerError) -> Int32
  {
    let descriptor = socket(family, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { throw failed("socket", wanted, errno) }
    return descriptor
  }

  private static func bindAndListen(
    _ descriptor: Int32, _ storage: inout sockaddr_storage, _ length: socklen_t, _ wanted: ListenAddress
  ) throws(MetricsServerError) {
    let bound = unsafe withUnsafeBytes(of: &storage) { bytes -> Int32 in
      guard let base = bytes.baseAddress else { return -1 }
      return unsafe bind(descriptor, base.assumingMemoryBound(to: sockaddr.self), length)
    }
    guard bound == 0, listen(descriptor, 16) == 0 else {
      let code = errno
      close(descriptor)
      throw failed("bind", wanted, code)
    }
  }

  private static func failed(_ operation: String, _ address: ListenAddress, _ code: Int32)
    -> MetricsServerError
  {
    MetricsServerError(
      code: .system(errno: code),
      description: "serve metrics on \(address): \(operation): \(systemMessage(code))")
  }
}
