// SPDX-License-Identifier: Apache-2.0

/// A watch, from its request on, and the meaning of its bookmarks and of its end.
struct Watch: Equatable {
  /// The reasons for a clean end: the requested time is over, the server stops, or the reader was too slow.
  enum Ending: Equatable {
    /// The watch ended within a second and without an event, as with a broken server.
    case atOnce
    /// The watch ended too early to show that watches of this server deliver.
    case beforeProof
    /// Without an event. Perhaps the server does not know our resourceVersion yet.
    case silent
    /// After an event, but so early that the next watch must wait.
    case early(wait: Duration)
    case planned
  }

  var transfer: Transfer
  /// The requested duration.
  let timeoutSeconds: Int
  private(set) var sawEvent = false

  init(transfer: Transfer, timeoutSeconds: Int) {
    self.transfer = transfer
    self.timeoutSeconds = timeoutSeconds
  }

  mutating func noteEvent(at now: Duration) {
    transfer.lastActivity = now
    sawEvent = true
  }

  /// Whether a bookmark that arrives now is one of those that new servers send each minute. Every server sends one
  /// just before it ends a watch.
  func isMidway(at now: Duration) -> Bool {
    transfer.openedAt.map { now < $0 + .seconds(timeoutSeconds - 15) } ?? false
  }

  func ending(at now: Duration, isProven: Bool) -> Ending {
    let lived = transfer.openedAt.map { now - $0 } ?? .zero
    if !sawEvent, lived < .seconds(1) { return .atOnce }
    guard isProven || lived >= .seconds(max(1, timeoutSeconds - 1)) else { return .beforeProof }
    guard sawEvent else { return .silent }
    // A server that ends each watch after its first event is asked once a second (client-go's RetryWatcher).
    return lived < .seconds(1) ? .early(wait: .seconds(1) - lived) : .planned
  }
}
