// SPDX-License-Identifier: Apache-2.0

/// When to check whether a silent server is alive, and when to consider it dead.
///
/// client-go uses HTTP/2's PING for this (`ReadIdleTimeout` 30 s, `PingTimeout` 15 s): a dead peer behind a proxy keeps
/// the connection open and sends nothing, exactly as a healthy watch without news does. libcurl's multi interface sends
/// no PING, so a small request on the same connection takes its place.
struct Heartbeat {
  enum Action: Equatable { case none, ask, giveUp }

  static let interval = Duration.seconds(30)
  static let patience = Duration.seconds(15)
  /// For messages.
  static let verdict =
    "the connection is dead: it was silent, and no response came in \(patience.components.seconds) s"

  private var lastActivity: Duration
  private var askedAt: Duration?

  init(at time: Duration) { lastActivity = time }

  /// Bytes have come from the server, of any kind.
  mutating func activity(at time: Duration) {
    lastActivity = time
    askedAt = nil
  }

  /// The next time at which `timer` must be called.
  var deadline: Duration { askedAt.map { $0 + Self.patience } ?? lastActivity + Self.interval }

  /// `isWaiting`: whether a watch is open whose silence would be taken for no changes.
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
