// SPDX-License-Identifier: Apache-2.0
import NIOCore

/// Sending snapshots: page by page as the connection takes them, each made on a worker.
extension Hub {
  /// The latest object of each key, then the live events after them: nothing in between is missed or
  /// repeated.
  func sendSnapshot(_ listener: Listener, withEnd: Bool = true) {
    guard let snapshots = state.snapshots else {
      listener.position = ring.end
      return
    }
    // The events after the snapshot must still be in the ring. A Kubernetes client may know a later version
    // from another server and must not get an older one (resourceVersionMatch=NotOlderThan).
    let oldest = listener.lane.format.shape == .kubernetes ? snapshots.position : ring.start
    let snapshot = snapshots.current(notBefore: oldest)
    // The snapshot may be ahead of this loop; the listener waits until the loop has caught up.
    listener.position = snapshot.position
    listener.snapshot = SnapshotReading(snapshot: snapshot, marksEnd: withEnd)
    sendNextPage(listener)
  }

  func sendNextPage(_ listener: Listener) {
    guard let reading = listener.snapshot, !reading.isWaiting, listener.client.takesMore else { return }
    guard let snapshot = reading.snapshot else {
      listener.snapshot = nil
      guard catchUp(listener) else { return }
      return advance(listener)
    }
    listener.snapshot?.isWaiting = true
    let box = NIOLoopBound(listener, eventLoop: loop)
    let order = PageWork.Order(
      layout: .events(listener.lane.format), matcher: listener.lane.matcher, snapshot: snapshot,
      index: reading.index, written: reading.written, cancellation: listener.lane.cancellation)
    let work = PageWork(order) { page in self.delivery.execute { self.send(page, to: box.value) } }
    state.workers.submit(work, account: listener.client.account, meter: listener.lane.meter)
  }

  /// Releases a snapshot if the events after it have left the ring, because its reader is too slow. Called
  /// once a second.
  func checkSnapshot(of listener: Listener) {
    guard let snapshot = listener.snapshot?.snapshot, snapshot.position < ring.start else { return }
    listener.snapshot?.snapshot = nil
  }

  private func send(_ page: SnapshotPage?, to listener: Listener) {
    guard let reading = listener.snapshot, reading.isWaiting, listener.groupIndex >= 0 else { return }
    listener.snapshot?.isWaiting = false
    guard let page, let snapshot = reading.snapshot else { return sendNextPage(listener) }
    listener.snapshot?.index = page.next
    listener.snapshot?.written = page.written
    if page.bytes.readableBytes > 0 { listener.client.send([page.bytes]) }
    guard page.next >= snapshot.lines.count else { return sendNextPage(listener) }
    listener.snapshot = nil
    if reading.marksEnd {
      listener.client.send(.snapshotEnd(id: snapshot.id), listener.lane.format)
    }
    advance(listener)
  }
}
