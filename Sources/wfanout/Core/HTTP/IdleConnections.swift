// SPDX-License-Identifier: Apache-2.0

/// The connections of one event loop that have no request in progress, by client address.
///
/// When an address exceeds its limit, its oldest idle connection is closed for each new one, so that other
/// requests are still answered.
struct IdleConnections {
  /// Connections of one address.
  let addressLimit: Int
  /// Connections of all addresses together.
  let limit: Int
  private var byAddress: [String: [any AwaitingRequest]] = [:]
  private var count = 0

  init(limit: Int, addressLimit: Int) {
    self.limit = limit
    self.addressLimit = addressLimit
  }

  /// - Returns: The connection to close in its place; the new one itself if all others have a request in
  ///   progress.
  mutating func add(_ connection: any AwaitingRequest, address: String) -> (any AwaitingRequest)? {
    byAddress[address, default: []].append(connection)
    count += 1
    if byAddress[address]?.count ?? 0 > addressLimit { return victim(address) }
    guard count > limit else { return nil }
    return byAddress.max { $0.value.count < $1.value.count }.flatMap { victim($0.key) }
  }

  /// Chooses a connection and removes it at once. Its channel closes later, and the next new connection must not choose
  /// it again.
  private mutating func victim(_ address: String) -> (any AwaitingRequest)? {
    let victim = byAddress[address]?.first { !$0.isBeingAnswered } ?? byAddress[address]?.last
    if let victim { remove(victim, address: address) }
    return victim
  }

  mutating func remove(_ connection: any AwaitingRequest, address: String) {
    guard let index = byAddress[address]?.firstIndex(where: { $0 === connection }) else { return }
    byAddress[address]?.remove(at: index)
    if byAddress[address]?.isEmpty ?? false { byAddress[address] = nil }
    count -= 1
  }
}
