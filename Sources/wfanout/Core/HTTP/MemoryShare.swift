// SPDX-License-Identifier: Apache-2.0
import Synchronization

/// The memory of one client for one purpose, which counts towards a limit for all clients, so that strangers cannot
/// fill the memory of the server. It is returned when the client leaves.
final class MemoryShare: Sendable {
  /// The limit for all clients of a process, and what it has granted.
  final class Total: Sendable {
    let limit: Int
    /// A client may use this much even when the limit is reached.
    let reserved: Int
    fileprivate let used = Mutex(0)

    init(limit: Int, reserved: Int) {
      self.limit = limit
      self.reserved = reserved
    }

    var isUnused: Bool { used.withLock { $0 == 0 } }

    /// The names in subscriptions of `/ws` clients.
    static let subscriptions = Total(limit: 64 << 20, reserved: 16 << 10)
    /// The bodies of requests.
    static let bodies = Total(limit: 16 << 20, reserved: 2 << 10)
  }

  private let total: Total
  private let granted = Mutex(0)

  init(of total: Total) { self.total = total }

  deinit { _ = change(to: 0) }

  /// - Returns: False, without a change, if there is too little memory.
  func change(to wanted: Int) -> Bool {
    total.used.withLock { used in
      granted.withLock { granted in
        let after = used - granted + wanted
        guard after <= total.limit || wanted <= max(granted, total.reserved) else { return false }
        (used, granted) = (after, wanted)
        return true
      }
    }
  }
}
