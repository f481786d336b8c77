// SPDX-License-Identifier: Apache-2.0

/// What happens to a client with more unsent events than `--queue` allows.
package enum OverflowPolicy: String, Sendable, CaseIterable {
  /// It continues with the oldest event it may still have, and is told how many it missed.
  case dropOldest = "drop-oldest"
  /// It gets the oldest events, as many as the queue holds, and then the next one, and is told how many it missed.
  case dropNewest = "drop-newest"
  /// It is told to forget what it knows and gets the snapshot.
  case reset
  /// Its connection is closed.
  case disconnect
  /// The source waits for it.
  case block
}

/// Where a listener that was held up continues.
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
  /// In events; nil is as many as the ring holds.
  var queueLimit: Int?

  /// What `drop-newest` keeps when `--queue` does not say.
  static let newestLimit = 100

  /// A Kubernetes client knows one way only: it is told 410 and lists again.
  var forKubernetes: OverflowRule {
    policy == .block ? self : OverflowRule(policy: .disconnect, queueLimit: queueLimit)
  }

  /// What becomes of a listener that wants `position` next when `ring` is to be had.
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
