// SPDX-License-Identifier: Apache-2.0

/// What a snapshot includes, for a client that must not get one that is older than a version it knows.
struct SnapshotVersion: Sendable {
  /// The id of the last event that is included.
  var id: EventID
  /// The greatest number that was the version of an object or a bookmark; 0 if there was none.
  private var number: UInt64 = 0

  init(id: EventID) { self.id = id }

  mutating func note(_ batch: Batch) {
    if let last = batch.ids.last { id = last }
    guard !batch.hasSourceIDs else { return }
    for index in 0..<batch.count where batch.kinds[index] != .other {
      guard let version = batch.value(.version, index),
        let version = batch.bytes.withJSON(version, { json, _ in json.unsigned })
      else { continue }
      number = max(number, version)
    }
  }

  /// The event that a client's version stands for. Behind natswatch, whose ids are not of `ownEpoch`, the version of
  /// an object is a sequence of the stream.
  func id(of version: String, ownEpoch: UInt64) -> EventID? {
    guard id.epoch != ownEpoch, let sequence = UInt64(version) else { return EventID(version) }
    return EventID(epoch: id.epoch, sequence: sequence)
  }

  /// The version here, if a client's version is newer. Versions that cannot be compared are not.
  func current(before version: String, ownEpoch: UInt64) -> String? {
    // A replica that has just been started has no events yet, and would send an empty list.
    if id == EventID(epoch: ownEpoch, sequence: 0), UInt64(version) != nil || EventID(version) != nil {
      return EventID(version) == id ? nil : "\(id)"
    }
    if let wanted = self.id(of: version, ownEpoch: ownEpoch) {
      return wanted.epoch == id.epoch && wanted.sequence > id.sequence ? "\(id)" : nil
    }
    // The versions of one API server grow (Kubernetes API conventions, KEP-5504).
    guard number > 0, let wanted = UInt64(version), wanted > number else { return nil }
    return String(number)
  }
}
