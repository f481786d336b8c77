// SPDX-License-Identifier: Apache-2.0
import Process
import Synchronization

/// A client's bearer token, for the command that runs for the client. Can be used from any thread.
final class HandedToken: Sendable, Equatable {
  private let file: MemoryFile
  private let current: Mutex<String>

  /// Nil if no descriptor is left.
  init?(_ token: String) {
    guard let file = MemoryFile(Array(token.utf8)) else { return nil }
    self.file = file
    current = Mutex(token)
  }

  /// The path that the command reads.
  var path: String { file.path }

  /// Replaces the token.
  func replace(by token: String) {
    current.withLock { current in
      guard token != current, file.replace(by: Array(token.utf8)) else { return }
      current = token
    }
  }

  static func == (left: HandedToken, right: HandedToken) -> Bool { left === right }
}

/// The tokens that running commands use, one for each identity. Can be used from any thread.
///
/// The newest token of an identity replaces the earlier ones for all commands of that identity.
final class HandedTokens: Sendable {
  private struct Reference {
    weak var token: HandedToken?
  }

  private let tokens = Mutex<[String: Reference]>([:])

  /// The token of an identity, which lives as long as the result is kept; nil if no descriptor is left.
  func token(of identity: Identity) -> HandedToken? {
    tokens.withLock { tokens in
      if let known = tokens[identity.name]?.token {
        known.replace(by: identity.token)
        return known
      }
      tokens = tokens.filter { $0.value.token != nil }
      guard let token = HandedToken(identity.token) else { return nil }
      tokens[identity.name] = Reference(token: token)
      return token
    }
  }
}
