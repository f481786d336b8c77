// SPDX-License-Identifier: Apache-2.0

/// Where a listener begins.
enum StartPoint: Equatable, Sendable {
  /// With the next event.
  case now
  /// With the event at this position.
  case position(Int)
  /// At the end of the ring, leaving out events of this epoch up to this sequence: another replica was ahead of this one.
  case after(EventID)
  /// Continuity cannot be shown: say so, send the snapshot, go on with the next event.
  case reset(ResetReason)
}

enum ResetReason: String, Sendable {
  /// The id is of another numbering, or was never given.
  case unknown
  /// The events after it have left the ring.
  case expired
}

/// Finding the place of an id in a ring.
enum Resume {
  /// How far another replica of the same stream may be ahead before its ids are taken for wrong.
  static let lead: UInt64 = 100_000

  /// The place just after the event with this sequence in our own numbering, where the first event has 1 and 0 is before it.
  ///
  /// `oldest` is the position of the oldest event in the ring; `published` is how many events there have been, all of which a
  /// loop may not have yet.
  static func place(after sequence: UInt64, oldest: Int, published: Int) -> StartPoint {
    guard sequence <= UInt64(published) else { return .reset(.unknown) }
    return sequence >= UInt64(oldest) ? .position(Int(sequence)) : .reset(.expired)
  }

  /// The place just after the event with this id of a source.
  ///
  /// An id that was never in this ring still has a place when it lies between two events that are here: a replica with another
  /// filter, or a bookmark's id.
  static func place(of id: EventID, in batches: some Sequence<Batch>) -> StartPoint {
    var newest: EventID?
    var oldest: EventID?
    var following: Int?
    for batch in batches {
      for index in stride(from: batch.count - 1, through: 0, by: -1) {
        let candidate = batch.ids[index]
        if candidate == id { return .position(batch.firstPosition + index + 1) }
        guard candidate.epoch == id.epoch else { continue }
        if newest == nil { newest = candidate }
        oldest = candidate
        if candidate.sequence > id.sequence { following = batch.firstPosition + index }
      }
    }
    guard let newest, let oldest else { return .reset(.unknown) }
    if id.sequence > newest.sequence {
      return id.sequence - newest.sequence <= lead ? .after(id) : .reset(.unknown)
    }
    guard let following else { return .reset(.unknown) }
    if id.sequence > oldest.sequence || oldest.sequence - id.sequence == 1 { return .position(following) }
    return .reset(.expired)
  }

  /// The place just after the newest event whose object has this resourceVersion.
  static func place(ofVersion version: String, in batches: some Sequence<Batch>) -> StartPoint {
    let hash = LineFacts.hash(version.utf8)
    for batch in batches {
      for index in stride(from: batch.count - 1, through: 0, by: -1) where batch.versionHashes[index] == hash
      {
        let line = batch.line(index)
        guard let object = JSONScan.member("object", of: batch.bytes, in: line),
          let metadata = JSONScan.member("metadata", of: batch.bytes, in: object),
          let value = JSONScan.member("resourceVersion", of: batch.bytes, in: metadata),
          let text = JSONScan.inside(batch.bytes, value), batch.bytes[text].elementsEqual(version.utf8)
        else { continue }
        return .position(batch.firstPosition + index + 1)
      }
    }
    return .reset(.expired)
  }
}
