// SPDX-License-Identifier: Apache-2.0

import Glibc
import Process

/// Finds the reason for a failed connection that libnats 3.4 does not report.
enum ServerProbe {
  enum Finding: Equatable {
    /// The server sends no greeting, but waits for TLS (`handshake_first`), which libnats cannot begin with.
    case expectsTLS
    /// The error that the server sends after its greeting, such as `maximum connections exceeded`.
    case refusal(String)
  }

  /// A handshake record whose ClientHello has no content: any TLS server answers it with an alert.
  private static let hello: [UInt8] = [0x16, 0x03, 0x01, 0x00, 0x05, 0x01, 0x00, 0x00, 0x01, 0x00]

  /// Connects to `address`, such as `nats://host:4222`; takes at most two seconds.
  static func examine(_ address: String) -> Finding? {
    let (host, port) = ConnectionSettings.hostAndPort(address)
    guard let socket = connect(host, port) else { return nil }
    defer { close(socket) }
    var greeting = receive(socket, 300)
    if !greeting.isEmpty {
      if !greeting.contains("-ERR") { greeting += receive(socket, 100) }
      return greeting.firstRange(of: "-ERR '").map { error in
        .refusal(String(greeting[error.upperBound...].prefix { $0 != "'" }))
      }
    }
    let sent = unsafe hello.withUnsafeBytes {
      unsafe send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
    }
    guard sent == hello.count, let byte = receive(socket, 1_200).utf8.first else { return nil }
    return byte == 0x15 || byte == 0x16 ? .expectsTLS : nil
  }

  private static func receive(_ socket: Int32, _ milliseconds: Int32) -> String {
    guard waitForInput(socket, milliseconds: milliseconds) else { return "" }
    var bytes = [UInt8](repeating: 0, count: 64 << 10)
    let count = unsafe recv(socket, &bytes, bytes.count, 0)
    return String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
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
