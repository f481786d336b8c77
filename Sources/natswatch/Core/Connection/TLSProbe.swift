// SPDX-License-Identifier: Apache-2.0

import Glibc
import Process

/// Whether a server that sends no greeting waits for TLS (`handshake_first`), which libnats 3.4 cannot begin with.
enum TLSProbe {
  /// A handshake record whose ClientHello has no content: any TLS server answers it with an alert.
  private static let hello: [UInt8] = [0x16, 0x03, 0x01, 0x00, 0x05, 0x01, 0x00, 0x00, 0x01, 0x00]

  /// Connects to `address`, such as `nats://host:4222`, and checks the first byte of the response; takes at
  /// most two seconds.
  static func expectsTLSFirst(_ address: String) -> Bool {
    let (host, port) = ConnectionSettings.hostAndPort(address)
    guard let socket = connect(host, port) else { return false }
    defer { close(socket) }
    // A server that sends a greeting does not wait for TLS.
    if firstByte(socket, 300) != nil { return false }
    let sent = unsafe hello.withUnsafeBytes {
      unsafe send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
    }
    guard sent == hello.count, let byte = firstByte(socket, 1_200) else { return false }
    return byte == 0x15 || byte == 0x16
  }

  private static func firstByte(_ socket: Int32, _ milliseconds: Int32) -> UInt8? {
    guard waitForInput(socket, milliseconds: milliseconds) else { return nil }
    var byte: UInt8 = 0
    return unsafe recv(socket, &byte, 1, 0) == 1 ? byte : nil
  }

  private static func connect(_ host: String, _ port: String) -> Int32? {
    var hints = unsafe addrinfo()
    unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    var list: UnsafeMutablePointer<addrinfo>?
    guard unsafe getaddrinfo(host, port, &hints, &list) == 0, let first = unsafe list else { return nil }
    defer { unsafe freeaddrinfo(first) }
    let info = unsafe first.pointee
    let type = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
    let descriptor = unsafe socket(info.ai_family, type, 0)
    guard descriptor >= 0 else { return nil }
    if unsafe Glibc.connect(descriptor, info.ai_addr, info.ai_addrlen) != 0 {
      var wait = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
      guard errno == EINPROGRESS, unsafe poll(&wait, 1, 500) > 0, Int32(wait.revents) & POLLERR == 0 else {
        close(descriptor)
        return nil
      }
    }
    return descriptor
  }
}
