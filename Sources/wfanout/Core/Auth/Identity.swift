// SPDX-License-Identifier: Apache-2.0

/// The owner of a token, and the time when it expires.
struct Identity: Sendable, Equatable {
  var name: String
  /// Seconds since 1970; nil if the token does not expire.
  var expires: Int64?
  /// The client's token, which is looked up again later, because tokens can be revoked.
  var token = ""
}

/// The result of looking up a token.
enum Verdict: Sendable, Equatable {
  case identity(Identity)
  case refused
  /// The validator cannot be reached: no client is accepted.
  case unavailable
  /// The address has sent too many bad tokens; the client may try again after this many seconds.
  case limited(seconds: Int)
}
