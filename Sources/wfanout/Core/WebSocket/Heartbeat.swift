// SPDX-License-Identifier: Apache-2.0

/// Decides when a WebSocket is pinged, and when it is closed. Any frame counts as a response. Times are ticks
/// of one second.
struct Heartbeat: Sendable {
  enum Action: Equatable, Sendable { case ping, giveUp }

  /// The silence after which the client is pinged.
  let interval: UInt32
  /// The time limit for its response.
  let timeout: UInt32
  private var lastHeard: UInt32
  private var pinged: UInt32?

  init(interval: UInt32, timeout: UInt32, now: UInt32) {
    self.interval = interval
    self.timeout = timeout
    lastHeard = now
  }

  mutating func heard(at now: UInt32) {
    lastHeard = now
    pinged = nil
  }

  /// Call this at each tick. A client that is not read from does not count as silent.
  mutating func tick(_ now: UInt32, isReading: Bool) -> Action? {
    if let pinged { return now &- pinged >= timeout ? .giveUp : nil }
    if !isReading { lastHeard = now }
    guard now &- lastHeard >= interval else { return nil }
    pinged = now
    return .ping
  }
}
