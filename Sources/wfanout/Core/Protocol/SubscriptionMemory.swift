// SPDX-License-Identifier: Apache-2.0
import Synchronization

/// The memory of one client's subscriptions, which counts towards a limit for all clients, so that strangers cannot
/// fill the memory of the server with names. It is returned when the client leaves.
final class SubscriptionMemory: Sendable {
  /// The limit for all clients of a process, and what it has granted.
  final class Total: Sendable {
    let limit: Int
    fileprivate let used = Mutex(0)

    init(limit: Int) { self.limit = limit }

    var isUnused: Bool { used.withLock { $0 == 0 } }
  }

  static let ofProcess = Total(limit: 64 << 20)
  /// A client may use this much even when the limit is reached.
  static let reserved = 16 << 10

  private let total: Total
  private let granted = Mutex(0)

  init(of total: Total = SubscriptionMemory.ofProcess) { self.total = total }

  deinit { _ = change(to: 0) }

  /// - Returns: False, without a change, if there is too little memory.
  func change(to wanted: Int) -> Bool {
    total.used.withLock { used in
      granted.withLock { granted in
        let after = used - granted + wanted
        guard after <= total.limit || wanted <= max(granted, SubscriptionMemory.reserved) else {
          return false
        }
        (used, granted) = (after, wanted)
        return true
      }
    }
  }
}
