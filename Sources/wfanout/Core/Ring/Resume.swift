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

/// Finding the place of an id; those of other numberings are in a ``RingIndex``.
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
}
