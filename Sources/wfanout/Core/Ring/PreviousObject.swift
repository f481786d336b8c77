// SPDX-License-Identifier: Apache-2.0

/// The previous version of an event's object.
enum PreviousObject: Sendable {
  /// It was not there.
  case absent
  /// As an `ADDED` line, with ``Batch/padding`` behind it.
  case line([UInt8])
  /// Nobody kept it, or the event is of no object.
  case unknown
}
