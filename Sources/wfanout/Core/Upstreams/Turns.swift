// SPDX-License-Identifier: Apache-2.0

/// Waiting requests of clients. The client whose last turn is longest ago is next, so that clients that ask all the
/// time cannot delay one that asks once. Pure: the caller gives the time.
struct Turns<Element: Sendable>: Sendable {
  private struct Waiting: Sendable {
    let client: String
    let since: Duration
    let element: Element
  }

  private var waiting: [Waiting] = []
  /// The number of each client's last turn.
  private var last: [String: Int] = [:]
  private var count = 0

  /// Maximum number of waiting requests of one client.
  static var clientLimit: Int { 8 }
  /// The number of clients that are remembered, since clients are unlimited.
  private static var rememberedClients: Int { 10_000 }

  var isEmpty: Bool { waiting.isEmpty }

  /// - Returns: False if as many requests of the client as may are waiting.
  mutating func add(_ element: Element, client: String, now: Duration) -> Bool {
    guard waiting.count(where: { $0.client == client }) < Turns.clientLimit else { return false }
    waiting.append(Waiting(client: client, since: now, element: element))
    return true
  }

  /// Removes the next request. Of clients that have not had a turn the latest is next: in a crowd, some are then
  /// served soon, in place of all of them late.
  mutating func next() -> Element? {
    let next = waiting.indices.min {
      (last[waiting[$0].client] ?? 0, -$0) < (last[waiting[$1].client] ?? 0, -$1)
    }
    guard let next else { return nil }
    let found = waiting.remove(at: next)
    take(found.client)
    return found.element
  }

  /// Counts a turn of a client.
  mutating func take(_ client: String) {
    if last.count >= Turns.rememberedClients { last = [:] }
    count += 1
    last[client] = count
  }

  /// Removes the requests that have waited for this long.
  mutating func removeExpired(after limit: Duration, now: Duration) -> [Element] {
    let expired = waiting.filter { now - $0.since >= limit }
    waiting.removeAll { now - $0.since >= limit }
    return expired.map(\.element)
  }
}
