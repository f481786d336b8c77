// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

@testable import NatswatchCore

/// The examples that need natswatch alone.
@Suite(.timeLimit(.minutes(3))) struct ExampleScriptTests {
  private static let examples = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().appending(path: "examples").path

  /// A copy that is killed repeatedly ends with the same messages, each once.
  @Test(arguments: NATSServer.Version.installed) func mirrorCopiesAStreamThroughKills(
    _ version: NATSServer.Version
  ) throws {
    let from = try Bed(version)
    let to = try Bed(version)
    try from.createStream("FROM", ["m.>"])
    try to.createStream("TO", ["m.>"])
    let folder = try TemporaryDirectory()
    var random = SeededGenerator(seed: 7)
    let count = 3_000
    for number in 1...count {
      var entry = PublishWindow.Entry(
        subject: "m.\(number % 5)", payload: RandomMessage.payload(&random),
        identifier: number % 2 == 0 ? "id-\(number)" : "")
      entry.headers = [PublishWindow.Header(name: "X-Number", value: "\(number)")]
      try from.jetStream.connection.publish(entry, reply: "nobody")
      if number % 500 == 0 { from.jetStream.connection.flush(milliseconds: 5_000) }
    }
    from.jetStream.connection.flush(milliseconds: 5_000)
    let command =
      "exec '\(Self.examples)/mirror.sh' \(from.server.url) \(to.server.url) \(folder.path("state")) 'm.>'"
    for round in 1...3 {
      let mirror = try Tool.shell(command)
      try eventually("it copies", within: .seconds(30)) {
        try to.info("TO").state.messages >= UInt64(round * 500)
      }
      // Kills the whole process group, as a machine failure does.
      kill(-mirror.processIdentifier, SIGKILL)
      mirror.send(SIGKILL)
      _ = try mirror.waitForEnd()
    }
    let last = try Tool.shell(command + " --until-now")
    let outcome = try last.waitForEnd(.seconds(60))
    #expect(outcome.status == 0, "\(outcome)")
    let originals = try from.stored(in: "FROM")
    let copies = try to.stored(in: "TO")
    #expect(originals.count == count && copies.count == count, "\(originals.count), \(copies.count)")
    for (original, copy) in zip(originals, copies) {
      #expect(copy.payload == original.payload && copy.subject == original.subject)
      #expect(copy.header("X-Number") == original.header("X-Number"))
      #expect(
        original.header("Nats-Msg-Id") == nil || original.header("Nats-Msg-Id") == copy.header("Nats-Msg-Id"))
    }
  }

  @Test(arguments: NATSServer.Version.installed) func controllersTakeBroadcastsOfTheirPlatformOnce(
    _ version: NATSServer.Version
  ) throws {
    let bed = try Bed(version)
    try bed.createStream("STREAMSPACE", ["streamspace.>"])
    try bed.createStream("DLQ", ["dlq.>"])
    let folder = try TemporaryDirectory()
    let script = try folder.write(
      "cat >>'\(folder.url.path)'/$1; echo >>'\(folder.url.path)'/$1\n", to: "handle.sh")
    let controllers = try ["kubernetes", "docker"].map { platform in
      try Tool.shell(
        "exec '\(Self.examples)/controllers/controller.sh' \(platform) sh '\(script)' \(platform)",
        environment: bed.environment.merging(["HEARTBEAT_INTERVAL": "1s"]) { $1 })
    }
    for (subject, payload) in [
      ("streamspace.session.create", #"{"event_id":"1","platform":"kubernetes"}"#),
      ("streamspace.session.create.kubernetes", #"{"event_id":"1","platform":"kubernetes"}"#),
      ("streamspace.session.create.docker", #"{"event_id":"2"}"#),
      ("streamspace.node.drain", #"{"event_id":"3","platform":"docker"}"#),
      ("streamspace.session.create", #"{"event_id":"4"}"#),
      ("streamspace.session.status", #"{"event_id":"5","platform":"docker"}"#),
      ("streamspace.session.wake.kubernetes", #"{"event_id":"6"}"#),
    ] { #expect(bed.jetStream.connection.publish(Array(payload.utf8), to: subject)) }
    try eventually("both have handled theirs") {
      (try? folder.read("kubernetes").contains("\"6\"")) == true
        && (try? folder.read("docker").contains("\"3\"")) == true
    }
    for controller in controllers {
      controller.send(SIGTERM)
      #expect(try controller.waitForEnd().diagnostics.isEmpty)
    }
    let kubernetes = try folder.read("kubernetes").split(separator: "\n")
    #expect(kubernetes.count == 2 && kubernetes.count { $0.contains("\"1\"") } == 1, "\(kubernetes)")
    #expect(try folder.read("docker").split(separator: "\n").count == 2)
    #expect(try bed.info("DLQ").state.messages == 0)
  }

  @Test(arguments: NATSServer.Version.installed) func deadLettersAreReplayedByteForByteAndOnce(
    _ version: NATSServer.Version
  ) throws {
    let bed = try Bed.forWork(version, retention: "limits")
    let payloads = [
      #"{"type":"DELETED","object":{"kind":"Pod","metadata":{"name":"p","resourceVersion":"9"}}}"#,
      #"{"metadata":{"name":"q","resourceVersion":"77"}}"#, "42", #""text""#, "[1,2]",
      #"{"data_base64":"aGk="}"#,
      "plain", "{ \"a\" :\n 1 }",
    ]
    for payload in payloads { #expect(bed.jetStream.connection.publish(Array(payload.utf8), to: "w.a")) }
    try eventually("stored") { try bed.info("W").state.messages == UInt64(payloads.count) }
    #expect(
      try bed.run(["work", "w.>", "--durable", "D", "--until-now", "--", "/bin/sh", "-c", "exit 65"]).status
        == 0)
    for _ in 1...2 {
      let replay = try Tool.shell(
        "natswatch tail 'dlq.>' --all --until-now | natswatch publish '{source.headers.Natswatch-Original-Subject>}' --unwrap",
        environment: bed.environment)
      #expect(try replay.waitForEnd().status == 0)
    }
    // Letters can be in another order than the messages: each waits for the server's count of its tries.
    let letters = try bed.stored(in: "DLQ").map(\.payload)
    #expect(letters.count == payloads.count && Set(letters) == Set(payloads.map { Array($0.utf8) }))
    let replayed = try bed.stored(in: "W").dropFirst(payloads.count)
    #expect(replayed.map(\.payload) == letters, "the ids keep the second replay out")
  }
}
