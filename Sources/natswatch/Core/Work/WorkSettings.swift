// SPDX-License-Identifier: Apache-2.0

package import Events
package import Filter

/// The settings of `natswatch work`.
package struct WorkSettings: Sendable {
  package var subjects: [SubjectPattern]
  package var stream: String?
  package var durable: String
  /// The handler and its arguments.
  package var command: [String]
  /// Whether handlers are long-lived and read one message per line.
  package var handsOverLines = false
  /// Messages that do not match are acknowledged without being handled.
  package var filter: LineFilter?
  package var jobs = 1
  /// How long the server waits for a sign of life before it gives a message to another worker. Nil means the
  /// value of an existing consumer, or ``defaultAckWait``.
  package var ackWait: Duration?
  package var schedule = RetrySchedule()
  /// The subject for messages without remaining tries; `{subject}` is replaced by the message's subject. Nil
  /// if they are dropped.
  package var deadLetters: String?
  package var breaker: Int?
  package var breakerPause: Duration = .seconds(30)
  /// Where the handler's lines are published.
  package var reply: String?
  /// A handler that takes longer is killed, which counts as failure.
  package var handlerTimeout: Duration?
  package var heartbeat: HeartbeatSettings?
  package var journal: String?
  /// The field whose value makes two messages the same.
  package var deduplicateBy: PathPattern?
  package var deduplicateFor: Duration = .seconds(120)
  /// Print the messages instead of handling them.
  package var isDryRun = false
  /// How long running handlers may take after a request to end.
  package var drainTimeout: Duration = .seconds(60)
  package var controller = "natswatch"
  package var platform = ""

  package static let defaultAckWait: Duration = .seconds(30)

  package init(subjects: [SubjectPattern], durable: String, command: [String]) {
    self.subjects = subjects
    self.durable = durable
    self.command = command
  }

  package struct HeartbeatSettings: Sendable {
    package var subject: String
    package var interval: Duration = .seconds(30)
    package var capabilities: [String] = []
    /// A JSON object that describes the controlled system.
    package var clusterInfo = "{}"

    package init(subject: String, interval: Duration = .seconds(30)) {
      self.subject = subject
      self.interval = interval
    }
  }

  /// The subject for the dead letter of a message. Dots are kept.
  package func deadLetterSubject(for subject: String) -> String? {
    deadLetters.map { Self.replacing("{subject}", in: $0, with: subject) }
  }

  package static func replacing(_ place: String, in text: String, with value: String) -> String {
    var result = ""
    var rest = text[...]
    while let brace = rest.firstIndex(of: "{") {
      result += rest[..<brace]
      if rest[brace...].hasPrefix(place) {
        result += value
        rest = rest[rest.index(brace, offsetBy: place.count)...]
      } else {
        result.append("{")
        rest = rest[rest.index(after: brace)...]
      }
    }
    return result + rest
  }
}
