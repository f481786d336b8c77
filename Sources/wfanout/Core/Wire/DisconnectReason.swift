// SPDX-License-Identifier: Apache-2.0

/// The reason for the end of a stream, as it is sent to the client.
enum DisconnectReason: String, Sendable {
  case authExpired = "auth_expired"
  case authRevoked = "auth_revoked"
  case endedByOperator = "ended_by_operator"
  case endOfStream = "end_of_stream"
  case heartbeatTimeout = "heartbeat_timeout"
  case idle
  case replaced
  /// The client may lack events, which it gets when it resumes.
  case resume
  case serverShutdown = "server_shutdown"
  case sourceFailed = "source_failed"
  case tooSlow = "too_slow"
  case upstreamEnded = "upstream_ended"
}
