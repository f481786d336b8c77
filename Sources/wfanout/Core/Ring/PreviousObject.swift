// SPDX-License-Identifier: Apache-2.0

/// The previous version of an event's object.
enum PreviousObject: Sendable {
  /// The object did not exist.
  case absent
  /// As an `ADDED` line, followed by ``Batch/padding``.
  case line([UInt8])
  /// It was not kept, or the event has no object.
  case unknown
}
