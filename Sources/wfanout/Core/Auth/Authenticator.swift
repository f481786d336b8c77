// SPDX-License-Identifier: Apache-2.0
import Encoding
import Events
import NIOCore

/// Finds the token of a request and the identity that it belongs to.
struct Authenticator: Sendable {
  /// The sources of tokens; the file is searched first.
  let tokens: TokenFile?
  let validator: TokenValidator?
  /// Off by default, because a token in a URL ends up in browser histories and logs.
  let allowsQueryToken: Bool
  /// The rate of bad tokens that an address may send. Not used with a validator, which has its own limit.
  private let failures: RequestRates

  init(tokens: TokenFile?, validator: TokenValidator?, allowsQueryToken: Bool) {
    self.tokens = tokens
    self.validator = validator
    self.allowsQueryToken = allowsQueryToken
    failures = RequestRates(rate: 2)
  }

  /// The token of a request, from the places where a client may put it, in the order of precedence.
  ///
  /// - Returns: the token; an invalid one if the request has two; nil if it has none.
  func token(of request: HTTPRequest) -> String? {
    let fields = request.values("authorization")
    guard fields.count < 2 else { return "" }
    if let header = fields.first {
      let parts = header.split(separator: " ", maxSplits: 1)
      if parts.count == 2, parts[0].lowercased() == "bearer" {
        return String(parts[1].drop { $0 == " " })
      }
    }
    // A browser lets a page set no other header of a WebSocket handshake.
    let protocols = request.list("sec-websocket-protocol").split(separator: ",").map {
      $0.filter { $0 != " " }
    }
    if protocols.count == 2, protocols[0] == "bearer" { return protocols[1] }
    // HTTP/2 may send each cookie in a separate field (RFC 9113 section 8.2.3).
    for cookie in request.values("cookie").flatMap({ $0.split(separator: ";") }) {
      let parts = cookie.drop { $0 == " " }.split(separator: "=", maxSplits: 1)
      if parts.count == 2, parts[0] == "wfanout_token" { return String(parts[1]) }
    }
    return allowsQueryToken ? request.item("token") : nil
  }

  /// The interval after which the token of an open connection is validated again; nil without a validator.
  var recheckSeconds: UInt32? { validator.map { max(5, $0.cacheSeconds) } }

  /// Looks up the identity of a token. A bad token counts against the client's address (nil on a Unix
  /// socket).
  func verdict(of token: String, from address: String?, on loop: any EventLoop) -> EventLoopFuture<Verdict> {
    if var identity = tokens?.identity(of: token, now: Authenticator.now) {
      identity.token = token
      return loop.makeSucceededFuture(.identity(identity))
    }
    guard let validator else {
      return loop.makeSucceededFuture(
        failures.admits(address ?? "").map { .limited(seconds: $0) } ?? .refused)
    }
    return validator.verdict(of: token, from: address, on: loop).map { verdict in
      guard case .identity(var identity) = verdict else { return verdict }
      identity.token = token
      return .identity(identity)
    }
  }

  private static var now: Int64 { Timestamp.now.seconds }

  /// - Throws: ``HTTPError`` for a token that was refused or could not be validated.
  static func identity(_ verdict: Verdict) throws(HTTPError) -> Identity {
    switch verdict {
    case .identity(let identity): return identity
    case .refused: throw refusal("the token is not valid")
    case .unavailable:
      throw HTTPError.unavailable("the token cannot be validated now")
    case .limited(let seconds):
      throw HTTPError.unavailable("too many bad tokens from this address", retryAfter: seconds)
    }
  }

  static func refusal(_ message: String) -> HTTPError {
    HTTPError(
      401, "Unauthorized", message,
      headers: [("WWW-Authenticate", "Bearer")])
  }
}
