// SPDX-License-Identifier: Apache-2.0
import Synchronization

/// The members of an event that subscriptions of the `/ws` protocol select by.
struct RoutingFacts: Equatable, Sendable {
  var type: String
  var cluster: String?
  var namespace: String?
}

extension RoutingFacts {
  init(_ batch: Batch, _ index: Int) {
    type = EventEnvelope.eventType(of: batch, index)
    cluster = batch.text(.cluster, index)
    namespace = batch.text(.eventNamespace, index)
  }
}

/// The routing facts of a batch: read from its lines once, when the first subscription asks. Can be used from
/// any thread.
final class RoutingTable: Sendable {
  private let facts = Mutex<[RoutingFacts]?>(nil)

  func facts(of batch: Batch) -> [RoutingFacts] {
    facts.withLock { facts in
      if let facts { return facts }
      let made = (0..<batch.count).map { RoutingFacts(batch, $0) }
      facts = made
      return made
    }
  }
}
