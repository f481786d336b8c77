// SPDX-License-Identifier: Apache-2.0
import Foundation
import JSON
import TestSupport
import Testing

@testable import WfanoutCore

/// The requests of one client do not slow down other clients.
@Suite(.timeLimit(.minutes(3))) struct IsolationTests {
  /// A filter that uses the whole cost limit of an evaluation, and matches nothing.
  private static func costly(_ number: Int) -> String {
    encoded(
      "!lists.range(40).all(a, lists.range(40).all(b, lists.range(40).all(c, a + b + c + \(number) >= 0)))")
  }

  private static func encoded(_ text: String) -> String {
    text.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
  }

  private static func event(_ number: Int) -> String {
    #"{"n":\#(number),"pad":"\#(String(repeating: "x", count: 100))"}"#
  }

  /// Requests /healthz and feeds events. Each must arrive while the costly work runs.
  static func deliversOnTime(_ fanout: Fanout, _ plain: RunningTool) throws {
    var slowest = Duration.zero
    for number in 0..<20 {
      let start = ContinuousClock.now
      fanout.feed(#"{"mark":\#(number)}"#)
      try plain.wait(for: "mark \(number)", .seconds(10)) {
        $0.soFar.output.contains(#"{"mark":\#(number)}"#)
      }
      let prober = try RawPeer(fanout)
      prober.send("GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
      #expect(prober.receiveToEnd()?.hasSuffix("\r\n\r\nok\n") == true)
      slowest = max(slowest, .now - start)
    }
    #expect(slowest < .seconds(3), "\(slowest)")
  }

  private static let lines = ["-H", "Accept: application/x-ndjson"]

  @Test func costlyFiltersDoNotDelayOthers() throws {
    let fanout = try Fanout(["--loops", "1"], configuration: "cost-limit: 100000")
    let plain = try fanout.listening("/events", Self.lines)
    let others = try (0..<30).map { try fanout.listening("/events?filter=" + Self.costly($0)) }
    fanout.feed((0..<200).map { Self.event($0) })
    try Self.deliversOnTime(fanout, plain)
    _ = others
  }

  @Test func aCatchUpByACostlyFilterDoesNotDelayOthers() throws {
    let fanout = try Fanout(["--loops", "1"], configuration: "cost-limit: 100000")
    let plain = try fanout.listening("/events", ["-N"])
    fanout.feed((0..<20_000).map { Self.event($0) })
    try plain.wait(for: "all events", .seconds(60)) { $0.soFar.output.contains(#"{"n":19999,"#) }
    let output = plain.soFar.output
    let epoch = try #require(output.matches(of: /id: (\d+)-1\n/).first?.1)
    let costly = try (0..<3).map {
      try fanout.listening("/events?lastEventId=\(epoch)-1&filter=" + Self.costly($0))
    }
    try Self.deliversOnTime(fanout, plain)
    _ = costly
  }

  @Test func snapshotsWithDifferentSelectorsDoNotDelayOthers() throws {
    let fanout = try Fanout(["--loops", "1", "--snapshot"])
    let plain = try fanout.listening("/events?type=NONE", Self.lines)
    let extra = #","spec":{"pad":"\#(String(repeating: "x", count: 200))"}"#
    for start in stride(from: 0, to: 50_000, by: 5000) {
      fanout.feed((start..<(start + 5000)).map { pod("p\($0)", version: $0, extra: extra) })
    }
    try eventually("all are kept", within: .seconds(60)) {
      try fanout.curl("/snapshot/uid-p49999", ["-o", "/dev/null", "-w", "%{http_code}"]).output == "200"
    }
    let live = try fanout.listening("/events", Self.lines)
    let readers = try (0..<8).flatMap { number in
      try [
        "/events?snapshot=1&labelSelector=a%21%3D\(number)", "/snapshot?labelSelector=a%21%3D\(number)",
        "/api/v1/pods?watch=1&labelSelector=a%21%3D\(number)", "/api/v1/pods?labelSelector=a%21%3D\(number)",
      ].map { try fanout.listen($0, ["-o", "/dev/null"]) }
    }
    try Self.deliversOnTime(fanout, live)
    _ = (readers, plain)
  }

  @Test func runTimePatternsDoNotDelayOthersOrShutdown() throws {
    let fanout = try Fanout(["--loops", "1"])
    let plain = try fanout.listening("/events", Self.lines)
    let costly = try (0..<3).map { number in
      let filter = #"lists.range(1500).all(i, !"aaaa".matches("\\pL{900}" + string(i + \#(number))))"#
      return try fanout.listening("/events?filter=" + Self.encoded(filter))
    }
    fanout.feed((0..<20).map { Self.event($0) })
    try Self.deliversOnTime(fanout, plain)
    let start = ContinuousClock.now
    fanout.tool.send(SIGTERM)
    _ = try fanout.tool.waitForEnd(.seconds(20))
    #expect(ContinuousClock.now - start < .seconds(5))
    _ = costly
  }

  @Test func pipelinedRequestsDoNotDelayOthers() throws {
    let fanout = try Fanout(["--loops", "1"])
    let plain = try fanout.listening("/events", Self.lines)
    let peers = try (0..<10).map { _ in try RawPeer(fanout) }
    let paths = ["/metrics", "/nothing", "/healthz"]
    for (number, peer) in peers.enumerated() {
      let request = "GET \(paths[number % 3]) HTTP/1.1\r\nHost: localhost\r\n\r\n"
      Thread.detachNewThread { peer.send(String(repeating: request, count: 20_000)) }
    }
    // Half of the peers read, so that they continue to get responses.
    for peer in peers.prefix(5) { Thread.detachNewThread { _ = peer.receive(within: .seconds(60)) } }
    try Self.deliversOnTime(fanout, plain)
  }

  @Test func subscriptionsToFiftyThousandTypesDoNotDelayOthers() throws {
    let fanout = try Fanout(["--loops", "1"])
    let plain = try fanout.listening("/events", Self.lines)
    let clients: [RawPeer] = try (0..<10).map { number in
      let client = try RawPeer(fanout)
      client.send(
        "GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
          + "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
      _ = client.receive { $0.suffix(4).elementsEqual("\r\n\r\n".utf8) }
      Thread.detachNewThread {
        for list in 0..<50 {
          let types = (0..<1000).map { #""t\#(number)-\#(list)-\#($0)""# }.joined(separator: ",")
          let text = #"{"type":"subscribe","subscription":{"event_types":[\#(types)]}}"#
          client.send(WebSocketDecoderTests.frame(1, Array(text.utf8)))
        }
      }
      return client
    }
    try Self.deliversOnTime(fanout, plain)
    let last = Array(#"t3-49-999""#.utf8)
    let responses = clients[3].receive(within: .seconds(60)) { $0.suffix(20_000).firstRange(of: last) != nil }
    #expect(!responses.hasEnded)
    fanout.feed(#"{"event_type":"t3-49-999","payload":{}}"#)
    let event = clients[3].receive(within: .seconds(60)) { $0.firstRange(of: last) != nil }
    #expect(String(decoding: event.bytes, as: UTF8.self).contains(#""type":"event""#))
  }

  /// proc_pid_stat(5) has the name, the nice value and the scheduling policy of a thread.
  @Test func workersHaveTheLowestPriority() throws {
    let fanout = try Fanout(["--loops", "1"])
    let listener = try fanout.listening("/events?filter=n%20%3E%3D%200", Self.lines)
    fanout.feed(Self.event(1))
    try listener.waitForLines(1)
    let folder = "/proc/\(fanout.tool.processIdentifier)/task"
    func threads() throws -> [(nice: Substring, policy: Substring)] {
      try FileManager.default.contentsOfDirectory(atPath: folder).map { thread in
        let fields =
          try String(contentsOfFile: "\(folder)/\(thread)/stat", encoding: .utf8)
          .split(separator: ") ").last?.split(separator: " ") ?? []
        return (nice: fields[16], policy: fields[38])
      }
    }
    // A worker that has had no work may still be starting.
    try eventually("two threads are workers") {
      try threads().count { $0.nice == "10" && $0.policy == "3" } >= 2
    }
    #expect(try threads().contains { $0.nice != "10" && $0.policy != "3" })
  }

  @Test func aFilterThatIsTooSlowMeetsTheOverflowPolicy() throws {
    let fanout = try Fanout(
      ["--loops", "1", "--queue", "50", "--admin", ":0"], configuration: "filter-budget: 20ms")
    let slow = try fanout.listening("/events?filter=" + Self.costly(1), Self.lines)
    let cheap = try fanout.listening("/events?filter=n%20%3E%3D%200", Self.lines)
    // The cheap filter of the same client keeps up.
    for number in 0..<1000 {
      fanout.feed(Self.event(number))
      if number % 20 == 0 {
        try cheap.wait(for: "event \(number)", .seconds(10)) {
          $0.soFar.output.contains(#"{"n":\#(number),"#)
        }
      }
    }
    try slow.wait(for: "a gap", .seconds(20)) {
      $0.soFar.output.contains(#""reason":"backpressure","dropped":"#)
    }
    #expect(!cheap.soFar.output.contains("backpressure"))
    let costs = try fanout.ask("/api/v1/streaming/costs")
    guard case .array(let clients)? = costs["clients"] else { throw NeverCameTrue(what: "a list of clients") }
    #expect(clients.first?["client"]?.string == "address 127.0.0.1")
    let metrics = try fanout.curl("/metrics").output
    #expect(metrics.contains("wfanout_filter_cpu_seconds_total 0."))
  }

  @Test func equalClientsShareASnapshotEvenIfTheyAreSlow() throws {
    let fanout = try Fanout(["--loops", "1", "--snapshot", "--stall", "60s"])
    let extra = #","spec":{"pad":"\#(String(repeating: "x", count: 1000))"}"#
    fanout.feed((0..<20_000).map { pod("p\($0)", version: $0, extra: extra) })
    try eventually("all are kept", within: .seconds(60)) {
      try fanout.curl("/snapshot/uid-p19999", ["-o", "/dev/null", "-w", "%{http_code}"]).output == "200"
    }
    // None of them reads. Copies of 26 MB each would need 1.3 GB.
    let slow = try (0..<50).map { _ in
      let peer = try RawPeer(fanout)
      peer.send("GET /events?snapshot=1 HTTP/1.1\r\nHost: localhost\r\n\r\n")
      return peer
    }
    let reader = try fanout.listening("/events?snapshot=1", Self.lines)
    try reader.wait(for: "the end of the snapshot", .seconds(60)) {
      $0.soFar.output.contains("initial-events-end")
    }
    #expect(reader.soFar.output.split(separator: "\n").count { $0.contains(#""kind":"Pod""#) } == 20_000)
    let status = try String(contentsOfFile: "/proc/\(fanout.tool.processIdentifier)/status", encoding: .utf8)
    let resident = status.matches(of: /VmRSS:\s+(\d+) kB/).first.flatMap { Int($0.1) } ?? .max
    #expect(resident < 300_000)
    _ = slow
  }
}
