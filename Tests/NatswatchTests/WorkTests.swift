// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

@testable import NatswatchCore

/// `natswatch work` against both servers.
@Suite(.timeLimit(.minutes(3))) struct WorkTests {
  @Test(arguments: NATSServer.Version.installed)
  func hundredMessagesOverThreeProcessesOneKilled(_ version: NATSServer.Version) throws {
    let bed = try Bed.forWork(version)
    let folder = try TemporaryDirectory()
    // Every tenth message always fails.
    let command = try folder.handler(
      """
      n=$(sed 's/.*"n":\\([0-9]*\\).*/\\1/')
      echo "$n $NATSWATCH_ATTEMPT" >>log
      echo "$PPID" >>workers
      sleep 0.02
      case $n in *0) exit 3;; esac
      echo "$n" >>done
      """)
    try bed.publish(1...100, to: "w.x", stream: "W")
    let flags = [
      "work", "w.>", "--durable", "D", "-j", "2", "--retries", "2", "--retry-initial", "200ms", "--ack-wait",
      "2s",
    ]
    let workers = try (0..<3).map { _ in try bed.start(flags + command) }
    try eventually("work is under way") {
      ((try? folder.read("done")) ?? "").split(separator: "\n").count > 10
    }
    workers[0].send(SIGKILL)
    try eventually("everything is handled or buried", within: .seconds(60)) {
      try bed.info("W").state.messages == 0 && bed.info("DLQ").state.messages >= 10
    }
    for worker in workers.dropFirst() {
      worker.send(SIGTERM)
      #expect(try worker.waitForEnd().status == 128 + SIGTERM)
    }
    #expect(Set(try folder.read("workers").split(separator: "\n")).count > 1, "the work is shared")
    let done = Set(try folder.read("done").split(separator: "\n").compactMap { Int($0) })
    #expect(done == Set((1...100).filter { $0 % 10 != 0 }))
    let letters = try bed.run(["tail", "dlq.>", "--all", "--until-now", "--verbatim"])
    #expect(letters.lines.count == 10, "dead letters once each: \(letters)")
    let buried = Set((1...10).map { $0 * 10 }.filter { letters.output.contains("\"n\":\($0),") })
    #expect(buried.count == 10)
    #expect(letters.output.contains(#""Natswatch-Error":"exit status 3""#))
    #expect(letters.output.contains(#""Natswatch-Original-Subject":"w.x""#))
  }

  @Test(arguments: NATSServer.Version.installed) func retriesAtTheStatedDelays(_ version: NATSServer.Version)
    throws
  {
    let bed = try Bed.forWork(version)
    let folder = try TemporaryDirectory()
    let command = try folder.handler("date +%s%N >>times; echo \"attempt $NATSWATCH_ATTEMPT\" >&2; exit 1")
    try bed.publish(1...1, to: "w.x", stream: "W")
    let outcome = try bed.run(
      [
        "work", "w.>", "--durable", "D", "--retries", "3", "--retry-initial", "300ms", "--retry-max", "600ms",
        "--journal", folder.path("journal"), "--until-now",
      ] + command)
    #expect(outcome.status == 0, "\(outcome)")
    let times = try folder.read("times").split(separator: "\n").compactMap { Double($0) }
    #expect(times.count == 4)
    let delays = zip(times, times.dropFirst()).map { ($1 - $0) / 1e6 }
    for (delay, stated) in zip(delays, [300.0, 600, 600]) {
      #expect(delay >= stated && delay < stated + 1_500, "\(delays)")
    }
    #expect(try bed.info("DLQ").state.messages == 1 && bed.info("W").state.messages == 0)
    let journal = try folder.read("journal").split(separator: "\n")
    #expect(
      journal.count == 8 && journal[7].contains(#""status":"failed""#)
        && journal[7].contains(#""dead_letter":"dlq.w.x""#))
    #expect(journal[7].contains(#""error_message":"exit status 1: attempt 4""#))
  }

  @Test(arguments: NATSServer.Version.installed) func longHandlersRunOnce(_ version: NATSServer.Version)
    throws
  {
    let bed = try Bed.forWork(version)
    let folder = try TemporaryDirectory()
    let command = try folder.handler("echo run >>runs; sleep 3")
    try bed.publish(1...1, to: "w.x", stream: "W")
    let outcome = try bed.run(
      ["work", "w.>", "--durable", "D", "--ack-wait", "1s", "-j", "2", "--until-now"] + command)
    #expect(outcome.status == 0)
    #expect(try folder.read("runs") == "run\n")
  }

  @Test(arguments: NATSServer.Version.installed) func repliesAreStoredAndPayloadsKept(
    _ version: NATSServer.Version
  ) throws {
    let bed = try Bed.forWork(version)
    let folder = try TemporaryDirectory()
    let payload =
      #"{"event_id":"e1","session_id":"s","resources":{"memory":"2Gi"},"metadata":{"request_id":"r"} }"#
    _ = bed.jetStream.connection.publish(Array(payload.utf8), to: "w.session.create.kubernetes")
    try eventually("stored") { try bed.info("W").state.messages == 1 }
    let command = try folder.handler(
      "cat >in; echo \"{\\\"status\\\":\\\"$1 on $2\\\"}\"; echo '{\"second\":1}'")
    let outcome = try bed.run(
      ["work", "w.>", "--durable", "D", "--reply", "r.status", "--until-now"] + command + [
        "{token:3}", "{subject}",
      ])
    #expect(outcome.status == 0, "\(outcome)")
    #expect(try folder.read("in") == payload)
    let replies = try bed.run(["tail", "r.>", "--all", "--until-now", "--raw"])
    #expect(replies.lines == [#"{"status":"create on w.session.create.kubernetes"}"#, #"{"second":1}"#])
  }

  @Test(arguments: NATSServer.Version.installed) func refusesDeadLettersThatLoopOrAreLost(
    _ version: NATSServer.Version
  ) throws {
    let bed = try Bed.forWork(version)
    let loop = try bed.run(["work", "w.>", "--durable", "D", "--dlq", "w.dlq.{subject}", "--", "true"])
    #expect(loop.status == 64 && loop.diagnostics.contains("match the consumer's own subject"), "\(loop)")
    let lost = try bed.run(["work", "w.>", "--durable", "D", "--dlq", "nobody.{subject}", "--", "true"])
    #expect(lost.status == 66 && lost.diagnostics.contains("no stream captures nobody.w.>"), "\(lost)")
    #expect(try bed.run(["work", "w.>", "--durable", "D"]).status == 64)
    #expect(try bed.consumers(of: "W").isEmpty)
    try bed.createStream("SS", ["streamspace.>"])
    _ = bed.jetStream.connection.publish(Array("{}".utf8), to: "streamspace.session.create.kubernetes")
    let own = try bed.run(
      [
        "work", "streamspace.*.*.kubernetes", "--durable", "D", "--dlq", "streamspace.dlq.{subject}",
        "--retries",
        "0", "--until-now", "--", "false",
      ])
    #expect(own.status == 0, "\(own)")
    let letters = try bed.run(["tail", "streamspace.dlq.>", "--all", "--until-now"])
    #expect(
      letters.output.contains(#""subject":"streamspace.dlq.streamspace.session.create.kubernetes""#),
      "\(letters)")
  }

  @Test(arguments: NATSServer.Version.installed) func theBreakerLetsOthersTakeOver(
    _ version: NATSServer.Version
  ) throws {
    let bed = try Bed.forWork(version)
    let folder = try TemporaryDirectory()
    try bed.createStream("H", ["h.>"])
    let command = try folder.handler("echo run >>runs; [ -e mended ]")
    try bed.publish(1...20, to: "w.x", stream: "W")
    let worker = try bed.start(
      [
        "work", "w.>", "--durable", "D", "--breaker", "3", "--breaker-pause", "1s", "--retry-initial",
        "100ms",
        "--retries", "50", "--heartbeat", "h.beat",
      ] + command,
      environment: [
        "CONTROLLER_ID": "k8s-1", "CONTROLLER_PLATFORM": "kubernetes", "HEARTBEAT_INTERVAL": "200ms",
        "CONTROLLER_CAPABILITIES": "sessions, gpu", "CONTROLLER_CLUSTER_INFO": #"{"name":"c","nodes":3}"#,
      ])
    try eventually("the breaker opens") { worker.soFar.diagnostics.contains("3 failures in a row") }
    #expect(try folder.read("runs").split(separator: "\n").count <= 4)
    let healthy = try bed.start(["work", "w.>", "--durable", "D", "--", "true"])
    try eventually("another has done the work", within: .seconds(15)) {
      try bed.info("W").state.messages == 0
    }
    healthy.send(SIGTERM)
    _ = try healthy.waitForEnd()
    _ = try folder.write("", to: "mended")
    try bed.publish(21...21, to: "w.x", stream: "W")
    try eventually("the probe closes it") { try bed.info("W").state.messages == 0 }
    try eventually("a heartbeat comes every 200 ms") { try bed.info("H").state.messages >= 15 }
    worker.send(SIGTERM)
    #expect(try worker.waitForEnd().status == 128 + SIGTERM)
    let beats = try bed.run(["tail", "h.>", "--all", "--until-now", "--raw"]).lines
    #expect(
      beats.first?.hasPrefix(#"{"controller_id":"k8s-1","platform":"kubernetes","timestamp":""#) == true)
    #expect(beats.first?.contains(#""status":"healthy""#) == true)
    #expect(
      beats.first?.hasSuffix(#""capabilities":["sessions","gpu"],"cluster_info":{"name":"c","nodes":3}}"#)
        == true)
    #expect(
      beats.contains { $0.contains(#""status":"unhealthy""#) } && beats.last?.contains("unhealthy") == true)
  }

  @Test(arguments: NATSServer.Version.installed) func messagesReachOnlyTheControllersOfTheirPlatform(
    _ version: NATSServer.Version
  ) throws {
    let bed = try Bed.forWork(version)
    let folder = try TemporaryDirectory()
    let platforms = ["kubernetes", "docker", "hyperv"]
    for platform in platforms + platforms {
      let body = Array(#"{"platform":"\#(platform)"}"#.utf8)
      _ = bed.jetStream.connection.publish(body, to: "w.session.create.\(platform)")
    }
    try eventually("stored") { try bed.info("W").state.messages == 6 }
    for platform in platforms.dropLast() {
      let command = try folder.handler("cat >>\(platform); echo >>\(platform)")
      let outcome = try bed.run(
        ["work", "w.session.create.\(platform)", "--durable", platform, "--until-now"] + command)
      #expect(outcome.status == 0, "\(outcome)")
      let line = #"{"platform":"\#(platform)"}"# + "\n"
      #expect(try folder.read(platform) == line + line)
    }
    #expect(try bed.info("W").state.messages == 2, "nobody asked for those of hyperv")
  }

  @Test(arguments: NATSServer.Version.installed) func duplicatesAreHandledOnceAndDryRunsNotAtAll(
    _ version: NATSServer.Version
  ) throws {
    let bed = try Bed.forWork(version)
    let folder = try TemporaryDirectory()
    for subject in ["w.create", "w.create.kubernetes"] {
      _ = bed.jetStream.connection.publish(Array(#"{"event_id":"e1"}"#.utf8), to: subject)
    }
    try eventually("stored") { try bed.info("W").state.messages == 2 }
    let dry = try bed.run(["work", "w.>", "--durable", "D", "--dry-run", "--until-now"])
    #expect(dry.status == 0 && sequences(in: dry.output).sorted() == [1, 2], "\(dry)")
    #expect(try bed.info("W").state.messages == 2)
    let command = try folder.handler("echo run >>runs")
    let outcome = try bed.run(
      ["work", "w.>", "--durable", "D", "--dedupe", "event_id", "--until-now"] + command)
    #expect(outcome.status == 0, "\(outcome)")
    #expect(try folder.read("runs") == "run\n" && bed.info("W").state.messages == 0)
  }

  @Test(arguments: NATSServer.Version.installed) func deadLettersComeBack(_ version: NATSServer.Version)
    throws
  {
    let bed = try Bed.forWork(version)
    let folder = try TemporaryDirectory()
    let payload = #"{"metadata":{"name":"x"},"n":1}"#
    _ = bed.jetStream.connection.publish(Array(payload.utf8), to: "w.a.b")
    try eventually("stored") { try bed.info("W").state.messages == 1 }
    let failing = ["work", "w.>", "--durable", "D", "--until-now", "--retries", "0", "--", "false"]
    #expect(try bed.run(failing).status == 0)
    #expect(try bed.info("DLQ").state.messages == 1)
    let replay = try Tool.shell(
      "natswatch 'dlq.>' --all --until-now | natswatch publish '{source.headers.Natswatch-Original-Subject>}' --unwrap",
      environment: bed.environment)
    #expect(try replay.waitForEnd().status == 0)
    #expect(try bed.info("W").state.messages == 1)
    let command = try folder.handler("cat >in; echo \"$NATSWATCH_SUBJECT\" >subject")
    #expect(try bed.run(["work", "w.>", "--durable", "D", "--until-now"] + command).status == 0)
    #expect(try folder.read("in") == payload && folder.read("subject") == "w.a.b\n")
  }

  @Test(arguments: NATSServer.Version.installed) func drainsAtASignal(_ version: NATSServer.Version) throws {
    let bed = try Bed.forWork(version)
    let folder = try TemporaryDirectory()
    let command = try folder.handler(
      "echo start >>log; until [ -e go ]; do sleep 0.05; done; echo end >>log")
    try bed.publish(1...3, to: "w.x", stream: "W")
    let worker = try bed.start(["work", "w.>", "--durable", "D"] + command)
    try eventually("a handler runs") { (try? folder.read("log")) == "start\n" }
    worker.send(SIGTERM)
    try eventually("it still runs") { worker.isRunning }
    _ = try folder.write("", to: "go")
    #expect(try worker.waitForEnd().status == 128 + SIGTERM)
    #expect(try folder.read("log") == "start\nend\n" && bed.info("W").state.messages == 2)
  }
}
