// SPDX-License-Identifier: Apache-2.0
import Events
import Synchronization

/// Counts the clients and their sockets, of which HTTP/2 needs one for several clients, and enforces `--max-clients`.
/// Thread-safe.
final class Admission: Sendable {
  private let clientLimit: Int
  private let socketLimit: Int
  private let clients = Atomic<Int>(0)
  private let sockets = Atomic<Int>(0)
  private let acceptedLimit: Int
  private let accepted = Atomic<Int>(0)

  /// `socketLimit` is what the limit of open files allows, `acceptedLimit` the same with connections of any kind.
  init(clientLimit: Int, socketLimit: Int, acceptedLimit: Int) {
    self.clientLimit = clientLimit
    self.socketLimit = socketLimit
    self.acceptedLimit = acceptedLimit
  }

  /// Whether another connection may be accepted.
  var acceptsMore: Bool { accepted.load(ordering: .relaxed) < acceptedLimit }
  func connectionOpened() { accepted.wrappingAdd(1, ordering: .relaxed) }
  func connectionClosed() { accepted.wrappingSubtract(1, ordering: .relaxed) }

  var clientCount: Int { clients.load(ordering: .relaxed) }

  /// Refuses another client if the server is full.
  func check() throws(HTTPError) {
    if clientCount >= clientLimit {
      throw HTTPError.unavailable("\(clientLimit) clients are connected, the maximum; see --max-clients")
    }
    if sockets.load(ordering: .relaxed) >= socketLimit {
      throw HTTPError.unavailable(
        "\(socketLimit) clients are connected, as many as the server may open files for")
    }
  }

  func clientJoined() { clients.wrappingAdd(1, ordering: .relaxed) }
  func clientLeft() { clients.wrappingSubtract(1, ordering: .relaxed) }
  func socketJoined() { sockets.wrappingAdd(1, ordering: .relaxed) }
  func socketLeft() { sockets.wrappingSubtract(1, ordering: .relaxed) }
}
