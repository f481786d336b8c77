// SPDX-License-Identifier: Apache-2.0

/// How the descriptors that the process may open are divided, so that clients cannot use up those for files, commands
/// and short requests such as health checks.
struct DescriptorBudget: Equatable, Sendable {
  /// Connections of clients.
  let clients: Int
  /// Other connections: those without a request yet, and those with a response that is not a stream.
  let others: Int
  /// The maximum of the other connections from one address.
  let othersOfAddress: Int
  /// Accepting pauses at this number of connections, so that those beyond the limits can be closed first.
  var accepted: Int { clients + others + DescriptorBudget.ofNewcomers / 2 }
  private let limit: Int
  private let wantedClients: Int

  /// - Parameters:
  ///   - limit: the number of files that the process may open.
  ///   - own: descriptors that are not connections of clients. At most half of the limit is kept for them.
  ///   - wantedClients: `--max-clients`.
  init(limit: Int, own: Int, wantedClients: Int) {
    self.limit = limit
    self.wantedClients = wantedClients
    let connections = limit - min(own + DescriptorBudget.ofNewcomers, limit / 2)
    let reserve = max(8, connections / 32)
    clients = max(1, min(wantedClients, connections - reserve))
    // Leaves room for a full server to answer 503.
    let wanted = 512 + clients / 4
    others = min(8 * wanted, connections - clients)
    othersOfAddress = min(wanted, max(4, others / 2))
  }

  /// Nil if all clients have a descriptor.
  var warning: String? {
    guard clients < wantedClients else { return nil }
    return
      "--max-clients \(wantedClients): the limit of \(limit) open files leaves room for the connections of \(clients) clients; raise it (ulimit -n, LimitNOFILE=)"
  }
}

extension DescriptorBudget {
  /// Sockets, pipes, and the files of tokens, certificates and states.
  private static let ofServer = 32
  /// Connections that were accepted beyond the limits, and are about to be closed.
  fileprivate static let ofNewcomers = 16
  private static let ofLoop = 4
  /// Two pipes and a pidfd.
  private static let ofCommand = 3
  private static let ofValidator = 64

  init(_ configuration: Configuration, limit: Int) {
    let hasCommands = configuration.upstream != nil || configuration.catchUp != nil
    let own =
      DescriptorBudget.ofServer + configuration.loops * DescriptorBudget.ofLoop
      + (hasCommands ? configuration.upstreamLimit * DescriptorBudget.ofCommand : 0)
      + (configuration.validator != nil ? DescriptorBudget.ofValidator : 0)
    self.init(limit: limit, own: own, wantedClients: configuration.clientLimit)
  }
}
