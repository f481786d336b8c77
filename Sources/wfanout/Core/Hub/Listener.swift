// SPDX-License-Identifier: Apache-2.0

/// One reader of a stream: a position, and the connection its events go to. Lives on its connection's event loop.
final class Listener {
  let lane: Lane
  /// Lets the listener go at its end, see ``Connection/removeListeners()``.
  let connection: Connection
  /// The next event it wants.
  var position: Int
  /// Where it stands in its group, so that it can leave without a search.
  var groupIndex = -1
  weak var hub: Hub?
  /// Events of this epoch up to this sequence were had from another replica.
  var skipThrough: EventID?
  /// Events left out for it.
  var dropped = 0

  /// Events it has not been handed yet.
  var backlog: Int { hub.map { max(0, $0.ring.end - position) } ?? 0 }

  func isLate(by delay: Duration) -> Bool { hub?.isLate(self, by: delay) ?? false }

  init(lane: Lane, connection: Connection, position: Int) {
    self.lane = lane
    self.connection = connection
    self.position = position
  }
}
