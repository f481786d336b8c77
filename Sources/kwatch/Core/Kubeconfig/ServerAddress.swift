// SPDX-License-Identifier: Apache-2.0
import Glibc

/// An API server's URL, taken apart.
struct ServerAddress: Equatable, Sendable, CustomStringConvertible {
  var scheme: String
  /// Without the brackets of an IPv6 address.
  var host: String
  var port: Int
  /// Without a slash at its end; empty for most.
  var path: String

  /// As for kubectl, a query and a fragment have no effect, and slashes in a row count as one. `defaultScheme`: the scheme
  /// of an address without one.
  init(_ text: String, defaultScheme: String = "http") throws(ConfigError) {
    guard !text.isEmpty else { throw ConfigError("the cluster has no server address") }
    var rest = Substring(text)
    scheme = defaultScheme
    if let separator = text.utf8.firstIndex(of: UInt8(ascii: ":")), text[separator...].hasPrefix("://") {
      scheme = text[..<separator].lowercased()
      rest = text[separator...].dropFirst(3)
    }
    guard scheme == "https" || scheme == "http" else {
      throw ConfigError("the server address '\(text)' does not begin with https:// or http://")
    }
    rest = rest.prefix { !"?#".contains($0) }
    let authority = rest.prefix { $0 != "/" }
    path = rest.dropFirst(authority.count).split(separator: "/").map { "/\($0)" }.joined()
    let bracket = authority.hasPrefix("[") ? authority.firstIndex(of: "]") : nil
    let colon = authority[(bracket ?? authority.startIndex)...].lastIndex(of: ":")
    var name = authority[..<(colon ?? authority.endIndex)]
    let number = colon.map { authority[$0...].dropFirst() } ?? (scheme == "https" ? "443" : "80")
    let isBracketed = bracket != nil && name.hasSuffix("]")
    if isBracketed { name = name.dropFirst().dropLast() }
    let isPlain = text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && !Array("@\\\"".utf8).contains($0) }
    guard Self.isHost(name, isBracketed: isBracketed), let port = Int(number), (1...65_535).contains(port),
      isPlain
    else {
      throw ConfigError("the server address '\(text)' is not a URL of the form https://HOST:PORT")
    }
    host = String(name)
    self.port = port
  }

  /// A name, an IPv4 address, or what looks like an IPv6 address and is one.
  private static func isHost(_ name: Substring, isBracketed: Bool) -> Bool {
    guard isBracketed || name.contains(where: { ":[]".contains($0) }) else { return !name.isEmpty }
    var address = in6_addr()
    return unsafe inet_pton(AF_INET6, String(name), &address) == 1
  }

  /// A cluster's tls-server-name as the host of a URL; nil if it is neither a name nor an IP address.
  static func hostInURL(certified name: String) -> String? {
    let isBracketed = name.hasPrefix("[") && name.hasSuffix("]")
    let host = isBracketed ? name.dropFirst().dropLast() : name[...]
    guard isHost(host, isBracketed: isBracketed),
      host.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && !Array("/?#@%\\\"".utf8).contains($0) })
    else { return nil }
    return host.contains(":") ? "[\(host)]" : String(host)
  }

  var hostInURL: String { host.contains(":") ? "[\(host)]" : host }

  var description: String { "\(scheme)://\(hostInURL):\(port)\(path)" }

  var isLoopback: Bool { host == "localhost" || host.hasPrefix("127.") || host == "::1" }
}

/// One cluster and one user: everything that a connection needs.
struct ClusterTarget: Equatable, Sendable {
  var server: ServerAddress
  var cluster: Kubeconfig.Cluster
  var user: Kubeconfig.User
  var namespace: String
}
