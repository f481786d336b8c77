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

  /// Control lines tell about the stream itself. A filter passes them by default.
  package var isControl: Bool {
    switch self {
    case .bookmark, .error, .status: true
    case .added, .modified, .deleted, .metrics: false
    }
  }

  /// As which type a watch with a selector tells of a change of an object that passed its filter before, or not, and passes it now, or not.
  ///
  /// The rule is the API server's own (apiserver's cacher, "convertToWatchEvent"). An ADDED of an object that passed before (a source
  /// that lists again says so) is a MODIFIED: the watch's reader has the object. What is deleted passes no more. Nil: nothing is told.
  package func told(passedBefore: Bool, passesNow: Bool) -> EventType? {
    switch self {
    case .added, .modified:
      if passedBefore { passesNow ? .modified : .deleted } else { passesNow ? .added : nil }
    case .deleted: passedBefore ? .deleted : nil
    case .bookmark, .error, .status, .metrics: passesNow ? self : nil
    }
  }
}
