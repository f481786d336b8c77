// SPDX-License-Identifier: Apache-2.0

package import Filter
import Glibc
import JSON
import Lines

/// The settings of `natswatch publish`.
package struct PublishSettings: Sendable {
  package enum OnError: String, Sendable, CaseIterable {
    /// Leave the line out, report it, continue; the status is 65 at the end.
    case skip
    /// End with 65 at the first one.
    case fail
  }

  package var subject: SubjectTemplate
  /// The stream to create if none captures the subject: its configuration in JetStream's JSON.
  package var newStream: [UInt8]?
  package var headers: [PublishWindow.Header] = []
  /// The expression for the message id of a line; nil for generated ids.
  package var identifier: LineFilter?
  /// The message id of every line, from the user's `Nats-Msg-Id` header.
  package var fixedIdentifier: String?
  /// Whether messages have ids, without which a stream does not recognise repetitions.
  package var givesIdentifiers = true
  /// Members to add to lines without them.
  package var fill: [LineComposer.Fill] = []
  /// Whether the original message is restored from an event: its payload and headers.
  package var unwraps = false
  /// The maximum number of unacknowledged messages.
  package var window = 4096
  /// Messages a second.
  package var rate: Double?
  package var burst: Double?
  /// The file for the position in the original stream up to which everything is stored.
  package var state: String?
  package var onError = OnError.skip
  /// The prefix of `events_published_total`; nil if nobody reads the metrics.
  package var metricsPrefix: String?

  package init(subject: SubjectTemplate) { self.subject = subject }

  /// The configuration of a new stream for a subject, with the server's defaults.
  package static func newStream(_ name: String, for subject: SubjectPattern) -> [UInt8] {
    JSONWriter.object { configuration in
      configuration.member("name", name)
      configuration.key("subjects")
      configuration.array { $0.value(subject.description) }
    }
  }

  /// The configuration of a new stream from its file.
  package static func newStream(file path: String) throws(NATSError) -> [UInt8] {
    do throws(FileError) {
      let bytes = try WholeFile.read(path)
      guard PayloadScanner.isObject(String(decoding: bytes, as: UTF8.self)) else {
        let example = #"{"name":"ORDERS","subjects":["orders.>"]}"#
        throw FileError(errno: EINVAL, "it must be a JSON object such as \(example)")
      }
      return bytes
    } catch {
      throw NATSError(error.isMissing ? .notFound : .badUsage, "read --create-stream '\(path)': \(error)")
    }
  }
}
