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

  /// Control lines tell about the stream itself. A filter passes them by default.
  package var isControl: Bool {
    switch self {
    case .bookmark, .error, .status: true
    case .added, .modified, .deleted, .metrics: false
    }
  }
}
