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
    let client = client
    guard let check = client.tokenCheck, let identity = client.identity,
      let authenticator = loopContext.authenticator
    else { return false }
    if let expires = check.expires, expires <= Timestamp.now.seconds {
      client.tokenCheck = nil
      tokenExpired()
      return true
    }
    let isChanged = check.generation != authenticator.tokens?.generation
    guard isChanged || Int32(bitPattern: loopContext.tick &- check.dueTick) >= 0 else { return false }
    client.tokenCheck = TokenCheck(identity, loopContext)
    let verdict = authenticator.verdict(of: identity.token, from: nil, on: client.channel.eventLoop)
    verdict.assumeIsolated().whenSuccess { verdict in
      switch verdict {
      case .identity(let current) where current.name == identity.name:
        if client.identity?.token == identity.token { client.identity = current }
      case .identity, .refused:
        guard client.identity?.token == identity.token, client.tokenCheck != nil else { return }
        client.tokenCheck = nil
        self.finish(reason: .authRevoked)
      // Clients that are connected stay while the validator is unavailable.
      case .unavailable, .limited: break
      }
    }
    return client.tokenCheck == nil
  }
}
