// SPDX-License-Identifier: Apache-2.0
import Encoding
import NIOCore

/// Decides when the token of an open connection is checked again, because it may expire or be revoked.
struct TokenCheck {
  /// Seconds since 1970.
  fileprivate let expires: Int64?
  /// The generation of the token file in which the token was found.
  fileprivate var generation: Int?
  /// The tick at which the validator is asked again.
  fileprivate var dueTick: UInt32

  init(_ identity: Identity, _ loop: LoopContext) {
    expires = identity.expires
    generation = loop.authenticator?.tokens?.generation
    dueTick = loop.tick &+ (loop.authenticator?.recheckSeconds ?? .max / 2)
  }
}

extension Connection {
  /// Checks the token; called once a second.
  ///
  /// - Returns: whether the token is no longer valid and the connection has been notified.
  func checkToken() -> Bool {
    guard let check = tokenCheck, let identity, let authenticator = loopContext.authenticator else {
      return false
    }
    if let expires = check.expires, expires <= Timestamp.now.nanoseconds / 1_000_000_000 {
      tokenCheck = nil
      tokenExpired()
      return true
    }
    let isChanged = check.generation != authenticator.tokens?.generation
    guard isChanged || Int32(bitPattern: loopContext.tick &- check.dueTick) >= 0 else { return false }
    tokenCheck = TokenCheck(identity, loopContext)
    let verdict = authenticator.verdict(of: identity.token, from: nil, on: channel.eventLoop)
    verdict.assumeIsolated().whenSuccess { verdict in
      switch verdict {
      case .identity(let current) where current.name == identity.name:
        if self.identity?.token == identity.token { self.identity = current }
      case .identity, .refused:
        guard self.identity?.token == identity.token, self.tokenCheck != nil else { return }
        self.tokenCheck = nil
        self.tokenRevoked()
      // Clients that are connected stay while the validator is unavailable.
      case .unavailable, .limited: break
      }
    }
    return tokenCheck == nil
  }
}
