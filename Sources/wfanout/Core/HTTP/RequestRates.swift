// SPDX-License-Identifier: Apache-2.0
import Events
import Synchronization

/// Enforces `request-rate`, the number of requests a second from one client. A client is an identity if
/// tokens are required, else an address.
final class RequestRates: Sendable {
  private let start = ContinuousClock.now
  private let rates: Mutex<ClientRates>

  /// The burst, as seconds of the rate.
  static let burstSeconds = 5.0

  init(rate: Double) { rates = Mutex(ClientRates(rate: rate, burst: rate * RequestRates.burstSeconds)) }

  /// Counts a request.
  func admit(_ client: String) throws(HTTPError) {
    guard let seconds = admits(client) else { return }
    throw HTTPError.unavailable("too many requests from this client; see request-rate", retryAfter: seconds)
  }

  /// Counts a request.
  ///
  /// - Returns: The seconds after which the client may try again; nil if the request is within the rate.
  func admits(_ client: String) -> Int? {
    let now = ContinuousClock.now - start
    let wait = rates.withLock { $0.takeIfThere(client, now: now) }
    return wait.map { Int($0.components.seconds) + 1 }
  }
}
