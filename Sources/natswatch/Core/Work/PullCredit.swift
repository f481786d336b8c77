// SPDX-License-Identifier: Apache-2.0

/// Counts the messages that were requested from the server and not delivered yet.
///
/// A delivery does not name its pull request, so it is charged to the oldest request; the numbers that the
/// server reports at the end of a request correct the others. Pure.
struct PullCredit: Sendable {
  private struct Pull: Sendable {
    var token: UInt64
    var remaining: Int
    var deadline: Duration
  }

  /// How long the server keeps a request, unless its consumer allows less.
  static let defaultExpiry: Duration = .seconds(10)
  /// How much later the end of a request may be reported.
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
  /// `pending` is the number of undelivered messages, if the server reports it.
  mutating func ended(_ token: UInt64, pending: Int?) {
    guard let index = pulls.firstIndex(where: { $0.token == token }) else { return }
    let charged = pulls.remove(at: index).remaining
    // Corrects deliveries that were charged to the wrong request.
    guard let pending, pending != charged, let other = pulls.indices.first else { return }
    pulls[other].remaining = max(0, pulls[other].remaining + charged - pending)
    if pulls[other].remaining == 0 { pulls.remove(at: other) }
  }

  /// Removes the requests whose end the server should have reported.
  ///
  /// - Returns: Whether there were any, in which case the consumer may no longer exist.
  mutating func expire(now: Duration) -> Bool {
    let count = pulls.count
    pulls.removeAll { now >= $0.deadline }
    return pulls.count < count
  }

  /// Removes all requests, because their connection was lost.
  mutating func reset() { pulls.removeAll() }
}
