// SPDX-License-Identifier: Apache-2.0

/// The start position of a listener.
enum StartPoint: Equatable, Sendable {
  /// With the next event.
  case now
  /// With the event at this position.
  case position(Int)
  /// At the end of the ring, skipping events of this epoch up to this sequence, because another replica was
  /// ahead of this one.
  case after(EventID)
  /// Continuity cannot be guaranteed: send a reset, then the snapshot, then the next event.
  case reset(ResetReason)
}

enum ResetReason: String, Sendable {
  /// The id has another epoch, or was never assigned.
  case unknown
  /// The events after it have left the ring.
  case expired
}

/// Finding the place of an id; those of other numberings are in a ``RingIndex``.
enum Resume {
  /// How far another replica of the stream may be ahead before its ids are considered invalid.
  static let lead: UInt64 = 100_000

  /// The position after the event with this sequence in our own numbering, in which the first event has 1.
  ///
  /// `oldest` is the position of the oldest event in the ring; `published` is the number of events so far, of
  /// which the loop may not have received all.
  static func place(after sequence: UInt64, oldest: Int, published: Int) -> StartPoint {
    guard sequence <= UInt64(published) else { return .reset(.unknown) }
    return sequence >= UInt64(oldest) ? .position(Int(sequence)) : .reset(.expired)
  }
}
