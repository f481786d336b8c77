// SPDX-License-Identifier: Apache-2.0
import NIOCore

/// A response that is a document of several pages. A worker makes each page when the client has read the
/// previous one.
final class DocumentConnection: Connection {
  private var plan: DocumentPlan
  private var reading: SnapshotReading
  private let admission: Admission
  private let cancellation = Cancellation()
  private let meter = CPUMeter()

  init(
    channel: any Channel, format: WireFormat, plan: DocumentPlan, admission: Admission,
    loopContext: LoopContext
  ) {
    self.plan = plan
    self.admission = admission
    reading = SnapshotReading(snapshot: plan.document.snapshot)
    super.init(channel: channel, format: format, loopContext: loopContext)
  }

  func begin() { take(plan.firstPage) }

  override func resumeListeners() { sendNext() }

  private func take(_ page: SnapshotPage) {
    reading.isWaiting = false
    reading.index = page.next
    reading.written = page.written
    var bytes: [UInt8] = []
    format.wrap(Array(page.bytes.readableBytesView), into: &bytes)
    send(bytes)
    if page.next >= plan.document.snapshot.lines.count { return end(with: format.ending) }
    sendNext()
  }

  private func sendNext() {
    guard takesMore, !reading.isWaiting, !isGone, reading.index < plan.document.snapshot.lines.count else {
      return
    }
    reading.isWaiting = true
    let box = NIOLoopBound(self, eventLoop: channel.eventLoop)
    let order = PageWork.Order(
      layout: plan.document.layout, matcher: plan.document.matcher, snapshot: plan.document.snapshot,
      index: reading.index, written: reading.written, cancellation: cancellation)
    let work = PageWork(order) { page in
      guard let page else { return }
      box.eventLoop.execute { box.value.take(page) }
    }
    plan.stream.state.workers.submit(work, account: plan.account, meter: meter)
  }

  /// No heartbeats are sent within a document. If the events after the snapshot have left the ring, the
  /// connection is closed: the client could not continue from it, and it would keep old objects in memory.
  override func tick(heartbeatEvery _: UInt32, stallLimit: UInt32) {
    super.tick(heartbeatEvery: .max, stallLimit: stallLimit)
    let ring = plan.stream.hubs[loopContext.index].positions
    if plan.document.snapshot.position < ring.lowerBound { reset() }
  }

  override func farewell(reason: String, reconnectAfterMilliseconds delay: Int) -> [UInt8] { [] }

  override func removeListeners() {
    cancellation.cancel()
    admission.clientLeft()
  }
}
