// SPDX-License-Identifier: Apache-2.0

/// The `type` of a watch event.
///
/// The first five are Kubernetes' (API conventions, "Efficient detection of changes"); STATUS and METRICS are
/// this toolkit's.
package enum EventType: String, Sendable, CaseIterable {
  case added = "ADDED"
  case modified = "MODIFIED"
  case deleted = "DELETED"
  case bookmark = "BOOKMARK"
  case error = "ERROR"
  case status = "STATUS"
  case metrics = "METRICS"

  /// The standard library's `==` for enums with raw values compares their texts.
  package static func == (left: EventType, right: EventType) -> Bool {
    switch (left, right) {
    case (.added, .added), (.modified, .modified), (.deleted, .deleted), (.bookmark, .bookmark),
      (.error, .error), (.status, .status), (.metrics, .metrics):
      true
    default: false
    }
  }

  /// Control lines describe the stream itself. A filter passes them by default.
  package var isControl: Bool {
    switch self {
    case .bookmark, .error, .status: true
    case .added, .modified, .deleted, .metrics: false
    }
  }

  /// The type of a change in a filtered watch, by the rules of the API server's cacher
  /// (`convertToWatchEvent`).
  ///
  /// An ADDED of an object that matched before becomes MODIFIED: the reader has the object, because the
  /// source has listed again.
  /// - Returns: nil if the filtered watch has no event.
  package func delivered(matchedBefore: Bool, matchesNow: Bool) -> EventType? {
    switch self {
    case .added, .modified:
      if matchedBefore { matchesNow ? .modified : .deleted } else { matchesNow ? .added : nil }
    case .deleted: matchedBefore ? .deleted : nil
    case .bookmark, .error, .status, .metrics: matchesNow ? self : nil
    }
  }
}
