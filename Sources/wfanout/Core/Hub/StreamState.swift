// SPDX-License-Identifier: Apache-2.0
import Synchronization

/// The state of a stream that its hubs share across event loops.
final class StreamState: Sendable {
  let epoch: UInt64
  let counters: StreamCounters
  let health = SourceHealth()
  let objects: SnapshotStore
  let workers: Workers
  private let lanes = Mutex<[Lane.Key: (lane: Lane, uses: Int)]>([:])
  private let listeners = Atomic<Int>(0)
  private let events = Atomic<Int>(0)
  private let onIdle: @Sendable () -> Void

  /// `onIdle` is called on an event loop when the last listener has left.
  init(
    epoch: UInt64, counters: StreamCounters, objects: SnapshotStore, workers: Workers,
    onIdle: @escaping @Sendable () -> Void = {}
  ) {
    self.epoch = epoch
    self.counters = counters
    self.objects = objects
    self.workers = workers
    self.onIdle = onIdle
  }

  /// The objects that new listeners get first; nil if the stream keeps none.
  var snapshots: SnapshotStore? { objects.isFromStart ? objects : nil }

  var listenerCount: Int { listeners.load(ordering: .relaxed) }

  /// The number of events published so far; the loops may not have received all of them yet.
  var published: Int { events.load(ordering: .acquiring) }

  func published(_ count: Int) { events.store(count, ordering: .releasing) }

  /// The lane of this format and matcher, shared by all loops while a listener uses it.
  func lane(_ format: WireFormat, _ matcher: (any LineMatcher)?) -> Lane {
    let fresh = Lane(format: format, matcher: matcher)
    return lanes.withLock { lanes in
      var entry = lanes[fresh.key] ?? (lane: fresh, uses: 0)
      entry.uses += 1
      lanes[fresh.key] = entry
      return entry.lane
    }
  }

  func release(_ lane: Lane) {
    lanes.withLock { lanes in
      guard var entry = lanes[lane.key] else { return }
      entry.uses -= 1
      if entry.uses == 0 { entry.lane.cancellation.cancel() }
      lanes[lane.key] = entry.uses > 0 ? entry : nil
    }
  }

  func listenerJoined() { listeners.wrappingAdd(1, ordering: .relaxed) }

  func listenerLeft() {
    if listeners.wrappingSubtract(1, ordering: .acquiringAndReleasing).newValue == 0 { onIdle() }
  }
}
