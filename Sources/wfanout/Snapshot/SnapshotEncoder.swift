// SPDX-License-Identifier: Apache-2.0

/// A snapshot as one listener's lane wants it: the lines its matcher lets through, then the end marker.
enum SnapshotEncoder {
  static func encode(_ snapshot: Snapshot, lane: Lane, withEnd: Bool = true) -> [UInt8] {
    let batch = batch(of: snapshot)
    var bytes: [UInt8] = []
    for index in 0..<batch.count where lane.matcher?.matches(batch, index) ?? true {
      lane.format.encode(batch, index, into: &bytes)
    }
    if withEnd { bytes.append(contentsOf: lane.format.encode(.snapshotEnd(id: snapshot.id))) }
    return bytes
  }

  static func batch(of snapshot: Snapshot) -> Batch {
    var batch = Batch(firstPosition: 0, hasIDs: false)
    for line in snapshot.lines { batch.append(line, epoch: snapshot.id.epoch) }
    batch.seal()
    return batch
  }
}
