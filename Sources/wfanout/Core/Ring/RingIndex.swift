// SPDX-License-Identifier: Apache-2.0

/// Finds the events of a ring by id and by resource version.
///
/// It is contiguous memory: a search through all segments would keep an event loop for milliseconds, and any
/// client may ask for an id that was never given.
struct RingIndex: Sendable {
  /// Consecutive events of one epoch in ascending order: as a rule all events of a ring.
  private struct Run: Sendable {
    let epoch: UInt64
    let firstSequence: UInt64
    var lastSequence: UInt64
    let firstPosition: Int
    var endPosition: Int
  }

  private var runs: [Run] = []
  /// The first run with an event that is still in the ring.
  private var head = 0
  /// ``LineFacts/versionHash`` of each event; empty until an event has one.
  private var hashes: [UInt64] = []
  /// The position of the event that the first hash belongs to.
  private var firstHashed = 0
  private var start = 0

  /// Takes in the events of a batch, which follow the ones that are here.
  mutating func append(_ batch: Batch) {
    for (index, id) in batch.ids.enumerated() { append(id, at: batch.firstPosition + index) }
    if hashes.isEmpty {
      guard batch.versionHashes.contains(where: { $0 != 0 }) else { return }
      firstHashed = batch.firstPosition
    }
    hashes.append(contentsOf: batch.versionHashes)
  }

  private mutating func append(_ id: EventID, at position: Int) {
    if let last = runs.indices.last, runs[last].epoch == id.epoch, runs[last].lastSequence < id.sequence,
      runs[last].endPosition == position
    {
      runs[last].lastSequence = id.sequence
      runs[last].endPosition = position + 1
    } else {
      runs.append(
        Run(
          epoch: id.epoch, firstSequence: id.sequence, lastSequence: id.sequence, firstPosition: position,
          endPosition: position + 1))
    }
  }

  /// The events before `position` have left the ring.
  mutating func removeEvents(before position: Int) {
    start = position
    while head < runs.count, runs[head].endPosition <= position { head += 1 }
    if head * 2 > runs.count {
      runs.removeFirst(head)
      head = 0
    }
    let gone = position - firstHashed
    guard gone * 2 > hashes.count else { return }
    hashes.removeFirst(min(gone, hashes.count))
    firstHashed = position
  }

  /// The epoch of the newest event that its source has numbered, not we (`own`); nil if there is none.
  func sourceEpoch(besides own: UInt64) -> UInt64? { runs[head...].last { $0.epoch != own }?.epoch }

  /// The position after the event with this id of the source.
  ///
  /// An id that was never in this ring still has a position if it lies between two events of the ring: it may
  /// come from a replica with another filter, or from a bookmark. `batch` returns the batch with the event at
  /// a position.
  func place(of id: EventID, batch: (Int) -> Batch?) -> StartPoint {
    func sequence(at position: Int) -> UInt64 {
      batch(position).map { $0.ids[position - $0.firstPosition].sequence } ?? 0
    }
    var newest: UInt64?
    var oldest: UInt64?
    var following: Int?
    for run in runs[head...].reversed() where run.epoch == id.epoch {
      if newest == nil { newest = run.lastSequence }
      let first = max(run.firstPosition, start)
      let firstSequence = first == run.firstPosition ? run.firstSequence : sequence(at: first)
      oldest = firstSequence
      guard id.sequence <= run.lastSequence else { continue }
      guard id.sequence >= firstSequence else {
        following = first
        continue
      }
      // The first event whose sequence is not below the wanted one.
      var (low, high) = (first, run.endPosition - 1)
      while low < high {
        let middle = (low + high) / 2
        if sequence(at: middle) < id.sequence { low = middle + 1 } else { high = middle }
      }
      if sequence(at: low) == id.sequence { return .position(low + 1) }
      following = low
    }
    guard let newest, let oldest else { return .reset(.unknown) }
    if id.sequence > newest {
      return id.sequence - newest <= Resume.lead ? .after(id) : .reset(.unknown)
    }
    guard let following else { return .reset(.unknown) }
    if id.sequence > oldest || oldest - id.sequence == 1 { return .position(following) }
    return .reset(.expired)
  }

  /// The position after the newest event whose object has this resourceVersion.
  func place(ofVersion version: String, batch: (Int) -> Batch?) -> StartPoint {
    let hash = LineFacts.hash(version.utf8)
    for index in hashes.indices.reversed() where hashes[index] == hash {
      let position = firstHashed + index
      guard position >= start else { break }
      guard let batch = batch(position) else { continue }
      if batch.text(.version, position - batch.firstPosition) == version { return .position(position + 1) }
    }
    return .reset(.expired)
  }
}
