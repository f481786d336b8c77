// SPDX-License-Identifier: Apache-2.0
import Events
import Process
import Synchronization

/// Enforces `request-rate`, the number of requests a second from one client. A client is an identity if
/// tokens are required, else an address.
final class RequestRates: Sendable {
  private let rate: Double
  private let start = ContinuousClock.now
  private let clients = Mutex<[String: RateLimiter]>([:])

  /// The burst, as seconds of the rate.
  static let burstSeconds = 5.0

  /// The number of clients that are remembered, since clients are unlimited.
  private static let clientLimit = 10_000

  init(rate: Double) { self.rate = rate }

  /// Counts a request.
  func admit(_ client: String) throws(HTTPError) {
    guard let seconds = admits(client) else { return }
    throw HTTPError(
      status: Status(
        code: 503, reason: "ServiceUnavailable",
        message: "too many requests from this client; see request-rate"),
      headers: [("Retry-After", "\(seconds)")])
  }

  /// Counts a request.
  ///
  /// - Returns: The seconds after which the client may try again; nil if the request is within the rate.
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
