// SPDX-License-Identifier: Apache-2.0

/// The connections of one event loop that have not asked for anything yet, or not again, by their address.
///
/// An address that opens more of them than it may loses its oldest one for each new one: its own, and its
/// neighbours', requests are still answered.
struct IdleConnections {
  /// Of one address.
  let limit: Int
  private var byAddress: [String: [any AwaitingRequest]] = [:]
  private var count = 0

  /// Of all addresses together, as a multiple of `limit`.
  private static let addresses = 8

  init(limit: Int) { self.limit = limit }

  /// - Returns: the connection that has to be closed for it; itself when all others are being answered.
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
