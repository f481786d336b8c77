// SPDX-License-Identifier: Apache-2.0

import Foundation
import JSON
import TestSupport
import Testing

@testable import NatswatchCore

/// `natswatch publish` against both servers.
@Suite(.timeLimit(.minutes(2))) struct PublishTests {
  private func lines(_ range: ClosedRange<Int>) -> String { range.map { "{\"n\":\($0)}\n" }.joined() }

  private func numbers(_ outcome: Tool.Outcome) -> [Int] {
    outcome.lines.compactMap { Int($0.dropFirst(5).dropLast()) }
  }

  @Test(arguments: NATSServer.Version.installed) func aServerGoneInMidStream(_ version: NATSServer.Version)
    throws
  {
    let bed = try Bed(version)
    try bed.createStream()
    let count = 33_000
    let publisher = try bed.start(["publish", "a.x"])
    publisher.write(lines(1...count - 3000))
    try eventually("some are stored") { try bed.info().state.messages > 1000 }
    bed.server.kill()
    // On another thread, because the publisher does not read while its window is full.
    let rest = lines(count - 2999...count)
    Thread.detachNewThread {
      publisher.write(rest)
      publisher.closeInput()
    }
    try bed.server.restart()
    #expect(try publisher.waitForEnd(.seconds(60)).status == 0)
    let stored = numbers(try bed.run(["tail", "a.>", "--all", "--until-now", "--raw"]))
    #expect(stored.count == count, "\(stored.count) of \(count)")
    #expect(Set(stored) == Set(1...count), "none lost and none twice")
  }

  @Test func idsCanBeLeftOut() throws {
    let bed = try Bed(.debian)
    try bed.createStream()
    #expect(try bed.run(["publish", "a.with"], stdin: "{}\n").status == 0)
    #expect(try bed.run(["publish", "a.without", "--no-ids"], stdin: "{}\n").status == 0)
    let stored = try bed.run(["tail", "a.>", "--all", "--until-now"]).lines
    #expect(stored.map { $0.contains("Nats-Msg-Id") } == [true, false], "\(stored)")
    let both = try bed.run(["publish", "a.x", "--no-ids", "--id", "n"], stdin: "{}\n")
    #expect(both.status == 64 && both.diagnostics.contains("--id and --no-ids"), "\(both)")
  }

  @Test(arguments: NATSServer.Version.installed) func idsPreventRepetitions(_ version: NATSServer.Version)
    throws
  {
    let bed = try Bed(version)
    try bed.createStream()
    let input = lines(1...3) + lines(2...4)
    #expect(try bed.run(["publish", "a.x", "--id", "'id-' + string(n)"], stdin: input).status == 0)
    let stored = try bed.run(["tail", "a.>", "--all", "--until-now", "--raw"])
    #expect(numbers(stored) == [1, 2, 3, 4])
  }

  @Test(arguments: NATSServer.Version.installed) func fillsHeadersAndStreams(_ version: NATSServer.Version)
    throws
  {
    let bed = try Bed(version)
    let missing = try bed.run(["publish", "s.status"], stdin: "{}\n")
    #expect(missing.status == 66 && missing.diagnostics.contains("no stream captures s.status"), "\(missing)")
    let flags = [
      "publish", "s.{kind}", "--create-stream", "NEW", "--fill", "event_id=uuid,at=now,who=me", "--header",
      "X-A: b c",
    ]
    let input = #"{"kind":"a.b","event_id":"mine"}"# + "\n{}\nnonsense\n\n" + #"{"kind":"*"}"# + "\n"
    let outcome = try bed.run(flags, stdin: input)
    #expect(outcome.status == 65 && outcome.diagnostics.contains("3 lines were not published"), "\(outcome)")
    let line = try bed.run(["tail", "s.>", "--all", "--until-now"]).output
    #expect(
      line.contains(#""who":"me","kind":"a.b","event_id":"mine"}"#) && line.contains(#""subject":"s.a_b""#),
      "\(line)")
    #expect(line.contains(#""X-A":"b c""#))
    #expect(try bed.run(flags + ["--on-error", "fail"], stdin: input).status == 65)
    let status = ["publish", "s.filled", "--fill", "event_id=uuid,timestamp=now"]
    #expect(try bed.run(status, stdin: #"{"session_id":"s"}"# + "\n").status == 0)
    let filled = try bed.run(["tail", "s.filled", "--all", "--until-now", "--raw"]).lines
    let form =
      /\{"event_id":"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}","timestamp":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z","session_id":"s"\}/
    #expect(filled.count == 1 && filled[0].wholeMatch(of: form) != nil, "\(filled)")
  }

  @Test func keepsTheRate() throws {
    let bed = try Bed(.debian)
    try bed.createStream()
    let flags = ["publish", "a.x", "--rate", "100/s", "--burst", "10"]
    #expect(try bed.run(flags, stdin: lines(1...110)).status == 0)
    let times = try bed.stored(in: "S").map(\.metadata.time)
    #expect(times.count == 110)
    // Measured with the server's clock, so that the start of the process does not count.
    let took = Duration.nanoseconds((times.last ?? 0) - (times.first ?? 0))
    #expect(took > .milliseconds(950) && took < .seconds(4), "\(took)")
  }

  @Test func metricsHaveTheNamesOfTheDocument() throws {
    let bed = try Bed(.debian)
    try bed.createStream()
    let publisher = try bed.start(
      ["publish", "a.x", "--metrics", "127.0.0.1:0", "--metrics-prefix", "streamspace_"])
    publisher.write(lines(1...2))
    publisher.write(#"{"type":"MODIFIED","object":{"kind":"Pod"}}"# + "\n")
    publisher.write(#"{"id":4,"type":"session.create"}"# + "\n" + #"{"id":5,"type":7}"# + "\n")
    try eventually("published ones are counted") {
      let text = try scrape(publisher)
      // A line without a type is counted by its subject.
      return text.contains(#"nats_msgs_published_total{subject="a.x"} 5"#)
        && text.contains(#"streamspace_events_published_total{type="a.x"} 3"#)
        && text.contains(#"streamspace_events_published_total{type="MODIFIED"} 1"#)
        && text.contains(#"streamspace_events_published_total{type="session.create"} 1"#)
    }
    let tail = try bed.start(["tail", "a.>", "--all", "--metrics", "127.0.0.1:0"])
    try tail.waitForLines(5)
    try eventually("received ones are counted") {
      let text = try scrape(tail)
      return text.contains(#"nats_msgs_received_total{subject="a.x"} 5"#)
        && text.contains("nats_pending_msgs 0")
    }
    try bed.createStream("DLQ", ["dlq.>"])
    let work = try bed.start(
      [
        "work", "a.>", "--durable", "D", "--metrics", "127.0.0.1:0", "--metrics-prefix",
        "streamspace_", "--", "true",
      ],
      environment: ["CONTROLLER_ID": "k8s"])
    try eventually("handled ones are counted") {
      let text = try scrape(work)
      return text.contains(#"streamspace_events_processed_total{controller="k8s",result="success"} 5"#)
        && text.contains(#"streamspace_controller_health{controller="k8s"} 1"#)
        && text.contains("streamspace_event_latency_seconds_count 5")
    }
  }

  @Test func metricsFollowTheQueueAndTheBreaker() throws {
    let bed = try Bed.forWork(.debian)
    let folder = try TemporaryDirectory()
    try bed.publish(1...5, to: "w.x", stream: "W")
    let work = try bed.start(
      [
        "work", "w.>", "--durable", "D", "--breaker", "1", "--breaker-pause", "1s", "--retry-initial",
        "100ms", "--retries", "50", "--metrics", "127.0.0.1:0", "--metrics-prefix", "streamspace_",
      ] + folder.handler("[ -e mended ]"), environment: ["CONTROLLER_ID": "k8s"])
    func waiting() throws -> Int { Int(try bed.ask("CONSUMER.INFO.W.D")["num_pending"]?.integer ?? 0) }
    try eventually("the consumer exists") { (try? waiting()) != nil }
    try eventually("the breaker is open while messages wait") {
      let text = try scrape(work)
      let pending = try waiting()
      return pending > 0 && text.contains("nats_pending_msgs \(pending)\n")
        && text.contains(#"streamspace_controller_health{controller="k8s"} 0"#)
        && text.contains(#"streamspace_events_processed_total{controller="k8s",result="failure"} "#)
    }
    _ = try folder.write("", to: "mended")
    try eventually("all are handled", within: .seconds(40)) {
      let text = try scrape(work)
      return try waiting() == 0 && text.contains("nats_pending_msgs 0\n")
        && text.contains(#"streamspace_controller_health{controller="k8s"} 1"#)
        && text.contains(#"streamspace_events_processed_total{controller="k8s",result="success"} 5"#)
    }
    let sum = try scrape(work).firstMatch(of: /streamspace_event_latency_seconds_sum ([0-9.]+)/)
    #expect(sum.flatMap { Double($0.1) } ?? 0 > 0.9, "the messages waited for the pause of a second")
  }

  /// The handler is busy, and nothing is pulled that would report what is pending.
  @Test func pendingMessagesAreCountedWhileAllHandlersAreBusy() throws {
    let bed = try Bed.forWork(.debian)
    let folder = try TemporaryDirectory()
    try bed.publish(1...1, to: "w.x", stream: "W")
    let work = try bed.start(
      ["work", "w.>", "--durable", "D", "--metrics", "127.0.0.1:0"]
        + folder.handler("touch started; until [ -e go ]; do sleep 0.05; done"))
    try eventually("the handler runs") { FileManager.default.fileExists(atPath: folder.path("started")) }
    try bed.publish(2...6, to: "w.x", stream: "W")
    try eventually("five messages are pending") { try scrape(work).contains("nats_pending_msgs 5\n") }
    _ = try folder.write("", to: "go")
    try eventually("none is pending") { try scrape(work).contains("nats_pending_msgs 0\n") }
  }

  private func scrape(_ tool: RunningTool) throws -> String {
    try tool.waitForDiagnostics("metrics on ")
    let address = try #require(tool.soFar.diagnostics.firstMatch(of: /http:\S+/)).output
    let curl = try Tool.shell("curl -s \(address) || true")
    return try curl.waitForEnd().output
  }
}
