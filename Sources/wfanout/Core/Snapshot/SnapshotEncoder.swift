// SPDX-License-Identifier: Apache-2.0
import NIOCore

/// A snapshot as the listeners of one lane want it: the lines its matcher lets through.
struct EncodedSnapshot {
  let bytes: ByteBuffer
  /// What tells a listener that it has all of it.
  let end: ByteBuffer
  /// The position of the first event that is not in it.
  let position: Int

  init(_ snapshot: Snapshot, lane: Lane) {
    let batch = SnapshotEncoder.batch(of: snapshot)
    var bytes: [UInt8] = []
    for index in 0..<batch.count where lane.matcher?.matches(batch, index) ?? true {
      lane.format.encode(batch, index, into: &bytes)
    }
    self.bytes = ByteBuffer(bytes: bytes)
    end = ByteBuffer(bytes: lane.format.encode(.snapshotEnd(id: snapshot.id)))
    position = snapshot.position
  }
}

/// The lines of a snapshot, to be matched and encoded like others.
enum SnapshotEncoder {

  static func batch(of snapshot: Snapshot) -> Batch {
    var batch = Batch(firstPosition: 0, hasIDs: false)
    for line in snapshot.lines { batch.append(line, epoch: snapshot.id.epoch) }
    batch.seal()
    return batch
  }
}
