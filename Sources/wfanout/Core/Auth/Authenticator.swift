// SPDX-License-Identifier: Apache-2.0
import Encoding
import Events
import NIOCore

/// Finding the token of a request, and whose it is.
struct Authenticator: Sendable {
  /// Where tokens are looked up; the file first.
  let tokens: TokenFile?
  let validator: TokenValidator?
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

  func verdict(of token: String, on loop: any EventLoop) -> EventLoopFuture<Verdict> {
    if let identity = tokens?.identity(of: token, now: Timestamp.now.nanoseconds / 1_000_000_000) {
      return loop.makeSucceededFuture(.identity(identity))
    }
    return validator?.verdict(of: token, on: loop) ?? loop.makeSucceededFuture(.refused)
  }

  /// - Throws: ``Refusal`` for a token that lets nobody in.
  static func identity(_ verdict: Verdict) throws(Refusal) -> Identity {
    switch verdict {
    case .identity(let identity): return identity
    case .refused: throw refusal("the token is not valid")
    case .unavailable:
      throw Refusal(
        status: Status(
          code: 503, reason: "ServiceUnavailable", message: "the token cannot be validated now"),
        headers: [("Retry-After", "5")])
    }
  }

  static func refusal(_ message: String) -> Refusal {
    Refusal(
      status: Status(code: 401, reason: "Unauthorized", message: message),
      headers: [("WWW-Authenticate", "Bearer")])
  }
}
