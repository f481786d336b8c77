// SPDX-License-Identifier: Apache-2.0
import Events
import Process
import Synchronization

/// `request-rate`: what one client may ask for in a time. A client is an identity where tokens are asked for, else an address.
final class RequestRates: Sendable {
  private let rate: Double
  private let start = ContinuousClock.now
  private let clients = Mutex<[String: RateLimiter]>([:])

  /// So many seconds' worth may come at once.
  static let burstSeconds = 5.0

  /// Clients come from anywhere: what is remembered of them is bounded.
  private static let clientLimit = 10_000

  init(rate: Double) { self.rate = rate }

  /// Counts a request.
  func admit(_ client: String) throws(HTTPError) {
    guard let seconds = admits(client) else { return }
    throw HTTPError(
      status: Status(
        code: 503, reason: "ServiceUnavailable", message: "too many requests of one client; see request-rate"),
      headers: [("Retry-After", "\(seconds)")])
  }

  /// Counts a request.
  ///
  /// - Returns: after how many seconds the client may try again; nil for a request that is within the rate.
  func admits(_ client: String) -> Int? {
    let now = ContinuousClock.now - start
    let wait = clients.withLock { clients in
      if clients.count >= RequestRates.clientLimit, clients[client] == nil {
        clients = clients.filter { !$0.value.isFull(now: now) }
        if clients.count >= RequestRates.clientLimit { clients = [:] }
      }
      let fresh = RateLimiter(rate: rate, burst: rate * RequestRates.burstSeconds, now: now)
      return clients[client, default: fresh].takeIfThere(now: now)
    }
    return wait.map { Int($0.components.seconds) + 1 }
  }
}
