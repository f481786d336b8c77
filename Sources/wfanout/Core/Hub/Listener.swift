// SPDX-License-Identifier: Apache-2.0

/// One reader of a stream: a position, and the connection that its events are sent to. Confined to the
/// connection's event loop.
final class Listener {
  let lane: Lane
  /// Releases the listener at its end, see ``Connection/removeListeners()``.
  let connection: Connection
  /// The position of the next event that it wants.
  var position: Int
  /// Its index in its group, so that it can leave without a search.
  var groupIndex = -1
  weak var hub: Hub?
  /// Events of this epoch up to this sequence were delivered by another replica.
  var skipThrough: EventID?
  /// Where `drop-newest` ends what it gets of the events that it is behind.
  var stop: Int?
  /// The snapshot that it is being sent; its events wait until that is done.
  var snapshot: SnapshotReading?
  /// Whether it was at the end of the ring: from then on `--queue` applies to it.
  var hasCaughtUp = false
  /// Whether it waits in ``Hub/catchingUp``.
  var isCatchingUp = false
  /// The number of events that were dropped for it.
  var dropped = 0

  init(lane: Lane, connection: Connection, position: Int) {
    self.lane = lane
    self.connection = connection
    self.position = position
  }

  /// Events that have not been handed to its connection yet.
  var backlog: Int { hub.map { max(0, $0.ring.end - position) } ?? 0 }

  /// The id of the last event that it had, or that was not for it: where it may resume. Nil during a
  /// snapshot.
  var standing: EventID? {
    if let skipThrough { return skipThrough }
    return snapshot == nil ? hub?.id(before: position) : nil
  }

  var takesEvents: Bool { snapshot == nil && connection.takesMore && groupIndex >= 0 }

  func isLate(by delay: Duration) -> Bool { hub?.isLate(self, by: delay) ?? false }
}
