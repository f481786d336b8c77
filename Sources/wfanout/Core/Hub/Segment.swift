// SPDX-License-Identifier: Apache-2.0
import NIOCore
import Synchronization

/// A batch and its encodings, shared by all event loops. Immutable except for the encodings, which are made
/// on demand.
final class Segment: Sendable, RingElement {
  let batch: Batch
  /// The positions of events that have not been delivered to any listener.
  private let unrouted: Mutex<[Int]>
  private let views = Mutex<[WireFormat: SegmentView]>([:])
  /// The size that the ring is charged with: the lines and their facts, one encoding (a hub with one kind of
  /// listener needs no more), and the previous states of the objects.
  let byteCount: Int
  /// When its lines were read.
  let received = ContinuousClock.now

  init(_ batch: Batch) {
    self.batch = batch
    unrouted = Mutex(Array(batch.firstPosition..<batch.endPosition))
    self.byteCount = batch.bytes.count * 2 + batch.count * 128 + 512 + batch.previousByteCount
  }

  var firstPosition: Int { batch.firstPosition }
  var endPosition: Int { batch.endPosition }

  /// Marks events as routed, so that each event is counted once, not once per delivery.
  ///
  /// - Parameters:
  ///   - view: the part of this segment that a listener gets.
  ///   - start: its first event.
  ///   - end: the event after its last.
  /// - Returns: The number of events that were delivered for the first time, by type.
  func newlyRouted(_ view: SegmentView, from start: Int, to end: Int) -> [UInt8: Int] {
    unrouted.withLock { unrouted in
      guard !unrouted.isEmpty else { return [:] }
      var counts: [UInt8: Int] = [:]
      unrouted.removeAll { position in
        guard position >= start, position < end, view.includes(position) else { return false }
        counts[batch.types[position - firstPosition], default: 0] += 1
        return true
      }
      if unrouted.isEmpty { unrouted = [] }
      return counts
    }
  }

  /// All events of the batch in this format; encoded on first use.
  func view(_ format: WireFormat) -> SegmentView {
    views.withLock { views in
      if let view = views[format] { return view }
      let view = SegmentView(batch, format: format)
      views[format] = view
      return view
    }
  }
}
