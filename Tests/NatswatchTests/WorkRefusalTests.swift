// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

@testable import NatswatchCore

/// Settings that `natswatch work` refuses before the first message, and runs that cannot succeed.
@Suite(.timeLimit(.minutes(3))) struct WorkRefusalTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var flags: [String]
    var status: Int32
    var word: String
    var testDescription: String { flags.joined(separator: " ") }
  }

  static let cases = [
    Case(flags: ["--dlq", "dlq.>"], status: 64, word: "not a subject to publish to"),
    Case(flags: ["--dlq", "dlq.*"], status: 64, word: "not a subject to publish to"),
    Case(flags: ["--dlq", "dlq.{subjekt}"], status: 64, word: "only {subject}"),
    Case(flags: ["--dlq", "w.dlq"], status: 64, word: "match the consumer's own subject"),
    Case(flags: ["--reply", "w.out"], status: 64, word: "match the consumer's own subject"),
    Case(flags: ["--reply", "{subject}"], status: 64, word: "match the consumer's own subject"),
    Case(flags: ["--reply", "r.>"], status: 64, word: "not a subject to publish to"),
    Case(flags: ["--reply", "r. x"], status: 64, word: "not a subject to publish to"),
    Case(flags: ["--reply", ""], status: 64, word: "is empty"),
    Case(flags: ["--heartbeat", "w.alive"], status: 64, word: "match the consumer's own subject"),
    Case(flags: ["--heartbeat", "h\r\nPUB x 0"], status: 64, word: "not a subject to publish to"),
    Case(flags: ["--durable", "*"], status: 64, word: "--durable *"),
    Case(flags: ["--durable", "a/b"], status: 64, word: "--durable a/b"),
    Case(flags: ["--stream", "W x"], status: 64, word: "--stream W x"),
    Case(flags: ["--stream", "W.x"], status: 64, word: "--stream W.x"),
    Case(flags: ["--reply", "nobody.stores.it"], status: 66, word: "replies would be lost"),
    Case(flags: ["--dlq", "nobody.stores.{subject}"], status: 66, word: "dead letters would be lost"),
    Case(flags: ["--journal", "/"], status: 74, word: "Is a directory"),
  ]

  @Test func refusesSubjectsNamesAndFilesThatCannotWork() throws {
    let bed = try Bed.forWork(.current)
    try bed.publish(1...1, to: "w.a", stream: "W")
    for test in Self.cases {
      let durable = test.flags.contains("--durable") ? [] : ["--durable", "D"]
      let outcome = try bed.run(["work", "w.>", "--until-now"] + durable + test.flags + ["--", "echo", "x"])
      #expect(
        outcome.status == test.status && outcome.diagnostics.contains(test.word), "\(test.flags): \(outcome)")
    }
    #expect(try bed.consumers(of: "W").isEmpty && bed.info("W").state.messages == 1)
  }

  @Test func aFilterMaySeparateRepliesFromWork() throws {
    let bed = try Bed.forWork(.current)
    try bed.publish(1...2, to: "w.a", stream: "W")
    let outcome = try bed.run(
      ["work", "w.>", "--durable", "D", "--reply", "w.out", "--heartbeat", "w.beat", "--until-now"]
        + ["--filter", "source.subject == 'w.a'", "--", "echo", "{}"])
    #expect(outcome.status == 0, "\(outcome)")
    // Only the final heartbeat stays.
    for subject in ["w.a", "w.out"] {
      let pattern = try #require(SubjectPattern(subject))
      #expect(try bed.jetStream.lastSequence(on: pattern, of: "W") == nil, "\(subject)")
    }
  }

  @Test func refusesAPipeWithoutAReaderAsJournal() throws {
    let bed = try Bed.forWork(.current)
    let folder = try TemporaryDirectory()
    let path = folder.url.path + "/fifo"
    #expect(unsafe mkfifo(path, 0o600) == 0)
    let outcome = try bed.run([
      "work", "w.>", "--durable", "D", "--journal", path, "--until-now", "--", "true",
    ])
    #expect(outcome.status == 74 && outcome.diagnostics.contains("no process reads"), "\(outcome)")
  }

  @Test(
    arguments: ["/bin/sh -c /no/such/command", "/usr/bin/env no-such-command", "/bin/sh -c 'exit 126'"],
    [false, true])
  func aHandlerThatCannotBeRunEndsTheRun(_ command: String, _ lines: Bool) throws {
    let bed = try Bed.forWork(.current)
    let folder = try TemporaryDirectory()
    try bed.publish(1...3, to: "w.a", stream: "W")
    let outcome = try bed.run(
      ["work", "w.>", "--durable", "D", "--until-now", "--retries", "0", "--retry-initial", "50ms"]
        + (lines ? ["--lines"] : []) + folder.handler("exec \(command)"))
    #expect(outcome.status == 64 && outcome.diagnostics.contains("could not be run"), "\(outcome)")
    #expect(try bed.info("W").state.messages == 3 && bed.info("DLQ").state.messages == 0)
  }

  @Test func status127CountsOnceAHandlerHasSucceeded() throws {
    let bed = try Bed.forWork(.current)
    let folder = try TemporaryDirectory()
    try bed.publish(1...4, to: "w.a", stream: "W")
    let outcome = try bed.run(
      ["work", "w.>", "--durable", "D", "--until-now", "--retries", "0"]
        + folder.handler("case $NATSWATCH_SEQUENCE in 1) ;; *) exit 127;; esac"))
    #expect(outcome.status == 0, "\(outcome)")
    #expect(try bed.info("DLQ").state.messages == 3)
  }

  @Test(arguments: [[], ["--dry-run"]]) func theTimeLimitAppliesWithoutAServer(_ flags: [String]) throws {
    let started = ContinuousClock.now
    let outcome = try Tool.run(
      "natswatch", ["work", "w.>", "--durable", "D", "--timeout", "2s"] + flags + ["--", "true"],
      environment: ["NATS_URL": "nats://127.0.0.1:1"], deadline: .seconds(20))
    #expect(outcome.status == 124, "\(outcome)")
    #expect(ContinuousClock.now - started < .seconds(6))
  }

  @Test(arguments: NATSServer.Version.installed) func aDryRunFiltersAndDropsDuplicates(
    _ version: NATSServer.Version
  ) throws {
    let bed = try Bed.forWork(version)
    for range in [1...4, 3...6] { try bed.publish(range, to: "w.a", stream: "W") }
    let outcome = try bed.run(
      ["work", "w.>", "--durable", "D", "--dry-run", "--until-now", "--filter", "n > 1", "--dedupe", "n"])
    #expect(outcome.status == 0 && sequences(in: outcome.output) == [2, 3, 4, 7, 8], "\(outcome)")
  }

  @Test(arguments: NATSServer.Version.installed, [#""max_batch":1"#, #""max_expires":1000000000"#])
  func respectsTheLimitsOfAConsumer(_ version: NATSServer.Version, _ limit: String) throws {
    let bed = try Bed.forWork(version)
    try bed.publish(1...8, to: "w.a", stream: "W")
    try bed.createConsumer(limit)
    let outcome = try bed.run(["work", "w.>", "--durable", "D", "-j", "4", "--until-now", "--", "true"])
    #expect(outcome.status == 0 && outcome.diagnostics.isEmpty, "\(outcome)")
    #expect(try bed.info("W").state.messages == 0)
  }

  @Test func reportsAConsumerThatIsPaused() throws {
    let bed = try Bed.forWork(.current)
    try bed.publish(1...1, to: "w.a", stream: "W")
    try bed.createConsumer(#""pause_until":"2100-01-01T00:00:00Z""#)
    let outcome = try bed.run(
      ["work", "w.>", "--durable", "D", "--until-now", "--timeout", "5s", "--", "true"])
    #expect(outcome.status == 124 && outcome.diagnostics.contains("paused"), "\(outcome)")
  }

  @Test func refusesPriorityGroups() throws {
    let bed = try Bed.forWork(.current)
    try bed.createConsumer(#""priority_groups":["a"],"priority_policy":"overflow""#)
    let outcome = try bed.run(["work", "w.>", "--durable", "D", "--until-now", "--", "true"])
    #expect(outcome.status == 78 && outcome.diagnostics.contains("priority groups"), "\(outcome)")
  }

  @Test func childrenThatKeepWritingDoNotDelayIt() throws {
    let bed = try Bed.forWork(.current)
    let folder = try TemporaryDirectory()
    try bed.publish(1...2, to: "w.a", stream: "W")
    let outcome = try bed.run(
      ["work", "w.>", "--durable", "D", "--until-now", "--reply", "r.x"]
        + folder.handler("timeout 30 yes >&2 & echo handled"))
    #expect(outcome.status == 0, "\(outcome.status)")
    #expect(try bed.lines("r.x", "--raw") == ["handled", "handled"])
  }
}

extension Bed {
  /// Creates the durable `D` of the work queue, as another client would.
  func createConsumer(_ more: String) throws {
    _ = try ask(
      "CONSUMER.DURABLE.CREATE.W.D",
      """
      {"stream_name":"W","config":{"durable_name":"D","ack_policy":"explicit","filter_subject":"w.>",\
      "max_deliver":-1,"ack_wait":30000000000,\(more)}}
      """)
  }
}
