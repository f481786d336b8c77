// SPDX-License-Identifier: Apache-2.0
import NIOCore

/// The name and port in a `Host` field or an origin: an authority without user information (RFC 3986
/// section 3.2).
struct Authority: Equatable, Sendable {
  /// In lower case, without brackets and without a closing dot. Empty where the field is.
  let name: String
  let port: UInt16?

  /// Nil for text that is not an authority.
  init?(_ text: some StringProtocol) {
    let text = Substring(text.lowercased())
    let name: Substring
    let rest: Substring
    if text.first == "[" {
      guard let end = text.firstIndex(of: "]") else { return nil }
      name = text[..<end].dropFirst()
      guard Authority.isIPv6(name) else { return nil }
      rest = text[end...].dropFirst()
    } else {
      name = text.prefix { $0 != ":" }
      guard name.utf8.allSatisfy(Authority.isNameByte) else { return nil }
      rest = text[name.endIndex...]
    }
    self.name = String(name.last == "." ? name.dropLast() : name)
    guard !rest.isEmpty else {
      port = nil
      return
    }
    let digits = rest.dropFirst()
    guard rest.first == ":", digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
    guard !digits.isEmpty else {
      port = nil
      return
    }
    guard let number = UInt16(digits) else { return nil }
    port = number
  }

  /// Whether it is an address of the loopback: 127.0.0.0/8 or ::1, not a name that begins like one.
  var isLoopback: Bool {
    let parts = name.split(separator: ".", omittingEmptySubsequences: false)
    if parts.count == 4, parts[0] == "127", parts.allSatisfy({ UInt8($0) != nil }) { return true }
    guard let address = try? SocketAddress(ipAddress: name, port: 0) else { return false }
    return address == (try? SocketAddress(ipAddress: "::1", port: 0))
  }

  private static func isIPv6(_ text: Substring) -> Bool {
    guard case .v6? = try? SocketAddress(ipAddress: String(text), port: 0) else { return false }
    return true
  }

  /// The characters of a registered name, in lower case.
  private static func isNameByte(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (0x30...0x39).contains(byte)
      || "-._~%!$&'()*+,;=".utf8.contains(byte)
  }
}

/// The origin of a page: a scheme and an authority (RFC 6454 section 6.1).
struct Origin: Equatable, Sendable {
  private let scheme: String
  private let authority: Authority

  /// Nil for `null` and for a text that is not an origin. An origin has no path.
  init?(_ text: String) {
    guard let separator = text.firstRange(of: "://"), separator.lowerBound > text.startIndex else {
      return nil
    }
    scheme = text[..<separator.lowerBound].lowercased()
    guard scheme.utf8.allSatisfy({ (0x61...0x7A).contains($0) || "0123456789+-.".utf8.contains($0) }),
      let authority = Authority(text[separator.upperBound...]), !authority.name.isEmpty
    else { return nil }
    self.authority = authority
  }

  private static let defaultPorts: [String: UInt16] = ["http": 80, "https": 443]

  private var port: UInt16? { authority.port ?? Origin.defaultPorts[scheme] }

  /// As a browser writes it, without the scheme's own port.
  var text: String {
    let name = authority.name.contains(":") ? "[\(authority.name)]" : authority.name
    let port = port == Origin.defaultPorts[scheme] ? nil : port
    return "\(scheme)://\(name)" + (port.map { ":\($0)" } ?? "")
  }

  /// Whether a page from here has asked the server that it came from. A proxy may have taken the request's
  /// TLS away, so that the scheme is not known.
  func isSame(as host: Authority) -> Bool {
    guard let own = Origin.defaultPorts[scheme], authority.name == host.name else { return false }
    return port == host.port ?? own
  }
}
