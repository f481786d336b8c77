// SPDX-License-Identifier: Apache-2.0
import Foundation
import JSON
import TestSupport
import Testing

@testable import WfanoutCore

@Suite(.timeLimit(.minutes(1))) struct ManualTests {
  @Test func describesExactlyTheFlags() throws {
    let flags = try Manual.flags(of: "wfanout")
    #expect(try Manual.differences(of: "wfanout") == [])
    #expect(flags.count <= 31, "what is rarer is a key of --config")

    // Every flag is a key of the same name, except those that only make sense on the command line. The other
    // keys are described separately.
    let keys = Set(Setting.all.map(\.name))
    let own: Set = ["--config", "--help", "-h", "--quiet", "--verbose", "--version"]
    #expect(flags.subtracting(own).isSubset(of: keys.map { "--" + $0 }))
    let described = try Repository.text("man/wfanout.1").split(separator: "\n").filter {
      $0.hasPrefix(".It Ic ")
    }
    .compactMap { $0.split(separator: " ").dropFirst(2).first.map(String.init) }
    #expect(described.sorted() == keys.filter { !flags.contains("--" + $0) }.sorted())
  }

  @Test func metricsHaveTheirNames() throws {
    let fanout = try Fanout()
    let client = try SocketClient(port: fanout.port, path: "/ws")
    client.say(#"{"type":"subscribe","subscription":{}}"#)
    _ = try client.nextMessage()
    let listener = try fanout.listening("/events")
    fanout.feed([pod("a"), pod("b", type: "DELETED")])
    _ = try client.nextMessage()
    _ = try client.nextMessage()
    try listener.wait(for: "both", .seconds(10)) { $0.soFar.output.contains("DELETED") }
    let metrics = try fanout.curl("/metrics").output
    for line in [
      "ws_connections_total 1", "ws_connections_active 1", "ws_messages_sent_total 2",
      "ws_messages_received_total 1",
      #"ws_events_routed_total{event_type="ADDED"} 1"#, "ws_events_dropped_total 0",
      "ws_subscription_count 1",
      "ws_message_latency_seconds_count 2", "sse_connections_total 1", "sse_connections_active 1",
      "sse_messages_sent_total 2",
    ] {
      #expect(metrics.contains(line + "\n"), "\(line) is not in\n\(metrics)")
    }
  }

  @Test func aRequestWithoutHostIsRefused() throws {
    let fanout = try Fanout()
    for head in [
      "GET /healthz HTTP/1.1\r\n\r\n", "GET /healthz HTTP/1.1\r\nHost: localhost\r\nHost: b\r\n\r\n",
    ] {
      let client = try SocketClient(port: fanout.port, path: nil)
      client.write(Array(head.utf8))
      try client.readHead()
      #expect(client.head.hasPrefix("HTTP/1.1 400"))
    }
    let old = try SocketClient(port: fanout.port, path: nil)
    old.write(Array("GET /healthz HTTP/1.0\r\n\r\n".utf8))
    try old.readHead()
    #expect(old.head.hasPrefix("HTTP/1.1 200"))
  }
}
