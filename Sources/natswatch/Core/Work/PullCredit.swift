// SPDX-License-Identifier: Apache-2.0

/// Counts how many messages the server has been asked for and has not delivered yet.
///
/// A delivery does not name the pull request that it answers, so the oldest request is charged; the numbers that the
/// server gives when a request ends correct the others. Pure.
struct PullCredit: Sendable {
  private struct Pull: Sendable {
    var token: UInt64
    var remaining: Int
    var deadline: Duration
  }

  /// How long the server keeps a request, unless its consumer allows less.
  static let defaultExpiry: Duration = .seconds(10)
  /// How much later than that its last word may arrive.
  private static let leeway: Duration = .seconds(2)

  private let expiry: Duration
  private var pulls: [Pull] = []

  init(expiry: Duration = defaultExpiry) { self.expiry = expiry }

  var outstanding: Int { pulls.reduce(0) { $0 + $1.remaining } }

  mutating func asked(_ count: Int, token: UInt64, now: Duration) {
    pulls.append(Pull(token: token, remaining: count, deadline: now + expiry + Self.leeway))
  }

  /// One message was delivered.
  mutating func delivered() {
    guard let index = pulls.firstIndex(where: { $0.remaining > 0 }) else { return }
    pulls[index].remaining -= 1
    if pulls[index].remaining == 0 { pulls.remove(at: index) }
  }

  /// The server ended a request.
  ///
  /// `pending`: How many messages it still lacked, where the server says so.
  mutating func ended(_ token: UInt64, pending: Int?) {
    guard let index = pulls.firstIndex(where: { $0.token == token }) else { return }
    let charged = pulls.remove(at: index).remaining
    // Deliveries that were charged to this request and belonged to others, or the reverse.
    guard let pending, pending != charged, let other = pulls.indices.first else { return }
    pulls[other].remaining = max(0, pulls[other].remaining + charged - pending)
    if pulls[other].remaining == 0 { pulls.remove(at: other) }
  }

  /// Forgets the requests whose end the server should have reported.
  ///
  /// - Returns: True when there were any: the consumer may be gone.
  mutating func expire(now: Duration) -> Bool {
    let count = pulls.count
    pulls.removeAll { now >= $0.deadline }
    return pulls.count < count
  }

  /// Forgets all requests: the connection that they were sent on is lost.
  mutating func reset() { pulls.removeAll() }
}
