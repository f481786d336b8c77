import Metrics
import NIOCore
// SPDX-License-Identifier: Apache-2.0
import Process

/// One stream on one event loop: its ring, and the listeners whose connections live on that loop.
///
/// Everything here runs on the loop; nothing is locked. A caught-up listener costs one write a batch; one whose connection
/// takes no more costs nothing until the connection says that it does.
final class Hub: @unchecked Sendable {  // confined to `loop`
  let loop: any EventLoop
  private(set) var ring: Ring<Segment>
  private let rule: OverflowRule
  private let state: StreamState
  private var groups: [Lane.Key: Group] = [:]
  /// Why no more events come; nil while they do.
  private var ending: String?
  var isEnded: Bool { ending != nil }
  private(set) var listenerCount = 0

  private final class Group {
    let lane: Lane
    var listeners: [Listener] = []
    /// For a second shared by all who come: a thousand that come back at once cost no more memory or time than one.
    var snapshot: EncodedSnapshot?
    init(_ lane: Lane) { self.lane = lane }
  }

  /// Bytes handed to a connection before its socket is tried; more would only wait in memory.
  private static let passLimit = 256 << 10

  init(loop: any EventLoop, state: StreamState, ringLimit: Int, rule: OverflowRule) {
    self.loop = loop
    self.state = state
    self.ring = Ring(byteLimit: ringLimit)
    self.rule = rule
  }

  private var counters: StreamCounters { state.counters }

  var positions: Range<Int> { ring.start..<ring.end }

  /// Batches from the newest to the oldest.
  var batchesFromNewest: some Sequence<Batch> { ring.reversedElements().lazy.map(\.batch) }

  func append(_ segments: [Segment]) {
    guard !segments.isEmpty else { return }
    let before = ring.end
    for segment in segments { ring.append(segment) }
    for group in groups.values where !group.listeners.isEmpty {
      let views = segments.map { group.lane.view($0) }
      let slices = views.compactMap { $0.slice(from: 0) }
      let count = views.reduce(0) { $0 + $1.count }
      let end = ring.end
      var delivered = 0
      // Backwards, since a listener whose connection fails while it is written to leaves the array.
      var index = group.listeners.count - 1
      while index >= 0 {
        defer { index -= 1 }
        guard index < group.listeners.count else { continue }
        let listener = group.listeners[index]
        guard listener.position == before, listener.skipThrough == nil, listener.connection.takesMore else {
          if listener.connection.takesMore { advance(listener) }
          continue
        }
        listener.position = end
        guard !slices.isEmpty else { continue }
        delivered += count
        listener.connection.send(slices)
      }
      note(delivered, group.lane)
      if delivered > 0, let segment = segments.last {
        let seconds = (ContinuousClock.now - segment.received).inSeconds
        (group.lane.isWebSocket ? counters.webSocket : counters.http).latency
          .observe(seconds, times: UInt64(delivered))
      }
    }
    if ending != nil { endCaughtUp() }
  }

  private func note(_ delivered: Int, _ lane: Lane) {
    guard delivered > 0 else { return }
    counters.delivered.increment(by: UInt64(delivered))
    (lane.isWebSocket ? counters.webSocket : counters.http).sent.increment(by: UInt64(delivered))
  }

  private func noteDropped(_ dropped: Int, _ listener: Listener) {
    counters.dropped.increment(by: UInt64(dropped))
    (listener.lane.isWebSocket ? counters.webSocket : counters.http).dropped.increment(by: UInt64(dropped))
    listener.dropped += dropped
  }

  /// Writes what there is for this listener while its connection takes it.
  func advance(_ listener: Listener) {
    let connection = listener.connection
    if listener.position < ring.start, !catchUp(listener) { return }
    while listener.position < ring.end, connection.takesMore, listener.groupIndex >= 0 {
      var slices: [ByteBuffer] = []
      var bytes = 0
      var delivered = 0
      while listener.position < ring.end, bytes < Hub.passLimit,
        let segment = ring.element(at: listener.position)
      {
        if let skip = listener.skipThrough { pass(listener, segment, skip) }
        let view = listener.lane.view(segment)
        if let slice = view.slice(from: listener.position) {
          slices.append(slice)
          bytes += slice.readableBytes
          delivered += view.count(from: listener.position)
        }
        listener.position = segment.endPosition
      }
      note(delivered, listener.lane)
      if !slices.isEmpty { connection.send(slices) }
    }
    if let ending, listener.position >= ring.end, connection.takesMore {
      connection.finish(reason: ending)
    }
  }

  /// The connection takes more again.
  func resume(_ listener: Listener) {
    guard listener.groupIndex >= 0, catchUp(listener) else { return }
    advance(listener)
  }

  /// Applies the overflow rule; answers false when the connection is being closed.
  private func catchUp(_ listener: Listener) -> Bool {
    let rule = listener.lane.format.shape == .kubernetes ? rule.forKubernetes : rule
    switch rule.catchUp(position: listener.position, ring: positions) {
    case .goOn: return true
    case .skip(let position, let dropped):
      noteDropped(dropped, listener)
      listener.position = position
      listener.connection.send(.gap(dropped: dropped), listener.lane.format)
      return true
    case .reset(let dropped):
      noteDropped(dropped, listener)
      sendReset(listener, .expired)
      return true
    case .disconnect:
      if listener.lane.format.shape == .kubernetes {
        listener.connection.send(.reset(.expired), listener.lane.format)
      }
      noteDropped(ring.end - listener.position, listener)
      listener.connection.finish(reason: "too_slow")
      return false
    }
  }

  /// Tells the listener that continuity is lost and gives it the snapshot, if the stream keeps one.
  func sendReset(_ listener: Listener, _ reason: ResetReason) {
    counters.resets.increment()
    listener.skipThrough = nil
    listener.connection.send(.reset(reason), listener.lane.format)
    sendSnapshot(listener)
  }

  /// The latest object of each key, then the live events after them: nothing between is missed or repeated.
  func sendSnapshot(_ listener: Listener, withEnd: Bool = true) {
    guard let snapshots = state.snapshots, let group = groups[listener.lane.key] else {
      listener.position = ring.end
      return
    }
    let snapshot = snapshot(from: snapshots, for: group)
    let slices = withEnd ? [snapshot.bytes, snapshot.end] : [snapshot.bytes]
    listener.connection.send(slices.filter { $0.readableBytes > 0 })
    // The source may be ahead of this loop: then the listener waits until the loop has come there.
    listener.position = snapshot.position
  }

  private func snapshot(from snapshots: SnapshotStore, for group: Group) -> EncodedSnapshot {
    // What came after it has to be in the ring still. A Kubernetes client may have been told a later version elsewhere
    // and gets nothing older (resourceVersionMatch=NotOlderThan).
    let oldest = group.lane.format.shape == .kubernetes ? snapshots.position : ring.start
    if let shared = group.snapshot, shared.position >= oldest { return shared }
    let snapshot = EncodedSnapshot(snapshots.current(), lane: group.lane)
    if group.snapshot == nil {
      loop.assumeIsolated().scheduleTask(in: .seconds(1)) { [weak group] in group?.snapshot = nil }
    }
    group.snapshot = snapshot
    return snapshot
  }

  private func pass(_ listener: Listener, _ segment: Segment, _ skip: EventID) {
    for index in max(0, listener.position - segment.firstPosition)..<segment.batch.count {
      let id = segment.batch.ids[index]
      guard id.epoch != skip.epoch || id.sequence > skip.sequence else { continue }
      listener.position = segment.firstPosition + index
      listener.skipThrough = nil
      return
    }
    listener.position = segment.endPosition
  }

  /// Takes a listener in where it wants to begin.
  func join(_ listener: Listener, _ start: ListenRequest.Start) {
    add(listener)
    switch start {
    case .now: listener.position = ring.end
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

  /// The place after a resourceVersion: one of our ids, one of an object, or a sequence of the source.
  func place(ofVersion version: String) -> StartPoint {
    if let id = EventID(version) { return place(of: id) }
    let point = Resume.place(ofVersion: version, in: batchesFromNewest)
    guard case .reset = point, let sequence = UInt64(version),
      let newest = batchesFromNewest.first(where: { _ in true }), let id = newest.ids.last,
      newest.hasSourceIDs
    else { return point }
    return place(of: EventID(epoch: id.epoch, sequence: sequence))
  }

  private func place(of id: EventID) -> StartPoint {
    id.epoch == state.epoch
      ? Resume.place(after: id.sequence, oldest: ring.start, published: state.published)
      : Resume.place(of: id, in: batchesFromNewest)
  }

  /// The id of the newest event.
  var newestID: EventID {
    batchesFromNewest.first { _ in true }?.ids.last ?? EventID(epoch: state.epoch, sequence: 0)
  }

  private func place(_ listener: Listener, _ point: StartPoint) {
    switch point {
    case .now: listener.position = ring.end
    case .position(let position): listener.position = position
    case .after(let id):
      listener.position = ring.end
      listener.skipThrough = id
    case .reset(let reason): sendReset(listener, reason)
    }
  }

  private func add(_ listener: Listener) {
    let key = listener.lane.key
    let group = groups[key] ?? Group(listener.lane)
    groups[key] = group
    listener.groupIndex = group.listeners.count
    listener.hub = self
    group.listeners.append(listener)
    listenerCount += 1
    state.listenerJoined()
  }

  func remove(_ listener: Listener) {
    let key = listener.lane.key
    guard listener.groupIndex >= 0, let group = groups[key] else { return }
    let last = group.listeners.removeLast()
    if last !== listener {
      group.listeners[listener.groupIndex] = last
      last.groupIndex = listener.groupIndex
    }
    listener.groupIndex = -1
    listenerCount -= 1
    if group.listeners.isEmpty { groups[key] = nil }
    state.release(listener.lane)
    state.listenerLeft()
  }

  var listeners: [Listener] { groups.values.flatMap(\.listeners) }

  /// Whether what the listener wants next has waited for so long.
  func isLate(_ listener: Listener, by delay: Duration) -> Bool {
    guard listener.position < ring.end else { return false }
    guard let segment = ring.element(at: listener.position) else { return true }
    return ContinuousClock.now - segment.received > delay
  }

  /// The position of the listener that is furthest behind; the ring's end when all are there.
  var slowestPosition: Int {
    var slowest = ring.end
    for group in groups.values {
      for listener in group.listeners { slowest = min(slowest, listener.position) }
    }
    return slowest
  }

  /// How far the slowest listener is behind.
  var lag: (events: Int, bytes: Int) {
    let slowest = slowestPosition
    var bytes = 0
    for segment in ring.reversedElements() where segment.endPosition > slowest { bytes += segment.byteCount }
    return (ring.end - slowest, bytes)
  }

  /// No more events come: every listener is let go when it has had the last.
  func end(reason: String) {
    ending = reason
    endCaughtUp()
  }

  private func endCaughtUp() {
    for group in groups.values {
      for listener in group.listeners where listener.position >= ring.end && listener.connection.takesMore {
        listener.connection.finish(reason: ending ?? "end_of_stream")
      }
    }
  }
}
