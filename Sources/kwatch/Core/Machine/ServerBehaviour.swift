// SPDX-License-Identifier: Apache-2.0

/// What a scope has learned about its server.
struct ServerBehaviour {
  /// It has streaming lists, until one has failed.
  var supportsStreamingList: Bool
  /// It refuses watches; lists at an interval replace them.
  private(set) var isWatchRefused: Bool
  /// It sends bookmarks each minute, not only at the end of a watch.
  var seesBookmarks = false
  /// Its watches deliver: an event, a bookmark or a clean time-out was seen since the last failure.
  private(set) var isProven = false
  /// Lists at an interval replace the watch for now.
  var isPolling: Bool
  private var pollsSinceRefusal = 0

  init(_ settings: ScopeSettings) {
    supportsStreamingList = settings.allowsStreamingList
    isWatchRefused = !settings.canWatch
    isPolling = !settings.canWatch
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

  /// Counts a list in place of a watch; every sixth time the watch is tried again.
  mutating func isTimeToTryWatch() -> Bool {
    pollsSinceRefusal += 1
    return pollsSinceRefusal.isMultiple(of: 6)
  }
}
