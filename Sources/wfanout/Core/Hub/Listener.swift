// SPDX-License-Identifier: Apache-2.0

/// One reader of a stream: a position, and the connection that its events are sent to. Confined to the
/// connection's event loop.
final class Listener {
  let lane: Lane
  /// Releases the listener when its client has left.
  let connection: any Connection
  let client: Client
  /// The position of its next event.
  var position: Int
  /// Its index in its group, so that it can leave without a search.
  var groupIndex = -1
  weak var hub: Hub?
  /// The events that were delivered by another replica.
  var received: ReceivedEvents?
  /// With `drop-newest`, the position at which its full queue ends.
  var stop: Int?
  /// The snapshot that is being sent; events wait until it is complete.
  var snapshot: SnapshotReading?
  /// Whether it has caught up once; `--queue` applies only afterwards.
  var hasCaughtUp = false
  /// Whether it is in ``Hub/catchingUp``.
  var isCatchingUp = false
  /// The number of dropped events.
  var dropped = 0

  init(lane: Lane, connection: any Connection, position: Int) {
    self.lane = lane
    self.connection = connection
    client = connection.client
    self.position = position
  }

  /// Events that have not been handed to its connection yet.
  var backlog: Int { hub.map { max(0, $0.ring.end - position) } ?? 0 }

  /// The id of the last event that was sent or filtered out, which the client may resume after. Nil during a
  /// snapshot.
  var standing: EventID? {
    if let received { return received.last }
    return snapshot == nil ? hub?.id(before: position) : nil
  }

  var takesEvents: Bool { snapshot == nil && client.takesMore && groupIndex >= 0 }

  func isLate(by delay: Duration) -> Bool { hub?.isLate(self, by: delay) ?? false }
}
