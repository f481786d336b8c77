// SPDX-License-Identifier: Apache-2.0
import Watch

/// Finding the token of a request, and whose it is.
struct Authenticator: Sendable {
  let tokens: TokenFile
  /// A token in a URL ends up in histories and logs, so that is for those only who ask for it.
  let allowsQueryToken: Bool

  /// Where a client may put its token, in the order in which they are looked at.
  func token(of request: Request) -> String? {
    if let header = request.header("authorization") {
      let parts = header.split(separator: " ", maxSplits: 1)
      if parts.count == 2, parts[0].lowercased() == "bearer" { return String(parts[1]) }
    }
    // A browser's WebSocket can send no header but this one.
    if let protocols = request.header("sec-websocket-protocol") {
      let parts = protocols.split(separator: ",").map { $0.filter { $0 != " " } }
      if parts.count == 2, parts[0] == "bearer" { return parts[1] }
    }
    if let cookies = request.header("cookie") {
      for cookie in cookies.split(separator: ";") {
        let parts = cookie.drop { $0 == " " }.split(separator: "=", maxSplits: 1)
        if parts.count == 2, parts[0] == "wfanout_token" { return String(parts[1]) }
      }
    }
    return allowsQueryToken ? request.item("token") : nil
  }

  /// Nil when the request has no token.
  func identity(of request: Request) throws(Refusal) -> Identity? {
    guard let token = token(of: request) else { return nil }
    guard let identity = identity(of: token) else { throw Authenticator.refusal("the token is not valid") }
    return identity
  }

  func identity(of token: String) -> Identity? {
    tokens.identity(of: token, now: Timestamp.now.nanoseconds / 1_000_000_000)
  }

  static func refusal(_ message: String) -> Refusal {
    Refusal(
      status: Status(code: 401, reason: "Unauthorized", message: message),
      headers: [("WWW-Authenticate", "Bearer")])
  }
}
