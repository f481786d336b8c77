// SPDX-License-Identifier: Apache-2.0

/// Where work publishes: dead letters, replies, heartbeats.
extension WorkSettings {
  /// Something that work publishes.
  struct Outlet {
    var flag: String
    /// With `{subject}` where the message's own goes.
    var subject: String
    var what: String
    /// Whether a stream has to store it.
    var isStored = true
  }

  var outlets: [Outlet] {
    [
      deadLetters.map { Outlet(flag: "--dlq", subject: $0, what: "dead letters") },
      reply.map { Outlet(flag: "--reply", subject: $0, what: "replies") },
      heartbeat.map {
        Outlet(flag: "--heartbeat", subject: $0.subject, what: "heartbeats", isStored: false)
      },
    ].compactMap(\.self)
  }

  /// Refuses invalid subjects, and subjects whose messages would become work again, endlessly.
  ///
  /// - Throws: `badUsage`.
  package func checkOutlets() throws(NATSError) {
    for outlet in outlets { _ = try patterns(of: outlet) }
  }

  /// The pattern that the subjects of an outlet match.
  ///
  /// - Throws: `badUsage`.
  func patterns(of outlet: Outlet) throws(NATSError) -> [SubjectPattern] {
    let sample = Self.replacing("{subject}", in: outlet.subject, with: "x")
    guard let literal = SubjectPattern(sample), !literal.hasWildcard else {
      throw NATSError(
        .badUsage, "\(outlet.flag) \(outlet.subject): \"\(sample)\" is not a subject to publish to")
    }
    guard !sample.contains("{"), !sample.contains("}") else {
      throw NATSError(.badUsage, "\(outlet.flag) \(outlet.subject): only {subject} is filled in")
    }
    var patterns: [SubjectPattern] = []
    for subject in subjects {
      let text = Self.replacing("{subject}", in: outlet.subject, with: subject.description)
      guard let pattern = SubjectPattern(text) else {
        throw NATSError(.badUsage, "\(outlet.flag) \(outlet.subject): \"\(text)\" is not a subject")
      }
      // With --filter, replies and heartbeats can be distinguished from work. A dead letter is a message that
      // was work.
      if filter == nil || outlet.flag == "--dlq", let filter = subjects.first(where: { $0.overlaps(pattern) })
      {
        throw NATSError(
          .badUsage,
          "\(outlet.flag) \(outlet.subject): \(outlet.what) on \(pattern) would match the consumer's own subject \(filter)"
        )
      }
      if !patterns.contains(pattern) { patterns.append(pattern) }
    }
    return patterns
  }
}
