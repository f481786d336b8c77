// SPDX-License-Identifier: Apache-2.0

/// Where a server listens: `:PORT` (loopback), `HOST:PORT`, `[IPv6]:PORT` or `unix:PATH`.
///
/// HOST is a numeric address or `localhost`. Other names are not resolved, because the address of a name may
/// change while the server runs. With port 0 the kernel chooses a port.
package enum ListenAddress: Sendable, Equatable, CustomStringConvertible {
  case tcp(host: String, port: UInt16)
  case unix(path: String)

  /// Nil if the text has none of the four forms.
  package init?(_ text: String) {
    if text.hasPrefix("unix:") {
      let path = String(text.dropFirst(5))
      // sockaddr_un.sun_path holds 108 bytes with the terminating zero.
      guard !path.isEmpty, path.utf8.count < 108 else { return nil }
      self = .unix(path: path)
      return
    }
    guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]) else {
      return nil
    }
    var host = String(text[..<colon])
    if host.hasPrefix("[") {
      guard host.hasSuffix("]"), host.contains(":") else { return nil }
      host = String(host.dropFirst().dropLast())
    } else if host.contains(":") {
      return nil
    }
    if host.isEmpty || host == "localhost" { host = "127.0.0.1" }
    guard ListenAddress.isNumeric(host) else { return nil }
    self = .tcp(host: host, port: port)
  }

  /// Whether the kernel chooses the port.
  package var isAnyPort: Bool {
    if case .tcp(_, 0) = self { true } else { false }
  }

  /// What to give instead of a text that is not an address.
  package static func remedy(for text: String) -> String {
    if text.hasPrefix("unix:"), text.utf8.count > 112 { return "a path of at most 107 bytes after unix:" }
    if let match = text.wholeMatch(of: /([A-Za-z0-9.-]*):([0-9]+)/) {
      if UInt16(match.2) == nil { return "a port of at most 65535" }
      if match.1.contains(where: \.isLetter) {
        return "an IP address instead of the name '\(match.1)', as 0.0.0.0:\(match.2)"
      }
    }
    return ":PORT, HOST:PORT, [IPv6]:PORT or unix:PATH"
  }

  /// Whether only this machine can reach it.
  package var isLocal: Bool {
    switch self {
    case .tcp(let host, _): host.hasPrefix("127.") || host == "::1"
    case .unix: true
    }
  }

  package var isUnix: Bool { if case .unix = self { true } else { false } }

  package var description: String {
    switch self {
    case .tcp(let host, let port): host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
    case .unix(let path): "unix:\(path)"
    }
  }

  private static func isNumeric(_ host: String) -> Bool {
    if host.contains(":") {
      return host.utf8.allSatisfy { byte in
        byte == UInt8(ascii: ":") || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "%")
          || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
          || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
      }
    }
    let parts = host.split(separator: ".", omittingEmptySubsequences: false)
    return parts.count == 4 && parts.allSatisfy { UInt8($0) != nil }
  }
}
