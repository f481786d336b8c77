// SPDX-License-Identifier: Apache-2.0

/// The listeners of one lane on one event loop.
final class ListenerGroup: @unchecked Sendable {  // confined to the event loop
  let lane: Lane
  private(set) var listeners: [Listener] = []
  /// Whether a worker evaluates segments for this group.
  var isEvaluating = false
  /// Alternates between the oldest position and the newest, so that listeners far behind do not delay the
  /// others.
  private var isOldestsTurn = false

  init(_ lane: Lane) { self.lane = lane }

  func add(_ listener: Listener) {
    listener.groupIndex = listeners.count
    listeners.append(listener)
  }

  func remove(_ listener: Listener) {
    let last = listeners.removeLast()
    if last !== listener {
      listeners[listener.groupIndex] = last
      last.groupIndex = listener.groupIndex
    }
    listener.groupIndex = -1
  }

  /// Calls `body` for each listener. `body` may remove that listener, as a write to a failed connection does.
  func forEach(_ body: (Listener) -> Void) {
    var index = listeners.count - 1
    while index >= 0 {
      if index < listeners.count { body(listeners[index]) }
      index -= 1
    }
  }

  /// The listener whose next event is to be evaluated next; nil when none waits for one.
  func next(before end: Int) -> Listener? {
    var oldest: Listener?
    var newest: Listener?
    for listener in listeners where listener.takesEvents && listener.position < end {
      if listener.position < oldest?.position ?? .max { oldest = listener }
      if listener.position > newest?.position ?? .min { newest = listener }
    }
    isOldestsTurn.toggle()
    return isOldestsTurn ? oldest : newest
  }
}
