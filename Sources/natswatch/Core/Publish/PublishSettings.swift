// SPDX-License-Identifier: Apache-2.0

package import Filter

/// What `natswatch publish` is to do.
package struct PublishSettings: Sendable {
  package enum OnError: String, Sendable, CaseIterable {
    /// Leave the line out, report it, continue; the status is 65 at the end.
    case skip
    /// End with 65 at the first one.
    case fail
  }

  package var subject: SubjectTemplate
  /// The stream to create where none captures the subject: its configuration in JetStream's JSON.
  package var newStream: String?
  package var headers: [PublishWindow.Header] = []
  /// The message id of a line; nil: one of this run.
  package var identifier: LineFilter?
  /// The message id of every line, from a `Nats-Msg-Id` header of the user's.
  package var fixedIdentifier: String?
  /// Without ids a stream knows no repetitions.
  package var givesIdentifiers = true
  /// Members to add to a line that has them not.
  package var fill: [LineComposer.Fill] = []
  /// Publish what an event carries, with the headers it came with, not the event.
  package var unwraps = false
  /// Messages sent and not yet acknowledged.
  package var window = 4096
  /// Messages a second.
  package var rate: Double?
  package var burst: Double?
  /// The file for the place in the stream of origin up to which everything is stored.
  package var state: String?
  package var onError = OnError.skip
  package init(subject: SubjectTemplate) { self.subject = subject }
}
