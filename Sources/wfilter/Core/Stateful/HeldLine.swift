// SPDX-License-Identifier: Apache-2.0
import Events

/// A line that is held, with its properties, until it is printed.
struct HeldLine: Sendable, Equatable {
  var key: KeyHash
  /// Without the newline.
  var line: Line
  /// Whether the line passed the filter. A line that did not pass is kept only because its object may leave
  /// the filter.
  var matched: Bool
  /// Nil where the line is not a watch event.
  var type: EventType?
}
