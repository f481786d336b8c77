// SPDX-License-Identifier: Apache-2.0
import Encoding

/// A request, independent of the HTTP version.
struct HTTPRequest: Sendable {
  var method: String
  /// The path, percent-decoded, without the query.
  var path: String
  var query: [(name: String, value: String)]
  var headers: [(name: String, value: String)]
  /// The host in a target of absolute form.
  private let authority: String?
  var body: [UInt8] = []
  /// The version decides the framing of the response: chunks in 1.1, the end of the connection in 1.0, frames
  /// in 2.
  var version: Version = .http11
  /// The client's IP address; nil on a Unix socket.
  var address: String?
  /// Cancelled when the client leaves while the response is prepared.
  let cancellation = Cancellation()

  enum Version: Sendable { case http10, http11, http2 }

  init(
    method: String, target: String, headers: [(name: String, value: String)] = [], version: Version = .http11
  ) {
    self.method = method
    // White space around a value is not part of it (RFC 9110 section 5.5); the parser has removed that before it.
    self.headers = headers.map { name, value in
      let ends = value.utf8.last == 0x20 || value.utf8.last == 0x09
      return (name, ends ? String(HTTPRequest.trimmed(value[...])) : value)
    }
    self.version = version
    let (authority, rest) = HTTPRequest.split(target)
    self.authority = authority
    let parts = rest.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
    self.path = PercentEncoding.decode(parts.first ?? "", plusIsSpace: false)
    self.query = parts.count > 1 ? HTTPRequest.query(parts[1]) : []
  }

  static func trimmed(_ text: Substring) -> Substring {
    var text = text.drop { $0 == " " || $0 == "\t" }
    while text.last == " " || text.last == "\t" { text.removeLast() }
    return text
  }

  /// The parts of a target as proxies get it, `http://host/path?query`: RFC 9112 section 3.2.2 has every
  /// server take that form too.
  private static func split(_ target: String) -> (authority: String?, rest: Substring) {
    let lowercased = target.prefix(8).lowercased()
    guard let scheme = ["http://", "https://"].first(where: lowercased.hasPrefix) else {
      return (nil, target[...])
    }
    let authority = target.dropFirst(scheme.count).prefix { $0 != "/" && $0 != "?" }
    let rest = target[authority.endIndex...]
    return (String(authority), rest.first == "/" ? rest : "/" + rest)
  }

  /// Whom it is for. The target's own word wins over the `Host` field.
  var host: String? { authority ?? header("host") }

  /// All values of a field.
  func values(_ name: String) -> [String] {
    headers.filter { $0.name.utf8.count == name.utf8.count && $0.name.lowercased() == name }.map(\.value)
  }

  /// The first value of a field; names are compared without case.
  func header(_ name: String) -> String? {
    headers.first { $0.name.utf8.count == name.utf8.count && $0.name.lowercased() == name }?.value
  }

  /// The values of a repeated field, combined into one (RFC 9110 section 5.3).
  func list(_ name: String) -> String {
    values(name).joined(separator: ",")
  }

  /// The error in the request's transfer coding. Another server might find another end of the request (RFC
  /// 9112 section 6.1).
  var codingError: HTTPError? {
    let codings = values("transfer-encoding")
    guard !codings.isEmpty, version != .http2 else { return nil }
    guard version == .http11 else {
      return .badRequest("an HTTP/1.0 request cannot have a Transfer-Encoding")
    }
    guard codings.count == 1, codings.first?.lowercased() == "chunked" else {
      return .badRequest("the only supported Transfer-Encoding is chunked")
    }
    return nil
  }

  /// Whether the request has exactly one host. Only HTTP/1.1 requires it.
  var hasHost: Bool {
    let count = values("host").count
    return count == 1 || count == 0 && version != .http11
  }

  /// Whether it asks for a representation: `HEAD` is `GET` without the body (RFC 9110 section 9.3.2).
  var isRead: Bool { method == "GET" || method == "HEAD" }

  /// The first value of a query item.
  func item(_ name: String) -> String? { query.first { $0.name == name }?.value }

  /// Whether a query item asks for something, as Kubernetes reads it: `?watch` and any value but `0` and `false`.
  func flag(_ name: String) -> Bool {
    guard let value = item(name) else { return false }
    return value != "0" && value.lowercased() != "false"
  }

  /// Whether a comma-separated field contains a token, without case.
  func header(_ name: String, contains token: String) -> Bool {
    headers.contains { field in
      field.name.lowercased() == name
        && field.value.lowercased().split(separator: ",").contains { item in
          HTTPRequest.trimmed(item) == token
        }
    }
  }

  /// Whether `If-None-Match` names the entity tag of the response. A proxy that compresses responses may have made it
  /// weak (RFC 9110 section 13.1.2).
  func hasCached(_ tag: String) -> Bool {
    list("if-none-match").split(separator: ",").contains { item in
      let item = HTTPRequest.trimmed(item)
      return item == "*" || item == tag || item == "W/" + tag
    }
  }

  /// Whether the Accept field names this media type.
  func accepts(_ type: String) -> Bool { mediaRanges.contains { $0.first.map { $0 == type } ?? false } }

  /// Whether the client takes plain JSON. `application/json;as=Table` is another representation.
  var acceptsJSON: Bool {
    let ranges = mediaRanges
    return ranges.isEmpty
      || ranges.contains { parts in
        guard let type = parts.first, ["application/json", "application/*", "*/*"].contains(type) else {
          return false
        }
        return !parts.dropFirst().contains { $0.hasPrefix("as=") || $0 == "q=0" }
      }
  }

  /// The media ranges of `Accept`, each with its parameters, in lower case and without spaces.
  private var mediaRanges: [[Substring]] {
    values("accept").flatMap { field in
      field.lowercased().filter { $0 != " " && $0 != "\t" }.split(separator: ",").map {
        $0.split(separator: ";")
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
