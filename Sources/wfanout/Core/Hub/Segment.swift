// SPDX-License-Identifier: Apache-2.0
import NIOCore
import Synchronization

/// A batch and its encodings, shared by all event loops. Immutable but for the encodings, which are made on
/// demand.
final class Segment: Sendable, RingElement {
  let batch: Batch
  private let views = Mutex<[WireFormat: SegmentView]>([:])
  /// What the ring is charged with: the lines, one encoding, which is what a hub with one kind of listener
  /// holds, and what the objects were before.
  let byteCount: Int
  /// When its lines were read.
  let received = ContinuousClock.now

  init(_ batch: Batch) {
    self.batch = batch
    self.byteCount = batch.bytes.count * 2 + batch.count * 48 + 512 + batch.previousByteCount
  }

  var firstPosition: Int { batch.firstPosition }
  var endPosition: Int { batch.endPosition }

  /// All events of the batch in this format; made once, whoever asks first.
  func view(_ format: WireFormat) -> SegmentView {
    views.withLock { views in
      if let view = views[format] { return view }
      let view = SegmentView(batch, format: format)
      views[format] = view
      return view
    }
  }
}
