// SPDX-License-Identifier: Apache-2.0
package import Events
package import Lines

/// What `natswatch tail` is to do.
package struct TailSettings: Sendable {
  package enum OnGone: String, Sendable, CaseIterable {
    /// Write an ERROR line and end with 75.
    case exit
    /// Write an ERROR line and continue with what there is.
    case `continue`
  }

  package var subjects: [SubjectPattern]
  package var stream: String?
  package var start = OrderedConsumer.Start.newOnly
  package var isStrict = false
  package var onGone = OnGone.exit
  package var form = EventEncoder.Form.event
  package var invalid = EventEncoder.InvalidPolicy.wrap
  /// Write a BOOKMARK when the position has moved without a message.
  package var writesBookmarks = false
  /// End when all that was there at the start has been written.
  package var untilNow = false
  /// End after this sequence.
  package var untilSequence: UInt64?
  /// End before the first message that was stored after this time, in nanoseconds since 1970.
  package var untilTime: Int64?
  /// Ask for headers and sizes without payloads.
  package var headersOnly = false
  /// End after so many messages.
  package var count: UInt64?
  package var stateFile: StateFile?
  package var status = StatusSink.Destination.nowhere
  package init(subjects: [SubjectPattern]) { self.subjects = subjects }
}
