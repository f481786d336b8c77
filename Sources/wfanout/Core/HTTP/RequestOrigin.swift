// SPDX-License-Identifier: Apache-2.0
import Events

/// Keeps pages of other sites from using a visitor's browser to reach this server.
///
/// A browser lets any page send simple requests and open WebSockets to any address, including this machine's.
/// It only names the page's site, in `Origin` (RFC 6454) or `Sec-Fetch-Site` (W3C Fetch Metadata). A page
/// whose own host name resolves to the loopback address (DNS rebinding) passes that check, but sends the
/// wrong `Host`.
struct RequestOrigin: Sendable, Equatable {
  /// The origins whose pages may read responses (`--cors`).
  var allowed: Set<String> = []
  /// The host names that requests may name; nil for any. See ``loopbackNames(and:)``.
  var names: Set<String>?
  /// The remedy that a refusal names.
  var hint = "; see --cors"

  private var allowsAll: Bool { allowed.contains("*") }

  /// The names of a loopback address and those of `--host`; nil if `--host` is `*`.
  static func loopbackNames(and names: [String]) -> Set<String>? {
    names.contains("*") ? nil : Set(["localhost", "::1"] + names.map { $0.lowercased() })
  }

  /// Refuses a request whose Host is not one of ``names``. A request without Host does not come from a
  /// browser.
  func checkName(_ request: HTTPRequest) throws(HTTPError) {
    guard let host = request.host else { return }
    guard let authority = Authority(host) else {
      throw .badRequest("host '\(host)' is not a host name or an IP address with an optional port")
    }
    guard let names, !names.contains(authority.name), !authority.isLoopback else { return }
    throw HTTPError(
      403, "Forbidden",
      "host '\(host)' is not allowed on a loopback address, only localhost, 127.0.0.1 and [::1] are; see --host"
    )
  }

  /// Refuses a request from a page of another site.
  func check(_ request: HTTPRequest) throws(HTTPError) {
    guard !allowsAll else { return }
    let origins = request.values("origin")
    if !origins.isEmpty, origins.allSatisfy(isAllowed) { return }
    let host = request.host.flatMap { Authority($0) }
    for text in origins {
      guard let host, let origin = Origin(text), origin.isSame(as: host) else {
        throw RequestOrigin.refusal("requests from pages of origin '\(text)' are not allowed\(hint)")
      }
    }
    // A GET by a link, an image or a form has no Origin.
    for site in request.values("sec-fetch-site") where !["same-origin", "none"].contains(site.lowercased()) {
      throw RequestOrigin.refusal("requests from pages of other sites are not allowed\(hint)")
    }
  }

  private func isAllowed(_ origin: String) -> Bool {
    allowed.contains(origin) || Origin(origin).map { allowed.contains($0.text) } ?? false
  }

  /// The CORS fields that let a page of an allowed origin read the response.
  func responseHeaders(_ request: HTTPRequest) -> [(name: String, value: String)] {
    guard !allowed.isEmpty else { return [] }
    guard !allowsAll else { return [("Access-Control-Allow-Origin", "*"), RequestOrigin.exposed] }
    let origin = request.header("origin") ?? (allowed.count == 1 ? allowed.first : nil)
    guard let origin, isAllowed(origin) else { return [("Vary", "Origin")] }
    return [
      ("Access-Control-Allow-Origin", origin), ("Vary", "Origin"), RequestOrigin.exposed,
      ("Access-Control-Allow-Credentials", "true"),
    ]
  }

  /// The response fields that a page needs to resume, to cache and to reconnect.
  private static let exposed = (
    name: "Access-Control-Expose-Headers", value: "Last-Event-ID, ETag, Retry-After"
  )

  /// The response to a CORS preflight request (Fetch standard), which a browser sends, without the token,
  /// before it sends a token or JSON for a page. Nil for any other request.
  func preflightResponse(_ request: HTTPRequest) throws(HTTPError) -> HTTPResponse? {
    guard !allowed.isEmpty, request.method == "OPTIONS",
      request.header("access-control-request-method") != nil
    else { return nil }
    try check(request)
    return .noContent([
      ("Access-Control-Allow-Methods", "GET, HEAD, POST"),
      ("Access-Control-Allow-Headers", "Authorization, Content-Type, If-None-Match, Last-Event-ID"),
      ("Access-Control-Max-Age", "7200"),
    ])
  }

  /// Requires the content type JSON: a page cannot send it to another site without a preflight.
  static func requireJSON(_ request: HTTPRequest) throws(HTTPError) {
    let type = request.header("content-type")?.lowercased().split(separator: ";").first?.filter { $0 != " " }
    guard let type, type == "application/json" || (type.hasPrefix("application/") && type.hasSuffix("+json"))
    else {
      throw HTTPError(415, "UnsupportedMediaType", "send Content-Type: application/json")
    }
  }

  private static func refusal(_ message: String) -> HTTPError {
    HTTPError(403, "Forbidden", message)
  }
}
