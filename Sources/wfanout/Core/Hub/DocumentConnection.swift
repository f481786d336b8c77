// SPDX-License-Identifier: Apache-2.0
import NIOCore

/// A response that is a document of several pages. A worker makes each page when the client has read the
/// previous one.
final class DocumentConnection: Connection {
  let client: Client
  /// Nothing may be sent between the pages.
  let sendsHeartbeats = false
  private let plan: DocumentPlan
  private var reading: SnapshotReading
  private let cancellation = Cancellation()
  private let meter = CPUMeter()

  init(_ client: Client, _ plan: DocumentPlan) {
    self.client = client
    self.plan = plan
    reading = SnapshotReading(snapshot: plan.document.snapshot)
  }

  func begin() { take(plan.firstPage) }

  func resume() { sendNext() }

  /// It has no listeners.
  func forEachListener(_ body: (Listener) -> Void) {}

  private func take(_ page: SnapshotPage) {
    reading.isWaiting = false
    reading.index = page.next
    reading.written = page.written
    client.wrapAndSend(Array(page.bytes.readableBytesView))
    if page.next >= plan.document.snapshot.lines.count { return client.end(with: client.format.ending) }
    sendNext()
  }

  private func sendNext() {
    guard client.takesMore, !reading.isWaiting, !client.isGone,
      reading.index < plan.document.snapshot.lines.count
    else { return }
    reading.isWaiting = true
    let box = NIOLoopBound(self, eventLoop: client.channel.eventLoop)
    let order = PageWork.Order(
      layout: plan.document.layout, matcher: plan.document.matcher, snapshot: plan.document.snapshot,
      index: reading.index, written: reading.written, cancellation: cancellation)
    let work = PageWork(order) { page in
      guard let page else { return }
      box.eventLoop.execute { box.value.take(page) }
    }
    plan.stream.state.workers.submit(work, account: client.account, meter: meter)
  }

  /// Closes the connection if the events after the snapshot have left the ring: the client could not continue
  /// from the snapshot, and it would keep old objects in memory.
  func tick() {
    let ring = plan.stream.hubs[loopContext.index].positions
    if plan.document.snapshot.position < ring.lowerBound { client.reset() }
  }

  /// A document that lacks objects must not end as a complete one does. At the end of the input or of the
  /// process, the client can read the rest.
  func finish(reason: DisconnectReason) {
    switch reason {
    case .serverShutdown, .endOfStream, .sourceFailed: break
    default: client.reset()
    }
  }

  func release() { cancellation.cancel() }
}
