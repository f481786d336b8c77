// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport
import Testing

@testable import WfanoutCore

@Suite(.timeLimit(.minutes(1))) struct ServingTests {
  @Test func eventStreamHasItsHeadersAndFields() throws {
    let fanout = try Fanout()
    let listener = try fanout.listening("/events")
    fanout.feed(pod("a"))
    try listener.wait(for: "an event", .seconds(10)) { $0.soFar.output.contains("data: ") }
    let head = listener.soFar.diagnostics
    #expect(head.contains("Content-Type: text/event-stream"))
    #expect(head.contains("Cache-Control: no-cache"))
    #expect(head.contains("X-Accel-Buffering: no"))
    #expect(listener.soFar.output.hasSuffix("-1\ndata: \(pod("a"))\n\n"))
    try fanout.end()
  }

  @Test func endOfInputIsReportedAndEndsWithStatusZero() throws {
    let fanout = try Fanout()
    let listener = try fanout.listening("/events")
    fanout.feed(["{}", "{}"])
    #expect(try fanout.end().status == 0)
    let outcome = try listener.waitForEnd(.seconds(10))
    #expect(outcome.status == 0, "the response did not end as it should: \(outcome)")
    #expect(outcome.output.contains("event: disconnect\nretry: "))
    #expect(outcome.output.components(separatedBy: "\ndata: {}\n").count == 3)
  }

  @Test func terminationIsReportedAndStaysASignalDeath() throws {
    let fanout = try Fanout()
    let listener = try fanout.listening("/events")
    fanout.tool.send(SIGTERM)
    let outcome = try fanout.tool.waitForEnd(.seconds(10))
    #expect(outcome.status == 128 + SIGTERM)
    #expect(try listener.waitForEnd(.seconds(10)).output.contains("server_shutdown"))
  }

  @Test func resumesWithoutGapOrRepetition() throws {
    let fanout = try Fanout()
    let first = try fanout.listening("/events")
    fanout.feed((1...5).map { "{\"n\":\($0)}" })
    try first.wait(for: "five events", .seconds(10)) { $0.soFar.output.contains("\"n\":5") }
    // The first id is that of the stream's beginning.
    let ids = first.lines.filter { $0.hasPrefix("id: ") }.map { $0.dropFirst(4) }.dropFirst().map(String.init)
    #expect(ids.count == 5)
    let second = try fanout.listening("/events", ["-H", "Last-Event-ID: \(ids[1])"])
    let third = try fanout.listening("/events?lastEventId=\(ids[3])")
    fanout.feed("{\"n\":6}")
    try second.wait(for: "the newest", .seconds(10)) { $0.soFar.output.contains("\"n\":6") }
    try third.wait(for: "the newest", .seconds(10)) { $0.soFar.output.contains("\"n\":6") }
    #expect(second.lines.filter { $0.hasPrefix("data: ") } == (3...6).map { "data: {\"n\":\($0)}" })
    #expect(third.lines.filter { $0.hasPrefix("data: ") } == (5...6).map { "data: {\"n\":\($0)}" })
  }

  @Test(arguments: ["1-1", "nonsense", "18446744073709551615-18446744073709551615"])
  func anUnknownIDIsResetAndContinues(id: String) throws {
    let fanout = try Fanout()
    let listener = try fanout.listening("/events?lastEventId=\(id)")
    fanout.feed("{\"n\":1}")
    try listener.wait(for: "an event", .seconds(10)) { $0.soFar.output.contains("\"n\":1") }
    #expect(listener.soFar.output.contains("\n\nevent: reset\ndata: {\"type\":\"ERROR\""))
    #expect(listener.soFar.output.contains("\"code\":410"))
  }

  @Test func servesPlainLinesOnRequest() throws {
    let fanout = try Fanout()
    let listener = try fanout.listening("/events", ["-H", "Accept: application/x-ndjson"])
    fanout.feed([pod("a"), #"{"big":12345678901234567890.10}"#])
    #expect(try listener.waitForLines(2) == [pod("a"), #"{"big":12345678901234567890.10}"#])
    #expect(listener.soFar.diagnostics.contains("Content-Type: application/x-ndjson"))
  }

  @Test func oldClientsGetABodyThatEndsWithTheConnection() throws {
    let fanout = try Fanout()
    let listener = try fanout.listening("/events", ["--http1.0", "-H", "Accept: application/x-ndjson"])
    fanout.feed("{}")
    #expect(try listener.waitForLines(1) == ["{}"])
    #expect(!listener.soFar.diagnostics.contains("chunked"))
    try fanout.end()
    #expect(try listener.waitForEnd(.seconds(5)).status == 0)
  }

  @Test func lateListenersGetTheLatestOfEachKeyThenContinue() throws {
    let fanout = try Fanout(["--snapshot"])
    let early = try fanout.listening("/events", ["-H", "Accept: application/x-ndjson"])
    fanout.feed([
      pod("a", version: 1), pod("b", version: 2), pod("a", type: "MODIFIED", version: 3),
      pod("c", version: 4),
      pod("b", type: "DELETED", version: 5),
    ])
    _ = try early.waitForLines(5)
    let late = try fanout.listening("/events?snapshot=1", ["-H", "Accept: application/x-ndjson"])
    fanout.feed(pod("d", version: 6))
    let lines = try late.waitForLines(4)
    #expect(lines[0] == pod("a", version: 3))
    #expect(lines[1] == pod("c", version: 4))
    #expect(lines[2].contains("k8s.io/initial-events-end"))
    #expect(lines[3] == pod("d", version: 6))
  }

  @Test func answersHealthMetricsAndThePage() throws {
    let fanout = try Fanout()
    #expect(try fanout.curl("/healthz").output == "ok\n")
    #expect(try fanout.curl("/metrics").output.contains("# TYPE wfanout_events_received_total counter\n"))
    let page = try fanout.curl("/", ["-i"]).output
    #expect(page.contains("text/html"))
    #expect(page.contains("<title>wfanout</title>"))
    #expect(try fanout.curl("/none", ["-w", "%{http_code}"]).output.hasSuffix("404"))
    #expect(try fanout.curl("/events", ["-X", "POST", "-w", "%{http_code}"]).output.hasSuffix("405"))
    #expect(try fanout.curl("/healthz", ["-I"]).output.contains("Content-Length: 3"))
  }

  @Test func headIsAnsweredWhereverGetIs() throws {
    let fanout = try Fanout(["--snapshot"])
    fanout.feed(pod("a"))
    try eventually("the object is kept") { try fanout.curl("/snapshot").output.contains("\"a\"") }
    for path in [
      "/", "/healthz", "/metrics", "/events", "/snapshot", "/snapshot/default/a", "/api/v1/pods",
      "/api/v1/pods?watch=1", "/api/v1/namespaces/default/pods/a",
    ] {
      let head = try fanout.curl(path, ["-I"]).output
      #expect(head.hasPrefix("HTTP/1.1 200 "), "\(path): \(head)")
      // RFC 9110 section 8.6: no length, or that of GET.
      let isStream = path == "/events" || path.contains("watch")
      #expect(head.contains("Content-Length") != isStream, "\(path): \(head)")
      #expect(!isStream || head.contains("Cache-Control: no-cache"), "\(path): \(head)")
    }
    #expect(try fanout.curl("/api/v1/namespaces/default/pods/b", ["-I"]).output.hasPrefix("HTTP/1.1 404 "))
  }

  @Test(arguments: [
    "filter=true&filter=false", "type=ADDED&type=DELETED", "labelSelector=a&filter=true&labelSelector=b",
    "filterr=true", "types=ADDED", "label_selector=a", "lastEventID=1-2", "last-event-id=1-2",
  ])
  func aRepeatedOrMistypedFilterIsRefused(_ query: String) throws {
    let fanout = try Fanout(["--snapshot"])
    for path in ["/events", "/snapshot", "/api/v1/pods"] {
      #expect(try fanout.curl("\(path)?\(query)", ["-w", "%{http_code}"]).output.hasSuffix("400"), "\(path)")
    }
  }

  @Test func headStartsNoCommand() throws {
    let fanout = try Fanout(["--upstream", "false {resourceType}"])
    for path in ["/api/v1/pods?watch=1", "/api/v1/pods", "/api/watch/stream?cid=c"] {
      let head = try fanout.curl(path, ["-I"]).output
      #expect(head.hasPrefix("HTTP/1.1 200 ") && !head.contains("Content-Length"), "\(path): \(head)")
    }
    #expect(try fanout.curl("/api/watch/stream", ["-I"]).output.hasPrefix("HTTP/1.1 400 "))
  }

  @Test func beyondMaxClientsIs503WithRetryAfter() throws {
    let fanout = try Fanout(["--max-clients", "1"])
    let first = try fanout.listening("/events")
    let refused = try fanout.curl("/events", ["-i"]).output
    #expect(refused.hasPrefix("HTTP/1.1 503"))
    #expect(refused.contains("Retry-After: "))
    first.send(SIGKILL)
    _ = try first.waitForEnd()
    try eventually("the place is free again") {
      (try? fanout.curl("/metrics").output.contains("wfanout_clients 0\n")) == true
    }
  }

  @Test func heartbeatsKeepAQuietConnectionAlive() throws {
    let fanout = try Fanout(["--heartbeat", "1s"])
    let listener = try fanout.listening("/events")
    try listener.wait(for: "a heartbeat", .seconds(10)) {
      $0.soFar.output.contains(/\n\n:\nid: \d+-0\n\n/)
    }
  }

  @Test func badFlagsAreReportedWithStatus64() throws {
    for flags in [
      ["--listen", "nowhere"], ["--ring", "1"], ["--queue", "0"], ["--overflow", "x"],
      ["--heartbeat", "1ms"],
    ] {
      #expect(try Tool.run("wfanout", flags).status == 64)
    }
  }

  @Test func reportsAPortInUse() throws {
    let fanout = try Fanout()
    let outcome = try Tool.run("wfanout", ["--listen", ":\(fanout.port)"])
    #expect(outcome.status == 69)
    #expect(outcome.diagnostics.hasPrefix("wfanout: error: listen on 127.0.0.1:\(fanout.port): "))
  }

  @Test func aListenerContinuesAtAnotherReplica() throws {
    let replicas = try (0..<2).map { _ in try Fanout() }
    let first = try replicas[0].listening("/events", ["-H", "Accept: text/event-stream"])
    replicas[0].feed((1...3).map { message($0) })
    try first.wait(for: "three", .seconds(10)) { $0.soFar.output.contains("\"sequence\":3") }
    let id = try #require(first.soFar.output.split(separator: "\n").last { $0.hasPrefix("id: ") }).dropFirst(
      4)
    first.send(SIGKILL)
    // The other replica has read the same stream from another position.
    replicas[1].feed((2...5).map { message($0) })
    try eventually("it has them") {
      try replicas[1].curl("/metrics").output.contains("wfanout_events_received_total 4")
    }
    let second = try replicas[1].listen(
      "/events", ["-H", "Last-Event-ID: \(id)", "-H", "Accept: application/x-ndjson"])
    #expect(try second.waitForLines(2) == [message(4), message(5)])
  }

  /// It serves in a network namespace without any interface: it needs no other service.
  @Test func nothingButItsInputIsNeeded() throws {
    let libraries = try Tool.shell("exec ldd \"$(command -v wfanout)\"").waitForEnd().output
    for service in ["redis", "nats", "sqlite"] {
      #expect(!libraries.contains("lib\(service)"))
    }
    guard try Tool.shell("unshare -rn true").waitForEnd().status == 0 else {
      return notTested("wfanout without a network", because: "this user may not make a network namespace")
    }
    let folder = try TemporaryDirectory()
    let socket = folder.path("socket")
    let server = try Tool.shell("exec unshare -rn wfanout --listen 'unix:\(socket)'")
    try eventually("it listens") { FileManager.default.fileExists(atPath: socket) }
    let listener = try Tool.shell(
      "exec curl -sSN -D /dev/stderr -H 'Accept: application/x-ndjson' --unix-socket '\(socket)' http://localhost/events"
    )
    try listener.waitForDiagnostics("\r\n\r\n")
    server.write(pod("a") + "\n")
    #expect(try listener.waitForLines(1) == [pod("a")])
  }
}
