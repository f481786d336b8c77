// SPDX-License-Identifier: Apache-2.0
import Process

/// A rate limit for each client: an identity if tokens are required, else an address. Pure: the caller gives the
/// time.
struct ClientRates: Sendable {
  private let rate: Double
  private let burst: Double
  private var clients: [String: RateLimiter] = [:]

  /// The number of clients that are remembered, since clients are unlimited.
  private static let clientLimit = 10_000

  init(rate: Double, burst: Double) {
    self.rate = rate
    self.burst = burst
  }

  /// Counts what a client does.
  ///
  /// - Returns: The time after which the client may try again; nil if it is within the rate.
  mutating func takeIfThere(_ client: String, now: Duration) -> Duration? {
    if clients.count >= ClientRates.clientLimit, clients[client] == nil {
      clients = clients.filter { !$0.value.isFull(now: now) }
      if clients.count >= ClientRates.clientLimit { clients = [:] }
    }
    let fresh = RateLimiter(rate: rate, burst: burst, now: now)
    return clients[client, default: fresh].takeIfThere(now: now)
  }
}
