// SPDX-License-Identifier: Apache-2.0

/// Waiting requests of clients. The network whose last turn is longest ago is next, and within it the client, so that
/// clients that ask all the time, and many addresses of one network, cannot delay others. Pure: the caller gives the time.
struct Turns<Element: Sendable>: Sendable {
  private struct Waiting: Sendable {
    let client: String
    let since: Duration
    let element: Element
  }

  private var waiting: [Waiting] = []
  /// The number of waiting requests of each client that has any.
  private var counts: [String: Int] = [:]
  /// The number of the last turn of each client and network.
  private var last: [String: Int] = [:]
  private var count = 0

  /// Maximum number of waiting requests of one client.
  static var clientLimit: Int { 64 }
  /// The number of clients that are remembered, since clients are unlimited.
  private static var rememberedClients: Int { 10_000 }

  var isEmpty: Bool { waiting.isEmpty }

  /// - Returns: False if as many requests of the client as may are waiting.
  mutating func add(_ element: Element, client: String, now: Duration) -> Bool {
    guard counts[client, default: 0] < Turns.clientLimit else { return false }
    counts[client, default: 0] += 1
    waiting.append(Waiting(client: client, since: now, element: element))
    return true
  }

  /// Removes the next request. Among clients without a turn, the one that asked last is next: in a crowd, some are
  /// served soon instead of all late.
  mutating func next() -> Element? {
    let latest = waiting.indices.min { rank($0) < rank($1) }
    guard let client = latest.map({ waiting[$0].client }),
      let first = waiting.firstIndex(where: { $0.client == client })
    else { return nil }
    take(client)
    forget(client)
    return waiting.remove(at: first).element
  }

  private func rank(_ index: Int) -> (network: Int, client: Int, index: Int) {
    let client = waiting[index].client
    return (last[ClientNetwork.name(of: client)] ?? 0, last[client] ?? 0, -index)
  }

  /// Counts a turn of a client.
  mutating func take(_ client: String) {
    if last.count >= Turns.rememberedClients { last = [:] }
    count += 1
    last[client] = count
    last[ClientNetwork.name(of: client)] = count
  }

  /// Removes the requests that have waited for this long.
  mutating func removeExpired(after limit: Duration, now: Duration) -> [Element] {
    // They are in the order of arrival.
    let count = waiting.firstIndex { now - $0.since < limit } ?? waiting.count
    let expired = waiting.prefix(count)
    waiting.removeFirst(count)
    for request in expired { forget(request.client) }
    return expired.map(\.element)
  }

  private mutating func forget(_ client: String) {
    counts[client] = counts[client].flatMap { $0 > 1 ? $0 - 1 : nil }
  }
}
