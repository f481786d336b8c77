// SPDX-License-Identifier: Apache-2.0
import NIOCore

/// Makes a page of a snapshot on a worker.
final class PageWork: Work, @unchecked Sendable {  // one worker at a time
  /// The parameters of a page.
  struct Order: Sendable {
    var layout: SnapshotLayout
    var matcher: (any LineMatcher)?
    var snapshot: Snapshot
    var index = 0
    /// The number of objects that were written before it.
    var written = 0
    var cancellation = Cancellation()
  }

  private let order: Order
  private let whenDone: @Sendable (SnapshotPage?) -> Void
  private var index: Int
  private var written: Int
  private var bytes: [UInt8] = []
  private var page: SnapshotPage?

  /// Lines that are matched and encoded between two checks of the clock.
  private static let step = 32

  /// `whenDone` is called once, at the end; with nil when the work was cancelled.
  init(_ order: Order, whenDone: @escaping @Sendable (SnapshotPage?) -> Void) {
    self.order = order
    self.whenDone = whenDone
    index = order.index
    written = order.written
  }

  func run(_ slice: Slice) -> Bool {
    let snapshot = order.snapshot
    let key = SnapshotPages.Key(layout: order.layout, matcher: order.matcher?.key ?? "", index: order.index)
    if index == order.index, let known = snapshot.pages[key] {
      page = known
      return true
    }
    while index < snapshot.lines.count, bytes.count < SnapshotPage.byteLimit {
      if order.cancellation.isCancelled { return true }
      encodeStep(snapshot)
      if slice.isOver, index < snapshot.lines.count, bytes.count < SnapshotPage.byteLimit { return false }
    }
    if index >= snapshot.lines.count {
      order.layout.appendEnd(snapshot.id, isEmpty: written == 0, to: &bytes)
    }
    let page = SnapshotPage(bytes: ByteBuffer(bytes: bytes), next: index, written: written)
    snapshot.pages.insert(page, key)
    self.page = page
    return true
  }

  func finish() { whenDone(page) }

  private func encodeStep(_ snapshot: Snapshot) {
    var batch = Batch(firstPosition: 0, hasIDs: false)
    let end = min(index + PageWork.step, snapshot.lines.count)
    while index < end {
      if let line = snapshot.lines[index] { batch.append(line.dropLast(Batch.padding)) }
      index += 1
    }
    batch.seal(epoch: 0)
    for line in 0..<batch.count where order.matcher?.matches(batch, line) ?? true {
      guard order.layout.append(batch, line, isFirst: written == 0, id: snapshot.id, to: &bytes) else {
        continue
      }
      written += 1
      if order.layout == .object {
        index = snapshot.lines.count
        return
      }
    }
  }
}
