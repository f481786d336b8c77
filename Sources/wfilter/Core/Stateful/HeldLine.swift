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

/// A line that may have to be held. Its bytes are still those of the input, with padding after them.
@safe struct ArrivingLine {
  var key: KeyHash
  var bytes: UnsafeRawBufferPointer
  var matched: Bool
  var type: EventType?
}

extension HeldLine {
  init(_ arriving: ArrivingLine) {
    self.init(
      key: arriving.key, line: unsafe Line(arriving.bytes), matched: arriving.matched, type: arriving.type)
  }

  /// Becomes a newer line of the same key.
  mutating func replace(with newer: ArrivingLine) {
    unsafe line.replace(with: newer.bytes)
    matched = newer.matched
    type = newer.type
  }
}
