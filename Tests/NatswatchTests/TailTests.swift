// SPDX-License-Identifier: Apache-2.0

import Foundation
import JSON
import TestSupport
import Testing

@testable import NatswatchCore

/// `natswatch tail` with both servers: its start, its output and its end.
@Suite(.timeLimit(.minutes(2))) struct TailTests {
  @Test(arguments: NATSServer.Version.installed) func startsAtTheRequestedPosition(
    _ version: NATSServer.Version
  )
    throws
  {
    let bed = try Bed(version)
    try bed.createStream()
    try bed.publish(1...5)
    try bed.publish(6...6, to: "a.y")
    let cases: [([String], [UInt64])] = [
      (["--since-seq", "4"], [5, 6]), (["--all"], [1, 2, 3, 4, 5, 6]), (["--last"], [6]),
      (["--last-per-subject"], [5, 6]), (["--since", "1h"], [1, 2, 3, 4, 5, 6]),
      (["--since", "2100-01-01T00:00:00Z"], []), ([], []), (["--since-seq", "0"], []),
      (["--since-seq", "6"], []),
      (["--all", "--count", "2"], [1, 2]),
    ]
    for (flags, expected) in cases {
      let outcome = try bed.run(["a.>", "--until-now"] + flags)
      #expect(outcome.status == 0 && sequences(in: outcome.output) == expected, "\(flags): \(outcome)")
    }
    #expect(sequences(in: try bed.run(["a.x", "--last-per-subject", "--until-now"]).output) == [5])
    #expect(sequences(in: try bed.run(["a.y", "--last", "--until-now"]).output) == [6])
    #expect(try bed.run(["a.>", "--timeout", "300ms"]).status == 124)
  }

  @Test(arguments: NATSServer.Version.installed) func printsANewMessageAtOnce(_ version: NATSServer.Version)
    throws
  {
    let bed = try Bed(version)
    try bed.createStream()
    try bed.publish(1...3)
    let tail = try bed.startTail(["a.>"])
    try bed.publish(4...4)
    let line = try tail.waitForLines(1)[0]
    #expect(line.hasPrefix(#"{"type":"ADDED","object":{"n":4,"pad":""},"source":{"stream":"S","epoch":""#))
    #expect(line.hasSuffix(#","pending":0,"payload":"object"}}"#))
  }

  @Test(arguments: NATSServer.Version.installed) func followsSeveralSubjects(_ version: NATSServer.Version)
    throws
  {
    let bed = try Bed(version)
    try bed.createStream("S", ["a.>", "b.>"])
    for round in 0..<20 {
      for subject in ["a.x", "a.y", "b.z", "b.w"] { try bed.publish(round...round, to: subject) }
    }
    let outcome = try bed.run(["a.x", "b.*", "b.z", "--all", "--until-now"])
    let expected: [UInt64] = (1...80).filter { $0 % 4 != 2 }
    #expect(sequences(in: outcome.output) == expected)
    let one = try bed.run(["a.y", "--all", "--until-now"])
    #expect(
      one.output.contains(#""sequence":2,"#) && one.output.contains(#""pending":19,"payload":"object"}}"#))
  }

  @Test(arguments: NATSServer.Version.installed) func createsAndRemovesItsConsumer(
    _ version: NATSServer.Version
  )
    throws
  {
    let bed = try Bed(version)
    try bed.createStream()
    #expect(try bed.consumers().isEmpty)
    let tail = try bed.startTail(["a.>"])
    let name = try #require(try bed.consumers().first)
    let config = try #require(try bed.ask("CONSUMER.INFO.S.\(name)")["config"])
    #expect(config["durable_name"] == nil && config["ack_policy"]?.string == "none")
    #expect(config["max_deliver"]?.integer == 1 && config["deliver_policy"]?.string == "by_start_sequence")
    #expect(config["inactive_threshold"]?.integer == 30_000_000_000)
    tail.send(SIGTERM)
    #expect(try tail.waitForEnd().status == 128 + SIGTERM)
    try eventually("the consumer is gone", within: .seconds(2)) { try bed.consumers().isEmpty }
  }

  @Test(arguments: NATSServer.Version.installed) func endsWithItsReader(_ version: NATSServer.Version) throws
  {
    let bed = try Bed(version)
    try bed.createStream()
    try bed.publish(1...3)
    let pipe = try Tool.shell(
      "natswatch 'a.>' --all | head -1; echo ${PIPESTATUS[0]}", environment: bed.environment)
    let outcome = try pipe.waitForEnd(.seconds(5))
    #expect(outcome.lines.last == "\(128 + SIGPIPE)", "\(outcome)")
    try eventually("the consumer is gone", within: .seconds(2)) { try bed.consumers().isEmpty }
  }

  @Test(arguments: NATSServer.Version.installed) func bookmarksMoveAnIdleTail(_ version: NATSServer.Version)
    throws
  {
    let bed = try Bed(version)
    let folder = try TemporaryDirectory()
    try bed.createStream("S", ["a.>", "b.>"])
    try bed.publish(1...1)
    let state = folder.path("state")
    let tail = try bed.startTail(["b.>", "--bookmarks", "--state", state, "--status", "fd:2"])
    try bed.publish(2...9)
    let line = try tail.waitForLines(1)[0]
    #expect(
      line.hasPrefix(
        #"{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"9"}},"source":{"stream":"S","#))
    try eventually("the state is written") { (try? folder.read("state"))?.contains("\"seq\":9}") == true }
    tail.send(SIGINT)
    let outcome = try tail.waitForEnd()
    #expect(outcome.status == 128 + SIGINT)
    #expect(outcome.diagnostics.contains(#""mode":"streaming","health":"healthy""#))
  }

  @Test(arguments: NATSServer.Version.installed) func continuesFromItsState(_ version: NATSServer.Version)
    throws
  {
    let bed = try Bed(version)
    let folder = try TemporaryDirectory()
    try bed.createStream()
    let state = ["a.>", "--all", "--until-now", "--state", folder.path("state")]
    try bed.publish(1...3)
    #expect(sequences(in: try bed.run(state).output) == [1, 2, 3])
    #expect(sequences(in: try bed.run(state).output) == [])
    try bed.publish(4...5)
    #expect(sequences(in: try bed.run(state).output) == [4, 5])
    try bed.delete()
    try bed.createStream()
    try bed.publish(1...50)
    let outcome = try bed.run(state)
    #expect(outcome.status == 75 && outcome.output.contains("created again"), "\(outcome)")
    _ = try folder.write("{}", to: "state")
    #expect(try bed.run(state).status == 78)
  }

  @Test(arguments: NATSServer.Version.installed) func saysWhatIsWrong(_ version: NATSServer.Version) throws {
    let bed = try Bed(version)
    let unknown = try bed.run(["nobody.>"])
    #expect(unknown.status == 66 && unknown.diagnostics.contains("no stream captures nobody.>"), "\(unknown)")
    #expect(try bed.run(["a.>", "--stream", "NONE"]).status == 66)
    try bed.createStream("W", ["w.>"], more: #","retention":"workqueue""#)
    let queue = try bed.run(["w.>"])
    #expect(queue.status == 69 && queue.diagnostics.contains("use natswatch work"), "\(queue)")
    try bed.createStream()
    #expect(try bed.run(["b.>", "--stream", "S"]).status == 66)
    #expect(try bed.run(["a..b"]).status == 64)
    #expect(try bed.run([]).status == 64)
    #expect(
      try bed.run(["a.>", "--connect-timeout", "200ms", "--server", "nats://127.0.0.1:1"]).status == 69)
    try bed.publish(1...3)
    let full = try Tool.shell("natswatch 'a.>' --all --until-now >/dev/full", environment: bed.environment)
    #expect(try full.waitForEnd().status == 74)
    bed.jetStream.connection.publish([0xff, 0x00], to: "a.x")
    try eventually("stored") { try bed.info().state.last_seq == 4 }
    #expect(try bed.run(["a.>", "--all", "--until-now", "--invalid", "fail"]).status == 65)
    #expect(
      sequences(in: try bed.run(["a.>", "--all", "--until-now", "--invalid", "skip"]).output) == [1, 2, 3])
    #expect(sequences(in: try bed.run(["a.>", "--all", "--until-now"]).output) == [1, 2, 3, 4])
  }

  @Test func waitsForTheServer() throws {
    let server = try NATSServer.start(.debian)
    let jetStream = try Bed.connect(server.url)
    try createStreamEventually(jetStream, "S", ["a.>"])
    server.stop()
    let tail = try Tool.start(
      "natswatch", ["a.>", "--all", "--status", "stderr"], environment: ["NATS_URL": server.url])
    try eventually("it says that nobody is there") {
      tail.soFar.diagnostics.contains("trying again")
        && tail.soFar.diagnostics.contains(#""reason":"disconnect""#)
    }
    try server.restart()
    let again = try Bed.connect(server.url)
    again.connection.publish(Array("{}".utf8), to: "a.x")
    #expect(sequences(in: try tail.waitForLines(1).joined(separator: "\n")) == [1])
  }
}
