// SPDX-License-Identifier: Apache-2.0

/// The reaction if the server no longer has the resourceVersion from which a watch should continue.
package enum GonePolicy: String, Sendable, CaseIterable {
  /// List again and print the difference.
  case relist
  /// The same, after an ERROR line.
  case error
  /// Print the ERROR line and end with status 75.
  case exit
}

/// The settings of one scope, with their defaults.
package struct ScopeSettings: Sendable {
  /// Lists at an interval replace a watch that is refused or broken.
  package var allowsPolling = true
  package var pollInterval = Duration.seconds(10)
  /// How long a watch stays broken before lists at an interval replace it.
  package var pollAfter = Duration.seconds(5)
  /// The requested duration of a proven watch, varied by ±20 %, so that a fleet does not reconnect at once.
  package var watchTimeout = Duration.seconds(300)
  package var verifyInterval: Duration?
  package var onGone = GonePolicy.relist
  /// The number of failures in a row after which the scope gives up; nil: never.
  package var retryLimit: Int?
  /// Whether to list, print and end.
  package var isSnapshot = false
  package var skipsInitial = false
  package var allowsStreamingList = true
  package var canWatch = true
  /// The first page is short, because the server sends a page only when it is complete.
  package var firstPageLimit = 100
  /// The page size of kube-apiserver's own clients.
  package var pageLimit = 500
  /// The time limit for a response's headers, or for the next bytes of a list.
  package var answerTimeout = Duration.seconds(30)
  /// The time limit for the next event of a streaming list. A server that waits longer than etcd's 3 s never
  /// sends the end marker.
  package var streamingSilence = Duration.seconds(10)
  /// A server that sends bookmarks sends one every 60 s. After two and a half intervals without one, the
  /// stream is dead.
  package var bookmarkSilence = Duration.seconds(150)
  /// A resource that is missing for this long is gone with all its objects. CRDs of a restarted server are
  /// missing for a shorter time.
  package var notFoundGrace = Duration.seconds(30)
  /// How long to wait for a server whose state is older than what was printed.
  package var lagPatience = Duration.seconds(30)
  /// How long the first list may be silent without a message.
  package var listPatience = Duration.seconds(5)
  package var backoffInitial = Duration.seconds(1)
  package var backoffMaximum = Duration.seconds(30)

  /// The first request of a list.
  func list(
    _ purpose: ScopeState.Purpose, _ form: ListForm, _ version: ListVersion, random: Double
  ) -> ScopeRequest {
    switch form {
    case .stream:
      .streamingList(version, timeoutSeconds: watchSeconds(isTrial: false, random: random))
    case .pages:
      .list(version, continuation: "", limit: purpose == .initial ? firstPageLimit : pageLimit)
    case .onePiece: .list(version, continuation: "", limit: nil)
    }
  }

  /// The duration to request for a watch. `isTrial`: the first watch is short, because its clean end proves
  /// that watches work. Without proof, lists continue.
  func watchSeconds(isTrial: Bool, random: Double) -> Int {
    let duration = isTrial && allowsPolling ? pollInterval : watchTimeout * (0.8 + 0.4 * random)
    return max(1, Int(duration.components.seconds))
  }
}
