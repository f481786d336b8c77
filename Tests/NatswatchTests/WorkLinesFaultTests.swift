// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

@testable import NatswatchCore

/// Handlers of `--lines` that break the rules.
@Suite(.timeLimit(.minutes(3))) struct WorkLinesFaultTests {
  struct Handler: Sendable, CustomTestStringConvertible {
    var name: String
    /// The body of a loop over lines, with the message's sequence in `$s`.
    var body: String
    /// The number of messages, of three, that become dead letters without a second try.
    var letters: Int
    var word: String
    var flags: [String] = []
    var testDescription: String { name }
  }

  private static func each(_ command: String) -> String {
    #"while read -r line; do s=${line##*\"sequence\":}; s=${s%%,*}; \#(command); done"#
  }

  static let handlers = [
    Handler(
      name: "answers twice", body: each("echo ok $s; echo ok $s"), letters: 0,
      word: "answered twice for message"),
    Handler(
      name: "changes its mind", body: each("echo ok $s; echo retry $s"), letters: 0,
      word: "answered twice for message"),
    Handler(
      name: "names another message", body: each("echo ok 9999"), letters: 3,
      word: "message 9999, which it was not given"),
    Handler(
      name: "prints what is no answer", body: each("echo done"), letters: 3, word: "is not ok, retry or drop"),
    Handler(name: "dies of a signal", body: each("kill -9 $$"), letters: 3, word: "killed by signal 9"),
    Handler(name: "ends with 3", body: each("exit 3"), letters: 3, word: "exit status 3"),
    Handler(name: "ends with 0", body: each("exit 0"), letters: 3, word: "without an answer"),
    Handler(
      name: "closes its output", body: each("exec >&-; sleep 60"), letters: 3,
      word: "closed its standard output"),
    Handler(
      name: "prints without end and without a newline", body: each("tr '\\\\0' x </dev/zero"),
      letters: 3,
      word: "printed more than 64 MiB"),
    Handler(
      name: "prints replies without end", body: each("exec yes \"$(printf %0100000d 0)\""), letters: 3,
      word: "printed more than 64 MiB",
      flags: ["--reply", "r.x"]),
    Handler(
      name: "forgets the last newline", body: "read -r line; printf ok", letters: 0, word: ""),
    Handler(name: "ends lines as DOS does", body: each(#"printf 'ok\r\n'"#), letters: 0, word: ""),
  ]

  @Test(arguments: handlers) func isEndedWithoutATryForOtherMessages(_ handler: Handler) throws {
    let bed = try Bed.forWork(.current)
    let folder = try TemporaryDirectory()
    try bed.publish(1...3, to: "w.a", stream: "W")
    let outcome = try bed.run(
      ["work", "w.>", "--durable", "D", "--lines", "--retries", "0", "--until-now"] + handler.flags
        + folder.handler(handler.body), deadline: .seconds(60))
    #expect(outcome.status == 0, "\(outcome)")
    #expect(try bed.info("DLQ").state.messages == UInt64(handler.letters), "\(outcome)")
    #expect(try bed.info("W").state.messages == 0)
    let isAsExpected =
      handler.word.isEmpty ? outcome.diagnostics.isEmpty : outcome.diagnostics.contains(handler.word)
    #expect(isAsExpected, "\(outcome)")
  }

  /// The answer would be taken for that of a message that the handler has. So the message is sent only after
  /// the answer has been read.
  @Test func aHandlerThatSpeaksFirstIsEnded() throws {
    let bed = try Bed.forWork(.current)
    let folder = try TemporaryDirectory()
    let body = "[ -e spoken ] || { touch spoken; echo ok; }; " + Self.each("echo ok $s")
    let work = try bed.start(
      ["work", "w.>", "--durable", "D", "--lines", "--retries", "0"] + folder.handler(body))
    try work.waitForDiagnostics("no message waits for one")
    try bed.publish(1...3, to: "w.a", stream: "W")
    try eventually("all are handled") { try bed.info("W").state.messages == 0 }
    #expect(try bed.info("DLQ").state.messages == 0)
    work.send(SIGTERM)
    _ = try work.waitForEnd()
  }

  @Test func aHandlerThatClosesItsInputIsEnded() throws {
    let bed = try Bed.forWork(.current)
    let folder = try TemporaryDirectory()
    try bed.publish(1...1, to: "w.a", stream: "W")
    let outcome = try bed.run(
      ["work", "w.>", "--durable", "D", "--lines", "--retries", "0", "--until-now"]
        + folder.handler("exec <&-; touch closed; sleep 60"), deadline: .seconds(60))
    #expect(outcome.status == 0 && outcome.diagnostics.contains("closed its standard input"), "\(outcome)")
    #expect(try bed.info("DLQ").state.messages == 1)
  }

  @Test func theBreakerLimitsTheMessagesHandedOver() throws {
    let bed = try Bed.forWork(.current)
    let folder = try TemporaryDirectory()
    try bed.publish(1...100, to: "w.a", stream: "W")
    let work = try bed.start(
      [
        "work", "w.>", "--durable", "D", "--lines", "--breaker", "4", "--breaker-pause", "60s",
        "--retry-initial",
        "60s",
      ] + folder.handler("while read -r line; do echo x >>log; echo retry; done"))
    try work.waitForDiagnostics("failures in a row")
    work.send(SIGTERM)
    _ = try work.waitForEnd()
    let handled = try folder.read("log").split(separator: "\n").count
    #expect((4...8).contains(handled), "\(handled)")
  }

  @Test func largeMessagesDoNotFillTheMemory() throws {
    let bed = try Bed.forWork(.current)
    let folder = try TemporaryDirectory()
    for _ in 1...6 { try bed.publish(1...20, to: "w.a", stream: "W", padding: 1_000_000) }
    let work = try bed.start(
      ["work", "w.>", "--durable", "D", "--lines"] + folder.handler("touch started; sleep 60"))
    try eventually("the handler has started") { (try? folder.read("started")) != nil }
    var consumer: ConsumerInfo?
    try eventually("messages are held") {
      consumer = try bed.jetStream.consumerInfo("D", of: "W")
      return (consumer?.num_ack_pending ?? 0) > 0
    }
    try eventually("no more are pulled") {
      let before = consumer?.num_ack_pending
      consumer = try bed.jetStream.consumerInfo("D", of: "W")
      return consumer?.num_ack_pending == before
    }
    #expect((consumer?.num_ack_pending ?? 0) <= 64, "\(consumer?.num_ack_pending ?? 0)")
    work.send(SIGKILL)
    _ = try work.waitForEnd()
  }
}
