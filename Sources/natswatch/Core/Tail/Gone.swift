// SPDX-License-Identifier: Apache-2.0

/// Why continuity cannot be guaranteed: the reason of a 410.
package enum Gone: Equatable, Sendable, CustomStringConvertible {
  /// Messages after the frontier have been removed, by limits or a purge. `first` is the oldest one left.
  case expired(after: UInt64, first: UInt64)
  /// The position is beyond the stream's end: it belongs to another stream, or the stream lost messages.
  case ahead(after: UInt64, last: UInt64)
  /// The stream has been deleted.
  case deleted(stream: String)
  /// The stream has been deleted and created again.
  case recreated(stream: String)
  /// The server has passed over messages that the stream contains.
  case skipped(after: UInt64, before: UInt64)
  /// Messages have been removed from the middle, and `--strict` requires every message.
  case removed(after: UInt64)

  package var description: String {
    switch self {
    case .expired(0, let first):
      "the messages since the start of this tail have been removed: the oldest is \(first)"
    case .deleted(let stream):
      "the stream \(stream) has been deleted"
    case .expired(let after, let first):
      "too old resource version: \(after): the messages after it up to \(first) have been removed"
    case .ahead(let after, let last):
      "too large resource version: \(after): the stream ends at \(last)"
    case .recreated(let stream):
      "the stream \(stream) has been deleted and created again: its sequences mean other messages now"
    case .skipped(let after, let next):
      "the server has not delivered the messages after \(after) and before \(next), which are in the stream"
    case .removed(let after):
      "messages after resource version \(after) have been removed from the middle of the stream"
    }
  }
}
