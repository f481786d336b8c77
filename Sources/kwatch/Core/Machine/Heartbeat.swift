// SPDX-License-Identifier: Apache-2.0

/// When to ask a silent server for a sign of life, and when to take it for dead.
///
/// What HTTP/2's PING is for in client-go (`ReadIdleTimeout` 30 s, `PingTimeout` 15 s): a peer behind a proxy or a
/// line that has died keeps the connection open and says nothing, exactly as a healthy watch does that has no news.
/// libcurl's multi sends no PING, so a small request that shares the connection is asked instead.
struct Heartbeat {
  enum Action: Equatable { case none, ask, giveUp }

  static let interval = Duration.seconds(30)
  static let patience = Duration.seconds(15)

  private var lastActivity: Duration
  private var askedAt: Duration?

  init(at time: Duration) { lastActivity = time }

  /// Bytes have come from the server, whatever they say.
  mutating func activity(at time: Duration) {
    lastActivity = time
    askedAt = nil
  }

  /// When `timer` is next of use.
  var deadline: Duration { askedAt.map { $0 + Self.patience } ?? lastActivity + Self.interval }

  /// `isWaiting`: a watch is open, whose silence would be believed.
  mutating func timer(_ now: Duration, isWaiting: Bool) -> Action {
    guard now >= deadline else { return .none }
    guard isWaiting else {
      activity(at: now)
      return .none
    }
    guard askedAt == nil else {
      activity(at: now)
      return .giveUp
    }
    askedAt = now
    return .ask
  }
}
