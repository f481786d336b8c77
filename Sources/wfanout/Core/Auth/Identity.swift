// SPDX-License-Identifier: Apache-2.0

/// Who a token belongs to, and until when it is good.
struct Identity: Sendable, Equatable {
  var name: String
  /// Seconds since 1970; nil does not expire.
  var expires: Int64?
}

/// What is known of a token.
enum Verdict: Sendable, Equatable {
  case identity(Identity)
  case refused
  /// It cannot be told now: nobody is let in.
  case unavailable
}
