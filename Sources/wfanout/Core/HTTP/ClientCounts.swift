// SPDX-License-Identifier: Apache-2.0
import Events
import Synchronization

/// Enforces `max-client-connections`, the number of streams that one client may have open. A client is an
/// identity if tokens are required, else an address. Can be used from any thread.
final class ClientCounts: Sendable {
  private let limit: Int
  private let counts = Mutex<[String: Int]>([:])

  init(limit: Int) { self.limit = limit }

  /// Refuses a client that has reached its limit.
  func check(_ account: String) throws(HTTPError) {
    guard counts.withLock({ $0[account] ?? 0 }) >= limit else { return }
    throw HTTPError.unavailable("this client already has \(limit) connections; see max-client-connections")
  }

  func joined(_ account: String) { counts.withLock { $0[account, default: 0] += 1 } }

  func left(_ account: String) {
    counts.withLock { counts in
      let count = (counts[account] ?? 0) - 1
      counts[account] = count > 0 ? count : nil
    }
  }
}
