// SPDX-License-Identifier: Apache-2.0
import Metrics
import Synchronization

/// `ws_events_routed_total`: events that at least one listener got, by event type.
///
/// A watch event is counted by its `type`, any other line by its `event_type`. Producers choose the types, so
/// their number is bounded; the rest count as `other`.
final class RoutedCounters: Sendable {
  private struct State: Sendable {
    var indexes: [String: UInt8] = [:]
    var counters: [Counter] = []
  }

  private let registry: Registry
  private let isClosed: Bool
  private let state = Mutex(State())

  private static let limit = 64
  private static let other = UInt8(LineFacts.Kind.other.rawValue)

  /// - Parameters:
  ///   - registry: where the counters are served.
  ///   - known: the types of the key `event-types`; nil takes the first types that occur.
  init(_ registry: Registry, known: Set<String>?) {
    self.registry = registry
    isClosed = known != nil
    // In the order of `LineFacts.Kind`.
    let kinds = ["ADDED", "MODIFIED", "DELETED", "BOOKMARK", "ERROR", "STATUS", "METRICS", "other"]
    for name in kinds + (known ?? []).sorted().prefix(RoutedCounters.limit) { _ = add(name) }
  }

  /// The index of the type of each event.
  func types(of batch: Batch) -> [UInt8] {
    batch.kinds.indices.map { index in
      guard batch.kinds[index] == .other, let type = batch.text(.eventType, index) else {
        return UInt8(batch.kinds[index].rawValue)
      }
      return find(type)
    }
  }

  func increment(_ types: [UInt8: Int]) {
    guard !types.isEmpty else { return }
    state.withLock { state in
      for (type, count) in types { state.counters[Int(type)].increment(by: UInt64(count)) }
    }
  }

  private func find(_ name: String) -> UInt8 {
    if let known = state.withLock({ $0.indexes[name] }) { return known }
    guard !isClosed, name.utf8.count <= 64 else { return RoutedCounters.other }
    return add(name)
  }

  private func add(_ name: String) -> UInt8 {
    state.withLock { state in
      if let known = state.indexes[name] { return known }
      guard state.counters.count < RoutedCounters.limit + 8 else { return RoutedCounters.other }
      let index = UInt8(state.counters.count)
      state.indexes[name] = index
      state.counters.append(
        registry.counter(
          "ws_events_routed_total", help: "Events that at least one client received, by type.",
          labels: [("event_type", name)]))
      return index
    }
  }
}
