// SPDX-License-Identifier: Apache-2.0
package import Lines

/// The settings of `natswatch tail`.
package struct TailSettings: Sendable {
  package enum OnGone: String, Sendable, CaseIterable {
    /// Write an ERROR line and end with 75.
    case exit
    /// Write an ERROR line and continue with the oldest message available.
    case `continue`
  }

  package var subjects: [SubjectPattern]
  package var stream: String?
  package var start = OrderedConsumer.Start.newOnly
  package var isStrict = false
  package var onGone = OnGone.exit
  package var form = EventEncoder.Form.event
  package var invalid = EventEncoder.InvalidPolicy.wrap
  /// Whether a BOOKMARK is written when the position has moved without a message.
  package var writesBookmarks = false
  /// Whether the run ends after the messages that were stored at its start.
  package var untilNow = false
  /// End after this sequence.
  package var untilSequence: UInt64?
  /// End before the first message that was stored after this time, in nanoseconds since 1970.
  package var untilTime: Int64?
  /// Whether only headers and sizes are requested, without payloads.
  package var headersOnly = false
  /// The number of messages to end after.
  package var count: UInt64?
  package var stateFile: StateFile?
  package init(subjects: [SubjectPattern]) { self.subjects = subjects }
}
