// SPDX-License-Identifier: Apache-2.0
import Metrics
import Synchronization

/// Counts who is there, and says when it is full (`--max-clients`). Any thread.
final class Admission: Sendable {
  let clientLimit: Int
  private let clients = Atomic<Int>(0)
  private let connections = Atomic<Int>(0)

  /// Connections that have not asked for anything yet are let in beyond the clients, so that a full server still answers 503.
  private static let spare = 512

  init(clientLimit: Int) { self.clientLimit = clientLimit }

  var clientCount: Int { clients.load(ordering: .relaxed) }
  var isFull: Bool { clientCount >= clientLimit }

  /// Whether one more connection may be accepted at all.
  var acceptsConnections: Bool { connections.load(ordering: .relaxed) < Admission.spare + clientLimit / 4 }

  func connectionOpened() { connections.wrappingAdd(1, ordering: .relaxed) }
  func connectionClosed() { connections.wrappingSubtract(1, ordering: .relaxed) }
  func clientJoined() { clients.wrappingAdd(1, ordering: .relaxed) }
  func clientLeft() { clients.wrappingSubtract(1, ordering: .relaxed) }
}
