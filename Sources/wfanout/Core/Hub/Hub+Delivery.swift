// SPDX-License-Identifier: Apache-2.0
import NIOCore

/// Hands events to connections, in steps that occupy an event loop for a few milliseconds at most.
extension Hub {
  /// Bytes handed to a connection before its socket is flushed; more would only wait in memory.
  private static let passLimit = 256 << 10
  /// How long lagging listeners are served before the loop does other work.
  private static let turn = Duration.milliseconds(2)
  /// The number of segments that a worker evaluates at a time.
  private static let evaluatedSegments = 64

  /// Sends the newest segments to the listeners of a direct group. Those that are behind are served in turn.
  func deliver(_ segments: [Segment], from before: Int, to group: ListenerGroup) {
    let views = segments.map(group.lane.view)
    let slices = views.compactMap { $0.slice(from: 0) }
    let count = views.reduce(0) { $0 + $1.count }
    let end = ring.end
    var delivered = 0
    group.forEach { listener in
      guard listener.position == before, listener.received == nil, listener.takesEvents else {
        advance(listener)
        return
      }
      listener.position = end
      guard !slices.isEmpty else { return }
      delivered += count
      listener.client.send(slices)
    }
    noteDelivered(delivered, group.lane)
    if delivered > 0 {
      for (segment, view) in zip(segments, views) { noteRouted(segment, view, from: before, to: end) }
    }
    if let segment = segments.last { noteLatency(delivered, since: segment.received, group.lane) }
  }

  /// Sends the available events to this listener, or has a worker evaluate them.
  func advance(_ listener: Listener) {
    guard listener.takesEvents else { return }
    if listener.position < ring.start, !catchUp(listener) { return }
    guard listener.takesEvents else { return }
    if listener.lane.matcher != nil {
      if listener.position < ring.end, let group = group(of: listener) { evaluate(group) }
      return endIfCaughtUp(listener)
    }
    sendPass(listener)
    guard listener.takesEvents, listener.position < ring.end else { return endIfCaughtUp(listener) }
    guard !listener.isCatchingUp else { return }
    listener.isCatchingUp = true
    catchingUp.append(listener)
    scheduleCatchUp()
  }

  private func scheduleCatchUp() {
    guard !isCatchUpScheduled, !catchingUp.isEmpty else { return }
    isCatchUpScheduled = true
    delivery.afterPause { [weak self] in self?.serveCatchUp() }
  }

  /// Serves the lagging listeners in turn.
  private func serveCatchUp() {
    isCatchUpScheduled = false
    let slice = Slice(Hub.turn)
    var waiting = catchingUp[...]
    catchingUp = []
    while !slice.isOver, let listener = waiting.popFirst() {
      listener.isCatchingUp = false
      advance(listener)
    }
    catchingUp = waiting + catchingUp
    scheduleCatchUp()
  }

  /// Sends one pass of events to a listener without a matcher.
  private func sendPass(_ listener: Listener) {
    var slices: [ByteBuffer] = []
    var bytes = 0
    var delivered = 0
    while listener.position < ring.end, bytes < Hub.passLimit,
      let segment = ring.element(at: listener.position)
    {
      skip(listener, segment.batch)
      let (slice, count) = take(segment.view(listener.lane.format), of: segment, listener)
      if let slice {
        slices.append(slice)
        bytes += slice.readableBytes
      }
      delivered += count
      if listener.position == listener.stop { break }
    }
    noteDelivered(delivered, listener.lane)
    if !slices.isEmpty { listener.client.send(slices) }
    dropNewest(listener)
  }

  /// Advances a listener past a view, or to its stop position.
  ///
  /// - Returns: The bytes to send, and the number of events in them.
  private func take(
    _ view: SegmentView, of segment: Segment?, _ listener: Listener
  ) -> (ByteBuffer?, Int) {
    let start = listener.position
    let end = min(listener.stop ?? .max, view.endPosition)
    if let segment { noteRouted(segment, view, from: start, to: end) }
    listener.position = end
    return (view.slice(from: start, to: end), view.count(from: start, to: end))
  }

  /// Counts events that are delivered for the first time.
  private func noteRouted(_ segment: Segment, _ view: SegmentView, from start: Int, to end: Int) {
    counters.routed.increment(segment.newlyRouted(view, from: start, to: end))
  }

  /// Skips events that another replica delivered. A client that may lack events before these has to resume again, and
  /// gets them from the source.
  private func skip(_ listener: Listener, _ batch: Batch) {
    guard let received = listener.received else { return }
    let index = max(0, listener.position - batch.firstPosition)
    if received.mayLack(before: index, of: batch) {
      loop.assumeIsolated().execute { listener.connection.finish(reason: .resume) }
      return listener.position = batch.endPosition
    }
    guard let next = listener.received?.next(in: batch, from: index) else {
      return listener.position = batch.endPosition
    }
    listener.position = batch.firstPosition + next
    listener.received = nil
  }

  /// Has a worker evaluate the next segments for the listeners of a group with a matcher. Only one evaluation
  /// of a group runs at a time: if the filter is slower than the stream, its listeners lag until the overflow
  /// rule applies.
  func evaluate(_ group: ListenerGroup) {
    guard !group.isEvaluating, let matcher = group.lane.matcher else { return }
    while let listener = group.next(before: ring.end) {
      if listener.position < ring.start || listener.hasCaughtUp {
        let position = listener.position
        guard catchUp(listener), listener.position == position else { continue }
      }
      var segments: [Segment] = []
      var position = listener.position
      var bytes = 0
      while segments.count < Hub.evaluatedSegments, bytes < Hub.passLimit,
        let segment = ring.element(at: position)
      {
        segments.append(segment)
        bytes += segment.batch.bytes.count
        position = segment.endPosition
      }
      guard let first = segments.first else { return }
      group.isEvaluating = true
      let work = Evaluation(group.lane, matcher, segments) { views in
        self.delivery.execute { self.deliver(views, of: first, to: group) }
      }
      return state.workers.submit(work, account: listener.client.account, meter: group.lane.meter)
    }
  }

  private func deliver(_ views: [SegmentView], of first: Segment, to group: ListenerGroup) {
    group.isEvaluating = false
    guard let start = views.first?.firstPosition, let end = views.last?.endPosition else { return }
    var delivered = 0
    group.forEach { listener in
      guard listener.takesEvents, listener.position >= start, listener.position < end else { return }
      var slices: [ByteBuffer] = []
      for view in views where view.endPosition > listener.position {
        if listener.received != nil, let segment = ring.element(at: listener.position) {
          skip(listener, segment.batch)
          if listener.position >= view.endPosition { continue }
        }
        let (slice, count) = take(view, of: ring.element(at: view.firstPosition), listener)
        if let slice { slices.append(slice) }
        delivered += count
        if listener.position == listener.stop { break }
      }
      if !slices.isEmpty { listener.client.send(slices) }
      dropNewest(listener)
      if listener.position >= ring.end { listener.hasCaughtUp = true }
      endIfCaughtUp(listener)
    }
    noteDelivered(delivered, group.lane)
    noteLatency(delivered, since: first.received, group.lane)
    evaluate(group)
  }
}
