// SPDX-License-Identifier: Apache-2.0
import Metrics
import Synchronization

/// Counts the clients and enforces `--max-clients`. Thread-safe.
final class Admission: Sendable {
  let clientLimit: Int
  private let clients = Atomic<Int>(0)

  init(clientLimit: Int) { self.clientLimit = clientLimit }

  var clientCount: Int { clients.load(ordering: .relaxed) }
  var isFull: Bool { clientCount >= clientLimit }

  func clientJoined() { clients.wrappingAdd(1, ordering: .relaxed) }
  func clientLeft() { clients.wrappingSubtract(1, ordering: .relaxed) }
}
