// SPDX-License-Identifier: Apache-2.0
import Metrics
import NIOCore
import Synchronization

/// A stream of events and its hubs, one on each event loop.
///
/// A source calls ``publish(_:)``; each loop is woken once for all lines since its last turn.
final class EventStream: Sendable {
  let name: String
  let state: StreamState
  let hubs: [Hub]
  private let mailboxes: [Mailbox]
  private let position = Mutex(0)
  private let ended = Mutex<UpstreamEnding?>(nil)
  let gate: Gate
  private let rule: OverflowRule
  private let pace: Pace
  private let ringLimit: Int
  private let coalesce: TimeAmount?

  /// Maximum size of the segments that wait for a loop before the source is paused.
  private static let backlogLimit = 16 << 20

  /// Whom the source waits for.
  private enum Pace: Sendable { case nobody, slowestListener, fastestListener }

  init(
    name: String, loops: [DeliveryLoop], state: StreamState, ringLimit: Int, rule: OverflowRule,
    isPacedByFastest: Bool = false, coalesce: TimeAmount? = nil
  ) {
    self.name = name
    self.state = state
    self.rule = rule
    pace = isPacedByFastest ? .fastestListener : rule.policy == .block ? .slowestListener : .nobody
    self.ringLimit = ringLimit
    self.coalesce = coalesce
    self.gate = Gate()
    self.hubs = loops.map { Hub(loop: $0, state: state, ringLimit: ringLimit, rule: rule) }
    self.mailboxes = loops.map { _ in Mailbox() }
  }

  private final class Mailbox: Sendable {
    struct State: Sendable {
      var segments: [Segment] = []
      var bytes = 0
      var isScheduled = false
    }
    let state = Mutex(State())
    let lagEvents = Atomic<Int>(0)
    let lagBytes = Atomic<Int>(0)

    var backlog: Int { state.withLock { $0.bytes } }
  }

  /// Adds a batch that `fill` appends lines to. Any thread; batches of several threads are serialized.
  ///
  /// - Returns: The number of events added.
  @discardableResult
  func publish(_ fill: (inout Batch) -> Void) -> Int {
    position.withLock { position in
      var batch = Batch(firstPosition: position)
      fill(&batch)
      guard batch.count > 0 else { return 0 }
      batch.seal(epoch: state.epoch)
      position = batch.endPosition
      state.counters.received.increment(by: UInt64(batch.count))
      batch.types = state.counters.routed.types(of: batch)
      state.published(position)
      state.health.note(batch)
      batch.previous = state.objects.apply(batch)
      let segment = Segment(batch)
      for index in hubs.indices { post(segment, index) }
      return batch.count
    }
  }

  private func post(_ segment: Segment, _ index: Int) {
    let mustWake = mailboxes[index].state.withLock { box in
      box.segments.append(segment)
      box.bytes += segment.byteCount
      defer { box.isScheduled = true }
      return !box.isScheduled
    }
    guard mustWake else { return }
    let delivery = hubs[index].delivery
    if let coalesce {
      delivery.loop.scheduleTask(in: coalesce) { delivery.execute { self.drain(index) } }
    } else {
      delivery.execute { self.drain(index) }
    }
  }

  private func drain(_ index: Int) {
    let segments = mailboxes[index].state.withLock { box in
      defer {
        box.segments = []
        box.isScheduled = false
      }
      return box.segments
    }
    hubs[index].append(segments)
    if pace != .nobody { measureLag(index) }
    // Subtracted only after it counts as lag; in between a source that has to wait would see room.
    let bytes = segments.reduce(0) { $0 + $1.byteCount }
    mailboxes[index].state.withLock { $0.bytes -= bytes }
    gate.signal()
  }

  private func measureLag(_ index: Int) {
    let lag = pace == .fastestListener ? hubs[index].leastLag : hubs[index].lag
    mailboxes[index].lagEvents.store(lag.events, ordering: .relaxed)
    mailboxes[index].lagBytes.store(lag.bytes, ordering: .relaxed)
  }

  /// Blocks the calling thread until there is room for this many bytes: in the loops' queues, and for the
  /// listener that sets the ``Pace``.
  ///
  /// - Returns: False when the process has to end.
  func waitForRoom(for bytes: Int) -> Bool {
    while isFull(for: bytes) {
      guard gate.wait(milliseconds: pace == .nobody ? 100 : 5) else { return false }
      if pace != .nobody {
        for index in hubs.indices { hubs[index].loop.execute { self.measureLag(index) } }
      }
    }
    return true
  }

  private func isFull(for bytes: Int) -> Bool {
    switch pace {
    case .nobody: mailboxes.contains { $0.backlog > EventStream.backlogLimit }
    case .slowestListener: mailboxes.contains { isFull($0, for: bytes) }
    case .fastestListener:
      mailboxes.allSatisfy { isFull($0, for: bytes) }
        || mailboxes.contains { $0.backlog > EventStream.backlogLimit }
    }
  }

  /// The ring keeps the newest segment whatever its size, so there is room once the listeners have caught up. Short
  /// lines are charged up to six times their bytes (``Segment/byteCount``).
  private func isFull(_ box: Mailbox, for bytes: Int) -> Bool {
    if box.lagEvents.load(ordering: .relaxed) > rule.queueLimit ?? Int.max { return true }
    let pending = box.backlog + box.lagBytes.load(ordering: .relaxed)
    return pending > 0 && pending + 6 * bytes > ringLimit
  }

  /// Closes the connections of all listeners at once: they resume after the last event that they have received.
  func disconnectListeners() {
    for hub in hubs { hub.loop.execute { hub.disconnectAll() } }
  }

  /// No more events will come; listeners are disconnected once they have received all.
  func end(reason: DisconnectReason) {
    for index in hubs.indices {
      hubs[index].loop.execute {
        self.drain(index)
        self.hubs[index].end(reason: reason)
      }
    }
  }

  /// The ending of the stream's command; nil while it runs.
  var commandEnding: UpstreamEnding? { ended.withLock { $0 } }

  /// The stream's command has ended: listeners get the remaining events and the reason.
  func fail(_ ending: UpstreamEnding) {
    ended.withLock { $0 = ending }
    for index in hubs.indices {
      hubs[index].loop.execute {
        self.drain(index)
        for listener in self.hubs[index].listeners { listener.connection.sourceEnded(self, ending) }
        self.hubs[index].end(reason: .upstreamEnded)
      }
    }
  }
}
