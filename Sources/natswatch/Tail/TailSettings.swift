// SPDX-License-Identifier: Apache-2.0

import Watch

/// What `natswatch tail` is to do.
struct TailSettings: Sendable {
  enum OnGone: String, Sendable, CaseIterable {
    /// Say so with an ERROR line and end with 75.
    case exit
    /// Say so with an ERROR line and go on with what there is.
    case `continue`
  }

  var subjects: [SubjectPattern]
  var stream: String?
  var start = OrderedConsumer.Start.newOnly
  var isStrict = false
  var onGone = OnGone.exit
  var form = EventEncoder.Form.event
  var invalid = EventEncoder.InvalidPolicy.wrap
  /// Write a BOOKMARK when the position has moved without a message.
  var writesBookmarks = false
  /// End when all that was there at the start has been written.
  var untilNow = false
  /// End after so many messages.
  var count: UInt64?
  /// End with 124 after so long.
  var timeLimit: Duration?
  var stateFile: StateFile?
  var status = StatusSink.Destination.nowhere
}
