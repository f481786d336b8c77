// SPDX-License-Identifier: Apache-2.0
import Events

/// Whose page asks. A browser lets any page open a WebSocket to anywhere, and send simple requests, and only tells the page's origin
/// (RFC 6454): a foreign one is refused unless it is allowed (RFC 6455 section 10.2).
enum Origin {
  static func check(_ request: Request, allowed: String?) throws(Refusal) {
    guard let origin = request.header("origin"), allowed != "*", allowed != origin else { return }
    let host = origin.firstRange(of: "://").map { origin[$0.upperBound...].lowercased() }
    guard host == nil || host != request.header("host")?.lowercased() else { return }
    throw Refusal(
      status: Status(
        code: 403, reason: "Forbidden",
        message: "pages of origin '\(origin)' may not connect; see --cors"))
  }

  /// Whether a browser asks what it may send, before it sends a token or JSON for a page (Fetch standard, "CORS-preflight
  /// request"). It asks without the token.
  static func isPreflight(_ request: Request) -> Bool {
    request.method == "OPTIONS" && request.header("access-control-request-method") != nil
  }

  static let preflightAnswer = Answer.noContent([
    ("Access-Control-Allow-Methods", "GET, POST"),
    ("Access-Control-Allow-Headers", "Authorization, Content-Type, Last-Event-ID"),
    ("Access-Control-Max-Age", "7200"),
  ])
}
