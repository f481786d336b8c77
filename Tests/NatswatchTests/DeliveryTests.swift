// SPDX-License-Identifier: Apache-2.0

import Foundation
import JSON
import TestSupport
import Testing

@testable import NatswatchCore

/// The speed of a tail, its subjects, and the end of its consumer, as the server reports them.
@Suite(.timeLimit(.minutes(3))) struct DeliveryTests {
  /// From the call that publishes a message to its line here. A busy machine delays many of them, so the
  /// bound is for the quarter that is fastest.
  @Test(arguments: NATSServer.Version.installed) func aMessageTakesMilliseconds(_ version: NATSServer.Version)
    throws
  {
    let bed = try Bed(version)
    try bed.createStream()
    let tail = try bed.startTail(["a.>"])
    var times: [Duration] = []
    for number in 1...100 {
      let start = ContinuousClock.now
      #expect(bed.jetStream.connection.publish(Array("{\"n\":\(number)}".utf8), to: "a.x"))
      try tail.waitForLines(number)
      times.append(.now - start)
    }
    times.sort()
    #expect(times[24] < .milliseconds(20), "fastest \(times[0]), quartile \(times[24]), median \(times[49])")
  }

  /// The table of `SubjectPatternTests`, asked of the server.
  @Test(arguments: NATSServer.Version.installed) func theServerMatchesAsSubjectPatternDoes(
    _ version: NATSServer.Version
  ) throws {
    let bed = try Bed(version)
    try bed.createStream("S", ["a", "a.>"])
    // Servers before 2.10 refuse a filter beyond the stream's subjects.
    let cases = SubjectPatternTests.cases.filter {
      SubjectPattern($0.subject) != nil && !$0.pattern.hasPrefix("*.")
    }
    for (number, each) in cases.enumerated() { try bed.publish(number...number, to: each.subject) }
    for (number, each) in cases.enumerated() {
      let outcome = try bed.run([each.pattern, "--stream", "S", "--all", "--until-now"])
      #expect(outcome.output.contains(#"{"n":\#(number),"#) == each.matches, "\(each): \(outcome)")
    }
  }

  @Test func anAbandonedConsumerEndsAfterHalfAMinute() throws {
    guard let version = NATSServer.Version.installed.last else { return }
    let bed = try Bed(version)
    try bed.createStream()
    let tail = try bed.startTail(["a.>"])
    tail.send(SIGKILL)
    _ = try tail.waitForEnd()
    let left = ContinuousClock.now
    try eventually("the consumer is gone", within: .seconds(90)) { try bed.consumers().isEmpty }
    #expect(ContinuousClock.now - left > .seconds(20))
  }

  @Test(arguments: NATSServer.Version.installed) func updatesAndDeletionsHaveTheirType(
    _ version: NATSServer.Version
  ) throws {
    let bed = try Bed(version)
    try bed.createStream("KV_b", ["$KV.b.>"])
    for payload in [
      #"{"metadata":{"name":"x"}}"#, #"{"type":"MODIFIED","object":{"metadata":{"name":"x"}}}"#,
      #"{"type":"DELETED","object":{"metadata":{"name":"x"}}}"#,
    ] { #expect(bed.jetStream.connection.publish(Array(payload.utf8), to: "$KV.b.x")) }
    var tombstone = PublishWindow.Entry(subject: "$KV.b.x", payload: [], identifier: "")
    tombstone.headers = [PublishWindow.Header(name: "KV-Operation", value: "DEL")]
    try bed.jetStream.connection.publish(tombstone, reply: "nobody")
    try eventually("stored") { try bed.info("KV_b").state.messages == 4 }
    let lines = try bed.run(["$KV.b.>", "--all", "--until-now"]).lines
    #expect(
      lines.map { (try? JSONValue(parsing: Array($0.utf8)))?["type"]?.string } == [
        "ADDED", "MODIFIED", "DELETED", "DELETED",
      ])
  }
}
