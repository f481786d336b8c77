// SPDX-License-Identifier: Apache-2.0
import Glibc

/// The proxy of one cluster: the flag's or the kubeconfig's, else the environment's, by the rules of Go's clients
/// (golang.org/x/net/http/httpproxy).
///
/// The proxy resolves the names of servers, as for Go's clients. libcurl's `socks5://` would resolve them on this
/// machine, which may not know the names of a private network, so it becomes `socks5h://`.
struct Proxy: Equatable {
  /// Empty: no proxy.
  var url = ""
  /// Whether the connection to the proxy uses TLS.
  var isEncrypted: Bool { url.lowercased().hasPrefix("https://") }

  /// The address for messages, without the user and the password.
  var shown: String { Self.hidden(url) }

  /// What to report for status 407, of a tunnel or of a request.
  static let needsCredentials =
    "407: the proxy requires a user and a password that it accepts, in its address: http://USER:PASSWORD@HOST:PORT"

  /// - Throws: `ConfigError` for an address that no proxy can have.
  init(
    explicit: String, to server: ServerAddress, environment: (String) -> String?
  ) throws(ConfigError) {
    if !explicit.isEmpty {
      url = try Self.checked(explicit, "proxy-url")
    } else if !server.isLoopback {
      // Like Go, a proxy from the environment is not used for loopback addresses.
      let names =
        server.scheme == "https"
        ? ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"]
        : ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"]
      guard let name = names.first(where: { environment($0)?.isEmpty == false }) else { return }
      let exceptions = environment("NO_PROXY") ?? environment("no_proxy") ?? ""
      guard !Self.excepts(server, in: exceptions) else { return }
      url = try Self.checked(environment(name) ?? "", name)
    }
  }

  private static func checked(_ text: String, _ source: String) throws(ConfigError) -> String {
    let parts = text.split(separator: "://", maxSplits: 1, omittingEmptySubsequences: false)
    let scheme = parts.count == 2 ? parts[0].lowercased() : "http"
    guard ["http", "https", "socks5", "socks5h"].contains(scheme) else {
      throw ConfigError("\(source) '\(hidden(text))' has the scheme '\(scheme)': use http, https or socks5")
    }
    let authority = (parts.last ?? "").prefix { !"/?#".contains($0) }
    let place = authority.split(separator: "@", omittingEmptySubsequences: false).last ?? ""
    // Whatever the default port is: an address of this form has a host.
    guard (try? ServerAddress("http://\(place)")) != nil else {
      throw ConfigError("\(source) '\(hidden(text))' is not the URL of a proxy")
    }
    return scheme == "socks5" ? "socks5h://" + (parts.last ?? "") : text
  }

  /// Without the user and the password.
  private static func hidden(_ text: String) -> String {
    guard let at = text.lastIndex(of: "@") else { return text }
    return "…\(text[at...])"
  }

  /// Whether NO_PROXY lists a server: `*`, names with what is below them, addresses, networks, each with a port or none.
  private static func excepts(_ server: ServerAddress, in list: String) -> Bool {
    let host = server.host.lowercased()
    let address = Address(host)
    return list.split(separator: ",").contains { item in
      let item = item.lowercased().filter { !$0.isWhitespace }
      guard item != "*" else { return true }
      if let slash = item.firstIndex(of: "/") {
        guard let network = Address(String(item[..<slash])),
          let length = Int(item[item.index(after: slash)...])
        else { return false }
        return address?.isIn(network, length) ?? false
      }
      var (name, port) = (item[...], "")
      if Address(item) == nil, let colon = item.lastIndex(of: ":") {
        (name, port) = (item[..<colon], String(item[item.index(after: colon)...]))
      }
      name = name.drop { $0 == "[" }.prefix { $0 != "]" }
      guard !name.isEmpty, port.isEmpty || port == String(server.port) else { return false }
      if let other = Address(String(name)) { return other == address }
      if name.hasPrefix("*.") { name = name.dropFirst() }
      return name.hasPrefix(".") ? host.hasSuffix(name) : host == name || host.hasSuffix(".\(name)")
    }
  }

  /// An IPv4 or IPv6 address.
  private struct Address: Equatable {
    private let bytes: [UInt8]

    init?(_ text: String) {
      var bytes = [UInt8](repeating: 0, count: 16)
      let isIPv6 = text.contains(":")
      guard unsafe inet_pton(isIPv6 ? AF_INET6 : AF_INET, text, &bytes) == 1 else { return nil }
      self.bytes = Array(bytes.prefix(isIPv6 ? 16 : 4))
    }

    func isIn(_ network: Address, _ length: Int) -> Bool {
      guard bytes.count == network.bytes.count, (0...bytes.count * 8).contains(length) else { return false }
      return bytes.indices.allSatisfy { index in
        let bits = min(8, max(0, length - index * 8))
        let mask = UInt8(truncatingIfNeeded: 0xFF00 >> bits)
        return bytes[index] & mask == network.bytes[index] & mask
      }
    }
  }
}
