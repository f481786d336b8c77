// SPDX-License-Identifier: Apache-2.0

/// Where tokens are validated: `http://HOST[:PORT]/PATH`, or `https`.
package struct ValidatorURL: Sendable, Equatable, CustomStringConvertible {
  var isSecure: Bool
  var host: String
  var port: Int
  /// Path and query.
  var target: String
  package let description: String

  init?(_ text: String) {
    guard let scheme = ["http://", "https://"].first(where: text.hasPrefix),
      text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F })
    else { return nil }
    isSecure = scheme == "https://"
    let rest = text.dropFirst(scheme.count)
    let authority = rest.prefix { $0 != "/" && $0 != "?" }
    let path = rest.dropFirst(authority.count).prefix { $0 != "#" }
    // A name and password in a URL would end up in messages; a validator that wants them is none of these.
    guard !authority.isEmpty, !authority.contains("@") else { return nil }
    let isLiteral = authority.hasPrefix("[")
    let end =
      isLiteral
      ? authority.firstIndex(of: "]").map(authority.index(after:))
      : authority.firstIndex(of: ":") ?? authority.endIndex
    guard let end else { return nil }
    let host = authority[..<end]
    let suffix = authority[host.endIndex...]
    guard suffix.isEmpty || suffix.first == ":",
      let port = suffix.isEmpty ? (isSecure ? 443 : 80) : UInt16(suffix.dropFirst()),
      port > 0
    else { return nil }
    self.host = isLiteral ? String(host.dropFirst().dropLast()) : String(host)
    guard !self.host.isEmpty else { return nil }
    self.port = Int(port)
    self.target = path.hasPrefix("/") ? String(path) : "/" + path
    self.description = text
  }

  /// The field `Host`.
  var authority: String {
    let name = host.contains(":") ? "[\(host)]" : host
    return port == (isSecure ? 443 : 80) ? name : "\(name):\(port)"
  }
}
