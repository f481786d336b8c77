// SPDX-License-Identifier: Apache-2.0

/// The owner of a token, and the time when it expires.
struct Identity: Sendable, Equatable {
  var name: String
  /// Seconds since 1970; nil does not expire.
  var expires: Int64?
  /// The token that the client has shown, by which it is looked up again: tokens can be revoked.
  var token = ""
}

/// What is known of a token.
enum Verdict: Sendable, Equatable {
  case identity(Identity)
  case refused
  /// The validator cannot be reached: no client is accepted.
  case unavailable
  /// Its address has shown too many bad tokens: the client may try again after so many seconds.
  case limited(seconds: Int)
}
