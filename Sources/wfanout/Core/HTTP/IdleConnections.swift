// SPDX-License-Identifier: Apache-2.0

/// The connections of one event loop that have no request in progress, by client address.
///
/// When an address exceeds its limit, its oldest idle connection is closed for each new one, so that other
/// requests are still answered.
struct IdleConnections {
  /// Connections per address.
  let limit: Int
  private var byAddress: [String: [any AwaitingRequest]] = [:]
  private var count = 0

  /// The limit for all addresses together, as a multiple of `limit`.
  private static let addresses = 8

  init(limit: Int) { self.limit = limit }

  /// - Returns: The connection to close in its place; the new one itself if all others have a request in
  ///   progress.
  mutating func add(_ connection: any AwaitingRequest, address: String) -> (any AwaitingRequest)? {
    byAddress[address, default: []].append(connection)
    count += 1
    if byAddress[address]?.count ?? 0 > limit { return victim(address) }
    guard count > limit * IdleConnections.addresses else { return nil }
    return byAddress.max { $0.value.count < $1.value.count }.flatMap { victim($0.key) }
  }

  private func victim(_ address: String) -> (any AwaitingRequest)? {
    byAddress[address]?.first { !$0.isBeingAnswered } ?? byAddress[address]?.last
  }

  mutating func remove(_ connection: any AwaitingRequest, address: String) {
    guard let index = byAddress[address]?.firstIndex(where: { $0 === connection }) else { return }
    byAddress[address]?.remove(at: index)
    if byAddress[address]?.isEmpty ?? false { byAddress[address] = nil }
    count -= 1
  }
}
