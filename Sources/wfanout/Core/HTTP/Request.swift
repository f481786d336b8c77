// SPDX-License-Identifier: Apache-2.0
import Encoding

/// A request as the routes see it, whichever version of HTTP it came by.
struct Request: Sendable {
  var method: String
  /// The path, percent-decoded, without the query.
  var path: String
  var query: [(name: String, value: String)]
  var headers: [(name: String, value: String)]
  var body: [UInt8] = []
  /// 1.1 knows chunks; 1.0 ends a body by closing; 2 has frames.
  var version: Version = .http11
  /// The peer's IP address; nil where it came by a Unix socket.
  var address: String?

  enum Version: Sendable { case http10, http11, http2 }

  init(
    method: String, target: String, headers: [(name: String, value: String)] = [], version: Version = .http11
  ) {
    self.method = method
    self.headers = headers
    self.version = version
    let parts = Request.originForm(target).split(
      separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
    self.path = PercentEncoding.decode(parts.first ?? "", plusIsSpace: false)
    self.query = parts.count > 1 ? Request.query(parts[1]) : []
  }

  private static func trimmed(_ text: Substring) -> Substring {
    var text = text.drop { $0 == " " || $0 == "\t" }
    while text.last == " " || text.last == "\t" { text.removeLast() }
    return text
  }

  /// What follows the authority of a target as proxies get it, `http://host/path?query`: RFC 9112 section 3.2.2 has every
  /// server take that form too.
  private static func originForm(_ target: String) -> Substring {
    let lowercased = target.prefix(8).lowercased()
    guard let scheme = ["http://", "https://"].first(where: lowercased.hasPrefix) else { return target[...] }
    let rest = target.dropFirst(scheme.count).drop { $0 != "/" && $0 != "?" }
    return rest.first == "/" ? rest : "/" + rest
  }

  /// The first value of a field; names are compared without case.
  func header(_ name: String) -> String? {
    headers.first { $0.name.utf8.count == name.utf8.count && $0.name.lowercased() == name }?.value
  }

  /// The values of a field that may occur several times, as one (RFC 9110 section 5.3).
  func list(_ name: String) -> String {
    headers.filter { $0.name.lowercased() == name }.map(\.value).joined(separator: ",")
  }

  /// Whether it says once whom it is for; before HTTP/1.1 it need not.
  var hasHost: Bool {
    version != .http11 || headers.count { $0.name.lowercased() == "host" } == 1
  }

  /// The first value of a query item.
  func item(_ name: String) -> String? { query.first { $0.name == name }?.value }

  /// Whether a query item asks for something: `?watch`, `?watch=1`, `?watch=true`.
  func flag(_ name: String) -> Bool {
    guard let value = item(name) else { return false }
    return ["", "1", "true", "True"].contains(value)
  }

  /// Whether a comma-separated field contains a token, without case.
  func header(_ name: String, contains token: String) -> Bool {
    headers.contains { field in
      field.name.lowercased() == name
        && field.value.lowercased().split(separator: ",").contains { item in
          Request.trimmed(item) == token
        }
    }
  }

  /// Whether the client says it takes this media type by name.
  func accepts(_ type: String) -> Bool {
    headers.contains { field in
      field.name.lowercased() == "accept"
        && field.value.lowercased().split(separator: ",").contains { item in
          item.split(separator: ";").first?.filter { $0 != " " } == type
        }
    }
  }

  static func query(_ text: some StringProtocol) -> [(name: String, value: String)] {
    text.split(separator: "&").map { item in
      let parts = item.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      return (
        PercentEncoding.decode(parts[0], plusIsSpace: true),
        parts.count > 1 ? PercentEncoding.decode(parts[1], plusIsSpace: true) : ""
      )
    }
  }
}
