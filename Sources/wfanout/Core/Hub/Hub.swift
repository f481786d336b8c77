// SPDX-License-Identifier: Apache-2.0
import Metrics
import NIOCore

/// One stream on one event loop: its ring, and the listeners whose connections belong to that loop.
///
/// Everything runs on the loop, without locks. A listener that has caught up costs one write per batch; a
/// listener whose connection is full costs nothing until the connection is writable again.
final class Hub: @unchecked Sendable {  // confined to `loop`
  let delivery: DeliveryLoop
  var loop: any EventLoop { delivery.loop }
  private(set) var ring: Ring<Segment>
  private var index = RingIndex()
  let state: StreamState
  private let rule: OverflowRule
  private var groups: [Lane.Key: ListenerGroup] = [:]
  /// The reason why the stream has ended; nil while it has not.
  private(set) var ending: DisconnectReason?
  var isEnded: Bool { ending != nil }
  private(set) var listenerCount = 0
  /// Lagging listeners without a matcher, in the order in which they are served.
  var catchingUp: [Listener] = []
  var isCatchUpScheduled = false

  init(loop: DeliveryLoop, state: StreamState, ringLimit: Int, rule: OverflowRule) {
    delivery = loop
    self.state = state
    self.ring = Ring(byteLimit: ringLimit)
    self.rule = rule
  }

  var counters: StreamCounters { state.counters }

  var positions: Range<Int> { ring.start..<ring.end }

  /// Batches from the newest to the oldest.
  var batchesFromNewest: some Sequence<Batch> { ring.reversedElements().lazy.map(\.batch) }

  func append(_ segments: [Segment]) {
    guard !segments.isEmpty else { return }
    let before = ring.end
    for segment in segments {
      ring.append(segment)
      index.append(segment.batch)
    }
    index.removeEvents(before: ring.start)
    for group in groups.values where !group.listeners.isEmpty {
      if group.lane.isDirect {
        deliver(segments, from: before, to: group)
      } else {
        evaluate(group)
      }
    }
    if ending != nil { endCaughtUp() }
  }

  func noteDelivered(_ delivered: Int, _ lane: Lane) {
    guard delivered > 0 else { return }
    counters.delivered.increment(by: UInt64(delivered))
    (lane.isWebSocket ? counters.webSocket : counters.http).sent.increment(by: UInt64(delivered))
  }

  func noteLatency(_ delivered: Int, since received: ContinuousClock.Instant, _ lane: Lane) {
    guard delivered > 0 else { return }
    let seconds = (ContinuousClock.now - received) / .seconds(1)
    (lane.isWebSocket ? counters.webSocket : counters.http).latency
      .observe(seconds, times: UInt64(delivered))
  }

  private func noteDropped(_ dropped: Int, _ listener: Listener) {
    counters.dropped.increment(by: UInt64(dropped))
    (listener.lane.isWebSocket ? counters.webSocket : counters.http).dropped.increment(by: UInt64(dropped))
    listener.dropped += dropped
  }

  /// The connection is writable again.
  func resume(_ listener: Listener) {
    guard listener.groupIndex >= 0 else { return }
    guard listener.snapshot == nil else { return sendNextPage(listener) }
    guard catchUp(listener) else { return }
    advance(listener)
  }

  /// Applies the overflow rule; returns false when the connection is being closed.
  func catchUp(_ listener: Listener) -> Bool {
    let rule = listener.lane.format.shape == .kubernetes ? rule.forKubernetes : rule
    switch rule.catchUp(position: listener.position, ring: positions) {
    case .goOn: return true
    case .skip(let position, let dropped):
      noteDropped(dropped, listener)
      listener.position = position
      listener.client.send(.gap(dropped: dropped), listener.lane.format)
      return true
    case .reset(let dropped):
      noteDropped(dropped, listener)
      sendReset(listener, .expired)
      return true
    case .stop(let end):
      listener.stop = listener.stop ?? end
      return true
    case .disconnect:
      if listener.lane.format.shape == .kubernetes, !rule.isResumable {
        listener.client.send(.reset(.expired), listener.lane.format)
      }
      noteDropped(ring.end - listener.position, listener)
      listener.connection.finish(reason: .tooSlow)
      return false
    }
  }

  /// Continues a listener that has received the events of its full queue with the next event.
  func dropNewest(_ listener: Listener) {
    guard let stop = listener.stop, listener.position >= stop, listener.groupIndex >= 0 else { return }
    listener.stop = nil
    let dropped = ring.end - listener.position
    guard dropped > 0 else { return }
    noteDropped(dropped, listener)
    listener.position = ring.end
    listener.client.send(.gap(dropped: dropped), listener.lane.format)
  }

  /// Reports to the listener that continuity is lost and sends the snapshot, if the stream keeps one.
  func sendReset(_ listener: Listener, _ reason: ResetReason) {
    counters.resets.increment()
    listener.received = nil
    listener.client.send(.reset(reason), listener.lane.format)
    sendSnapshot(listener)
    // Without a snapshot, whose end has an id, the client resumes here if it is disconnected before its first
    // event.
    if listener.snapshot == nil, listener.lane.format.shape == .eventStream {
      listener.client.send(.heartbeat(listener.standing), listener.lane.format)
    }
  }

  /// Adds a listener at its start position.
  func join(_ listener: Listener, _ start: ListenRequest.Start) {
    add(listener)
    switch start {
    case .now:
      listener.position = ring.end
      listener.hasCaughtUp = true
    case .here: break
    case .at(let point): place(listener, point)
    case .snapshot: sendSnapshot(listener)
    case .snapshotWithoutEnd: sendSnapshot(listener, withEnd: false)
    case .after(let text):
      guard let id = EventID(text) else { return sendReset(listener, .unknown) }
      place(listener, place(of: id))
    }
    advance(listener)
  }

  /// The start position after a resourceVersion: one of our ids, an object's version, or a sequence of the
  /// source.
  func place(ofVersion version: String) -> StartPoint {
    if let id = EventID(version) { return place(of: id) }
    let point = index.place(ofVersion: version) { ring.element(at: $0)?.batch }
    guard case .reset = point, let sequence = UInt64(version),
      hasSourceIDs
    else { return point }
    return place(of: EventID(epoch: newestID.epoch, sequence: sequence))
  }

  /// Whether the source cannot have an event after a version that has no place here, so that it need not be
  /// asked: an id of ours, one of a stream that has since been re-created, or none at all.
  ///
  /// An id of a later stream may be right, because another replica may know that stream already.
  func isUnknownToSource(_ version: String) -> Bool {
    guard let epoch = index.sourceEpoch(besides: state.epoch) else { return false }
    guard let id = EventID(version) else { return UInt64(version) == nil }
    return id.epoch == state.epoch || id.epoch < epoch && place(of: id) == .reset(.unknown)
  }

  /// Whether an id of the newest event's stream is so far ahead that no replica can have sent it, see
  /// ``Resume/lead``.
  func isFarAhead(_ id: EventID) -> Bool {
    let newest = newestID
    return id.epoch == newest.epoch && id.sequence > newest.sequence
      && id.sequence - newest.sequence > Resume.lead
  }

  func place(of id: EventID) -> StartPoint {
    id.epoch == state.epoch
      ? Resume.place(after: id.sequence, oldest: ring.start, published: state.published)
      : index.place(of: id) { ring.element(at: $0)?.batch }
  }

  /// Where a listener continues that has received everything up to `last`: at `position`, or earlier if events
  /// before it are newer than `last`. A JetStream leader that has just been elected reports an earlier end of its
  /// stream, so a command that prints what is there may end before the events that the ring had already.
  ///
  /// - Returns: Nil if events between `last` and the ring may be missing.
  func position(after last: EventID?, notAfter position: Int) -> Int? {
    guard let last else { return position }
    switch place(of: last) {
    case .position(let next): return min(next, position)
    // A ring that was empty then may begin later than the command has ended.
    case .reset(.expired): return position > ring.start || position == 0 ? nil : position
    case .now, .after, .reset: return position
    }
  }

  /// Whether the newest events have ids of their source.
  var hasSourceIDs: Bool { batchesFromNewest.first { _ in true }?.hasSourceIDs ?? false }

  /// The id of the newest event.
  var newestID: EventID {
    batchesFromNewest.first { _ in true }?.ids.last ?? EventID(epoch: state.epoch, sequence: 0)
  }

  /// The id of the event before this position, which a client may resume after.
  func id(before position: Int) -> EventID {
    guard position > ring.start, let segment = ring.element(at: position - 1) else {
      // In our own numbering the event at position n has the sequence n + 1.
      return EventID(epoch: state.epoch, sequence: UInt64(max(0, position)))
    }
    return segment.batch.ids[position - 1 - segment.firstPosition]
  }

  private func place(_ listener: Listener, _ point: StartPoint) {
    switch point {
    case .now: listener.position = ring.end
    case .position(let position): listener.position = position
    case .after(let id):
      listener.position = ring.end
      listener.received = ReceivedEvents(id)
    case .reset(let reason): sendReset(listener, reason)
    }
  }

  private func add(_ listener: Listener) {
    let key = listener.lane.key
    let group = groups[key] ?? ListenerGroup(listener.lane)
    groups[key] = group
    listener.hub = self
    group.add(listener)
    listenerCount += 1
    state.listenerJoined()
  }

  func remove(_ listener: Listener) {
    let key = listener.lane.key
    guard listener.groupIndex >= 0, let group = groups[key] else { return }
    group.remove(listener)
    listener.snapshot = nil
    listenerCount -= 1
    if group.listeners.isEmpty { groups[key] = nil }
    state.release(listener.lane)
    state.listenerLeft()
  }

  func group(of listener: Listener) -> ListenerGroup? {
    listener.groupIndex >= 0 ? groups[listener.lane.key] : nil
  }

  var listeners: [Listener] { groups.values.flatMap(\.listeners) }

  /// Whether the listener's next event has waited for this long.
  func isLate(_ listener: Listener, by delay: Duration) -> Bool {
    guard listener.position < ring.end else { return false }
    guard let segment = ring.element(at: listener.position) else { return true }
    return ContinuousClock.now - segment.received > delay
  }

  /// The lag of the slowest listener.
  var lag: (events: Int, bytes: Int) {
    lag(of: listeners.reduce(ring.end) { min($0, $1.position) })
  }

  /// The lag of the fastest listener; without listeners, that of one that begins with the oldest event.
  var leastLag: (events: Int, bytes: Int) { lag(of: listeners.map(\.position).max() ?? ring.start) }

  private func lag(of position: Int) -> (events: Int, bytes: Int) {
    var bytes = 0
    for segment in ring.reversedElements() where segment.endPosition > position { bytes += segment.byteCount }
    return (ring.end - position, bytes)
  }

  /// Closes the connections of all listeners.
  func disconnectAll() { for listener in listeners { listener.client.channel.close(promise: nil) } }

  /// Ends the stream: each listener's connection is closed after its last event.
  func end(reason: DisconnectReason) {
    ending = reason
    endCaughtUp()
  }

  private func endCaughtUp() {
    for group in groups.values { group.forEach(endIfCaughtUp) }
  }

  func endIfCaughtUp(_ listener: Listener) {
    guard let ending, listener.takesEvents, listener.position >= ring.end else { return }
    listener.connection.finish(reason: ending)
  }
}
