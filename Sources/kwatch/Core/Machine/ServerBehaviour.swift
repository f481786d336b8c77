// SPDX-License-Identifier: Apache-2.0

/// The behaviour of a scope's server, as observed.
struct ServerBehaviour {
  /// Whether it supports streaming lists: true until one has failed.
  var supportsStreamingList: Bool
  /// Whether it refuses watches, so that lists at an interval replace them.
  private(set) var isWatchRefused: Bool
  /// Whether it sends bookmarks each minute, not only at the end of a watch.
  var seesBookmarks = false
  /// Whether its watches deliver: an event, a bookmark or a clean time-out has arrived since the last
  /// failure.
  private(set) var isProven = false
  /// Whether lists at an interval replace the watch at present.
  var isPolling: Bool
  private var pollsSinceRefusal = 0

  init(_ settings: ScopeSettings) {
    supportsStreamingList = settings.allowsStreamingList
    isWatchRefused = !settings.canWatch
    isPolling = !settings.canWatch
  }

  /// The form of a list that fits the server.
  func listForm(_ purpose: ScopeState.Purpose, _ settings: ScopeSettings) -> ListForm {
    supportsStreamingList && !isWatchRefused && purpose != .poll && !settings.isSnapshot ? .stream : .pages
  }

  mutating func refuseWatch() {
    isWatchRefused = true
    isPolling = true
    isProven = false
  }

  mutating func prove() {
    isProven = true
    isPolling = false
    isWatchRefused = false
    pollsSinceRefusal = 0
  }

  mutating func doubt() { isProven = false }

  /// Counts a list that replaces a watch. Every sixth time the watch is tried again.
  mutating func isTimeToTryWatch() -> Bool {
    pollsSinceRefusal += 1
    return pollsSinceRefusal.isMultiple(of: 6)
  }
}
