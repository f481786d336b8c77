// SPDX-License-Identifier: Apache-2.0

/// What `natswatch work` is to do.
struct WorkSettings: Sendable {
  var subjects: [SubjectPattern]
  var stream: String?
  var durable: String
  /// The handler and its arguments.
  var command: [String]
  var jobs = 1
  /// How long the server waits for a sign of life before it gives a message to another.
  var ackWait: Duration = .seconds(30)
  var schedule = RetrySchedule()
  /// Where messages go whose tries are spent, `{subject}` being their own; nil: they are dropped.
  var deadLetters: String?
  var breaker: Int?
  var breakerPause: Duration = .seconds(30)
  /// Where the handler's lines are published.
  var reply: String?
  /// A handler that takes longer is killed, which counts as failure.
  var handlerTimeout: Duration?
  var heartbeat: HeartbeatSettings?
  var journal: String?
  /// The field whose value makes two messages the same.
  var deduplicateBy: FieldPath?
  var deduplicateFor: Duration = .seconds(120)
  /// Write messages to stdout instead of handling them, and give them back.
  var isDryRun = false
  /// How long handlers that run may go on after a request to end.
  var drainTimeout: Duration = .seconds(60)
  var controller = "natswatch"
  var platform = ""

  struct HeartbeatSettings: Sendable {
    var subject: String
    var interval: Duration = .seconds(30)
    var capabilities: [String] = []
    /// A JSON object about what is controlled.
    var clusterInfo = "{}"
  }

  /// The subject for the dead letter of a message. Dots are kept.
  func deadLetterSubject(for subject: String) -> String? {
    deadLetters.map { Self.replacing("{subject}", in: $0, with: subject) }
  }

  static func replacing(_ place: String, in text: String, with value: String) -> String {
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
