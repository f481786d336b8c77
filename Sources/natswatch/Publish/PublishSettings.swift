// SPDX-License-Identifier: Apache-2.0

import Filter

/// What `natswatch publish` is to do.
struct PublishSettings: Sendable {
  enum OnError: String, Sendable, CaseIterable {
    /// Leave the line out, say so, go on.
    case skip
    /// End with 65.
    case fail
  }

  var subject: SubjectTemplate
  /// The stream to create where none captures the subject: its configuration in JetStream's JSON.
  var newStream: String?
  var headers: [PublishWindow.Header] = []
  /// The message id of a line; nil: one of this run.
  var identifier: LineFilter?
  /// Without ids a stream knows no repetitions.
  var givesIdentifiers = true
  /// Members to add to a line that has them not.
  var fill: [LineComposer.Fill] = []
  /// Publish what an event carries, with the headers it came with, not the event.
  var unwraps = false
  /// Messages sent and not yet acknowledged.
  var window = 4096
  /// Messages a second.
  var rate: Double?
  var burst: Double?
  var onError = OnError.skip
}
