// SPDX-License-Identifier: Apache-2.0

/// An API server's URL, taken apart.
struct ServerAddress: Equatable, Sendable, CustomStringConvertible {
  var scheme: String
  /// Without the brackets of an IPv6 address.
  var host: String
  var port: Int
  /// Without a slash at its end; empty for most.
  var path: String

  /// kubectl's rules: no query, no fragment; `defaultScheme` where there is none.
  init(_ text: String, defaultScheme: String = "http") throws(ConfigError) {
    guard !text.isEmpty else { throw ConfigError("the cluster has no server address") }
    var rest = Substring(text)
    scheme = defaultScheme
    if let separator = text.utf8.firstIndex(of: UInt8(ascii: ":")), text[separator...].hasPrefix("://") {
      scheme = text[..<separator].lowercased()
      rest = text[separator...].dropFirst(3)
    }
    guard scheme == "https" || scheme == "http" else {
      throw ConfigError("the server address '\(text)' is neither https nor http")
    }
    let authority = rest.prefix { $0 != "/" }
    path = String(rest.dropFirst(authority.count))
    while path.hasSuffix("/") { path.removeLast() }
    var name = authority
    var number = Substring(scheme == "https" ? "443" : "80")
    if authority.hasPrefix("["), let end = authority.firstIndex(of: "]") {
      name = authority[..<end].dropFirst()
      let tail = authority[end...].dropFirst()
      if tail.hasPrefix(":") { number = tail.dropFirst() }
    } else if let colon = authority.lastIndex(of: ":") {
      name = authority[..<colon]
      number = authority[colon...].dropFirst()
    }
    let isPlain = text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && !Array("?#@\\\"".utf8).contains($0) }
    guard !name.isEmpty, let port = Int(number), (1...65_535).contains(port), isPlain else {
      throw ConfigError("the server address '\(text)' is not the URL of a server")
    }
    host = String(name)
    self.port = port
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
