// SPDX-License-Identifier: Apache-2.0

import Foundation
import JSON
import Synchronization
import TestSupport
import Testing

@testable import NatswatchCore

/// Only a handler that ran and failed uses up a try, whatever else happens to a message.
@Suite(.timeLimit(.minutes(3))) struct WorkTryTests {
  @Test(arguments: NATSServer.Version.installed, ["workqueue", "limits"])
  func dryRunsChangeNothing(_ version: NATSServer.Version, _ retention: String) throws {
    let bed = try Bed.forWork(version, retention: retention)
    try bed.publish(1...1500, to: "w.a", stream: "W")
    for _ in 0..<3 {
      let dry = try bed.run(["work", "w.>", "--durable", "D", "--dry-run", "--until-now", "--retries", "0"])
      #expect(dry.status == 0 && sequences(in: dry.output) == Array(1...1500), "\(dry.diagnostics)")
    }
    #expect(try bed.consumers(of: "W").isEmpty)
    let open = try bed.start(["work", "w.>", "--durable", "D", "--dry-run", "--timeout", "20s"])
    try open.waitForLines(1500)
    let folder = try TemporaryDirectory()
    let worked = try bed.run(
      ["work", "w.>", "--durable", "D", "--retries", "0", "--lines", "--until-now"]
        + folder.handler("while read -r line; do echo ok; done"))
    #expect(worked.status == 0, "\(worked)")
    #expect(try bed.info("DLQ").state.messages == 0)
    let rest = try bed.run(["work", "w.>", "--durable", "D", "--dry-run", "--until-now"])
    #expect(rest.status == 0 && rest.output.isEmpty, "a dry run starts where the durable is")
  }

  @Test(arguments: NATSServer.Version.installed) func aDuplicateWaitsForItsFirst(
    _ version: NATSServer.Version
  )
    throws
  {
    let bed = try Bed.forWork(version)
    let folder = try TemporaryDirectory()
    for number in 1...3 {
      _ = bed.jetStream.connection.publish(Array("{\"id\":\"same\",\"n\":\(number)}".utf8), to: "w.a")
    }
    let worked = try bed.run(
      [
        "work", "w.>", "--durable", "D", "--dedupe", "id", "-j", "2", "--retries", "1", "--ack-wait", "500ms",
        "--until-now",
      ] + folder.handler("sleep 3; echo run >>runs"))
    #expect(worked.status == 0 && worked.diagnostics.isEmpty, "\(worked)")
    #expect(try folder.read("runs") == "run\n")
    #expect(try bed.info("DLQ").state.messages == 0 && bed.info("W").state.messages == 0)
  }

  @Test(arguments: NATSServer.Version.installed) func aDuplicateReplacesAFirstThatFailed(
    _ version: NATSServer.Version
  ) throws {
    let bed = try Bed.forWork(version)
    let folder = try TemporaryDirectory()
    for number in 1...2 {
      _ = bed.jetStream.connection.publish(Array("{\"id\":\"same\",\"n\":\(number)}".utf8), to: "w.a")
    }
    let worked = try bed.run(
      ["work", "w.>", "--durable", "D", "--dedupe", "id", "-j", "2", "--until-now"]
        + folder.handler("echo run >>runs; sleep 0.5; [ $(wc -l <runs) = 2 ]"))
    #expect(worked.status == 0, "\(worked)")
    #expect(try folder.read("runs") == "run\nrun\n" && bed.info("W").state.messages == 0)
  }

  /// Rolling restarts with each signal, with interrupted handlers and messages that no handler has started.
  @Test(arguments: NATSServer.Version.installed, [SIGTERM, SIGKILL])
  func restartsUseUpNoTries(_ version: NATSServer.Version, _ signal: Int32) throws {
    let bed = try Bed.forWork(version)
    let folder = try TemporaryDirectory()
    try bed.publish(1...3, to: "w.a", stream: "W")
    let flags = [
      "work", "w.>", "--durable", "D", "--retries", "1", "--ack-wait", "500ms", "--drain-timeout", "10ms",
    ]
    let command = try folder.handler(
      "echo $NATSWATCH_ATTEMPT >>began; [ -e go ] && echo $NATSWATCH_SEQUENCE >>done || sleep 60")
    for round in 1...5 {
      let worker = try bed.start(flags + command)
      try eventually("a handler runs") {
        ((try? folder.read("began")) ?? "").split(separator: "\n").count >= round
      }
      worker.send(signal)
      #expect(try worker.waitForEnd().status == 128 + signal)
    }
    folder.touch("go")
    let last = try bed.run(flags + ["--until-now"] + command)
    #expect(last.status == 0, "\(last)")
    #expect(try Set(folder.read("done").split(separator: "\n")) == ["1", "2", "3"])
    #expect(try Set(folder.read("began").split(separator: "\n")) == ["1"], "every try was the first")
    #expect(try bed.info("DLQ").state.messages == 0)
  }

  /// The count survives restarts of the workers: a message becomes a dead letter after the right number of
  /// failed tries.
  @Test(arguments: NATSServer.Version.installed) func failuresCountAcrossProcesses(
    _ version: NATSServer.Version
  )
    throws
  {
    let bed = try Bed.forWork(version)
    let folder = try TemporaryDirectory()
    try bed.publish(1...1, to: "w.a", stream: "W")
    let command = try folder.handler("echo $NATSWATCH_ATTEMPT >>began; exit 1")
    for round in 1...4 {
      let worker = try bed.start(
        ["work", "w.>", "--durable", "D", "--retries", "3", "--retry-initial", "10ms"] + command)
      try eventually("it was tried") {
        ((try? folder.read("began")) ?? "").split(separator: "\n").count >= round
      }
      worker.send(SIGTERM)
      _ = try worker.waitForEnd()
    }
    let last = try bed.run(
      ["work", "w.>", "--durable", "D", "--retries", "3", "--retry-initial", "10ms", "--until-now"] + command)
    #expect(last.status == 0)
    let began = try folder.read("began").split(separator: "\n")
    // 2.9 forgets deliveries, so a worker must not ask for the count before it runs the handler.
    #expect(began.count == 4 && (version == .debian || began == ["1", "2", "3", "4"]), "\(began)")
    #expect(try bed.info("DLQ").state.messages == 1 && bed.info("W").state.messages == 0)
  }

  /// The open pull requests of a worker that is ending would be given the next message, or one that was given back.
  @Test(arguments: NATSServer.Version.installed) func anEndingWorkerIsDeliveredNothing(
    _ version: NATSServer.Version
  ) throws {
    let bed = try Bed.forWork(version)
    let folder = try TemporaryDirectory()
    try bed.publish(1...1, to: "w.a", stream: "W")
    let flags = ["work", "w.>", "--durable", "D", "-j", "4"]
    let ending = try bed.start(
      flags + folder.handler("touch began; until [ -e go ]; do sleep 0.01; done"))
    try eventually("a handler runs") { (try? folder.read("began")) != nil }
    ending.send(SIGTERM)
    // Without being cancelled, a pull request lasts ten seconds.
    try eventually("no pull request waits", within: .seconds(8)) {
      try bed.ask("CONSUMER.INFO.W.D")["num_waiting"]?.integer == 0
    }
    try bed.publish(2...2, to: "w.a", stream: "W")
    let other = try TemporaryDirectory()
    let next = try bed.start(flags + other.handler("echo handled >>log"))
    try eventually("the next worker handles it") { (try? other.read("log")) == "handled\n" }
    #expect(try bed.ask("CONSUMER.INFO.W.D")["delivered"]?["consumer_seq"]?.integer == 2)
    folder.touch("go")
    for worker in [ending, next] {
      worker.send(SIGTERM)
      #expect(try worker.waitForEnd().status == 128 + SIGTERM)
    }
  }

  /// A message that arrives with the answer to the last PING of a worker is given back, not left for the whole ack wait.
  @Test(arguments: NATSServer.Version.installed) func theLastMessageOfAWorkerIsGivenBack(
    _ version: NATSServer.Version
  ) throws {
    let bed = try Bed.forWork(version)
    let folder = try TemporaryDirectory()
    let server = Mutex((frames: ServerFrames(), held: ""))
    let relay = try Relay(to: bed.server.port) { bytes in
      server.withLock { server in
        var result = ""
        for frame in server.frames.split(bytes) {
          if frame.contains("late") {
            server.held += frame
          } else {
            if frame.hasPrefix("PONG") { (result, server.held) = (result + server.held, "") }
            result += frame
          }
        }
        return Array(result.utf8)
      }
    }
    defer { relay.close() }
    let flags = ["work", "w.>", "--durable", "D", "-j", "2"]
    try bed.publish(1...1, to: "w.a", stream: "W")
    let ending = try bed.start(
      flags + ["--server", "nats://127.0.0.1:\(relay.port)"]
        + folder.handler("touch began; until [ -e go ]; do sleep 0.01; done"))
    try eventually("a handler runs") { (try? folder.read("began")) != nil }
    #expect(bed.jetStream.connection.publish(Array(#"{"late":2}"#.utf8), to: "w.a"))
    try eventually("the server has delivered it") {
      try bed.ask("CONSUMER.INFO.W.D")["num_ack_pending"]?.integer == 2
    }
    ending.send(SIGTERM)
    folder.touch("go")
    #expect(try ending.waitForEnd().status == 128 + SIGTERM)
    let other = try TemporaryDirectory()
    let next = try bed.start(flags + other.handler("echo handled >>log"))
    try eventually("the next worker handles it") { (try? other.read("log")) == "handled\n" }
    next.send(SIGTERM)
    #expect(try next.waitForEnd().status == 128 + SIGTERM)
  }

  /// After a restart, 2.9 reports another creation time of the consumer, and this time was part of a count's
  /// key.
  @Test(arguments: NATSServer.Version.installed) func failuresCountAcrossRestartsOfTheServer(
    _ version: NATSServer.Version
  ) throws {
    let bed = try Bed.forWork(version)
    let folder = try TemporaryDirectory()
    try bed.publish(1...1, to: "w.a", stream: "W")
    let flags = [
      "work", "w.>", "--durable", "D", "--retries", "1", "--retry-initial", "2s", "--ack-wait", "1s",
    ]
    let command = try folder.handler("echo $NATSWATCH_ATTEMPT >>began; exit 1")
    // The test waits for the start of a second, so that both times are in the same second.
    try eventually("a second has begun") {
      Date().timeIntervalSince1970.truncatingRemainder(dividingBy: 1) < 0.3
    }
    let first = try bed.start(flags + command)
    try eventually("the failure is recorded") {
      (try? bed.info(TryCounts.bucketStream).state.messages) == 1
    }
    first.send(SIGTERM)
    _ = try first.waitForEnd()
    try bed.server.restart(by: SIGTERM)
    let last = try bed.run(flags + ["--until-now"] + command)
    #expect(last.status == 0, "\(last)")
    #expect(try folder.read("began").split(separator: "\n").count == 2)
    let after = try bed.reconnected()
    #expect(try after.info("DLQ").state.messages == 1 && after.info("W").state.messages == 0)
  }

  /// NATS 2.9 crashes if a client reads the bucket while another one creates it.
  @Test(arguments: NATSServer.Version.installed) func firstFailuresOfManyWorkersAreCounted(
    _ version: NATSServer.Version
  ) throws {
    let bed = try Bed.forWork(version, retention: "limits")
    try bed.publish(1...1, to: "w.a", stream: "W")
    for round in 1...4 {
      let folder = try TemporaryDirectory()
      let command = try folder.handler("echo begun >>began; until [ -e go ]; do sleep 0.01; done; exit 1")
      let workers = try (1...8).map { number in
        try bed.start(
          ["work", "w.>", "--durable", "D\(round)-\(number)", "--retries", "1", "--retry-initial", "1h"]
            + command)
      }
      try eventually("all handlers run", within: .seconds(30)) {
        ((try? folder.read("began")) ?? "").split(separator: "\n").count == 8
      }
      folder.touch("go")
      try eventually("all failures are recorded", within: .seconds(30)) {
        (try? bed.info(TryCounts.bucketStream).state.messages) == 8
      }
      for worker in workers { worker.send(SIGTERM) }
      for worker in workers { _ = try worker.waitForEnd() }
      _ = try bed.jetStream.request("STREAM.DELETE.\(TryCounts.bucketStream)", as: JSONValue.self)
    }
    #expect(bed.server.isRunning, "\(bed.server.log)")
  }
}

extension TemporaryDirectory {
  func touch(_ name: String) { _ = try? write("", to: name) }
}
