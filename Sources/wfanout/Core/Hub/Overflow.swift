// SPDX-License-Identifier: Apache-2.0

/// What happens to a client with more unsent events than `--queue` allows.
package enum OverflowPolicy: String, Sendable, CaseIterable {
  /// It continues with the oldest available event, and gets the number of events that it missed.
  case dropOldest = "drop-oldest"
  /// The listener gets the events of its full queue, then the number of dropped events, then the next event.
  case dropNewest = "drop-newest"
  /// The listener is sent a reset, then the snapshot.
  case reset
  /// Its connection is closed.
  case disconnect
  /// The source waits for it.
  case block
}

/// The position at which a delayed listener continues.
enum CatchUp: Equatable, Sendable {
  case goOn
  case skip(to: Int, dropped: Int)
  /// Continue up to this position, then with the next event.
  case stop(at: Int)
  case reset(dropped: Int)
  case disconnect
}

/// The rule of `--queue` and `--overflow`.
package struct OverflowRule: Sendable {
  var policy: OverflowPolicy
  /// Maximum number of unsent events; nil for as many as the ring holds.
  var queueLimit: Int?
  /// Whether a client that is disconnected can continue after its last event, so that no event is lost.
  var isResumable = false

  /// The queue of `drop-newest` without `--queue`.
  static let newestLimit = 100

  /// The rule of a command that prints past events: a client that is too slow for it resumes with another one.
  static let catchUp = OverflowRule(policy: .disconnect, queueLimit: nil, isResumable: true)

  /// The rule for a Kubernetes client, which can only handle 410: it lists again.
  var forKubernetes: OverflowRule {
    policy == .block || isResumable ? self : OverflowRule(policy: .disconnect, queueLimit: queueLimit)
  }

  /// Decides how a listener at `position` continues when the ring holds the positions `ring`.
  func catchUp(position: Int, ring: Range<Int>) -> CatchUp {
    if policy == .dropNewest, position >= ring.lowerBound {
      let end = position + (queueLimit ?? OverflowRule.newestLimit)
      return end < ring.upperBound ? .stop(at: end) : .goOn
    }
    var oldest = ring.lowerBound
    if let queueLimit, policy != .block, policy != .dropNewest {
      oldest = max(oldest, ring.upperBound - queueLimit)
    }
    guard position < oldest else { return .goOn }
    switch policy {
    case .dropOldest, .dropNewest, .block: return .skip(to: oldest, dropped: oldest - position)
    case .reset: return .reset(dropped: oldest - position)
    case .disconnect: return .disconnect
    }
  }
}
