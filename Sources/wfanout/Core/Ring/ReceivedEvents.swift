// SPDX-License-Identifier: Apache-2.0

/// The events of a stream that a client received from another replica: those up to a sequence.
struct ReceivedEvents: Sendable, Equatable {
  /// Nil for the stream of the next event, if the client named a sequence while no event was known.
  private(set) var epoch: UInt64?
  let sequence: UInt64
  /// Whether the next event must be the one directly after them: nothing else proves that none is missing.
  let mustAdjoin: Bool

  init(epoch: UInt64?, sequence: UInt64, mustAdjoin: Bool = false) {
    self.epoch = epoch
    self.sequence = sequence
    self.mustAdjoin = mustAdjoin
  }

  init(_ last: EventID) { self.init(epoch: last.epoch, sequence: last.sequence) }

  /// The last of them; nil if its stream is not known yet.
  var last: EventID? { epoch.map { EventID(epoch: $0, sequence: sequence) } }

  /// Whether events may be missing between them and the one at `start`.
  func mayLack(before start: Int, of batch: Batch) -> Bool {
    guard mustAdjoin, batch.hasSourceIDs, start < batch.count else { return false }
    let first = batch.ids[start]
    return first.epoch == epoch ?? first.epoch && first.sequence > sequence && first.sequence - sequence > 1
  }

  /// The index of the first event from `start` on that the client has not received; nil if it has received all.
  mutating func next(in batch: Batch, from start: Int) -> Int? {
    guard start < batch.count else { return nil }
    if epoch == nil {
      // Without ids of a source, the sequence was the version of an object.
      let first = batch.ids[start]
      guard batch.hasSourceIDs, sequence < first.sequence || sequence - first.sequence <= Resume.lead
      else { return start }
      epoch = first.epoch
    }
    return batch.ids[start...].firstIndex { $0.epoch != epoch || $0.sequence > sequence }
  }
}
