// SPDX-License-Identifier: Apache-2.0
import Foundation
import JSON
import TestSupport
import Testing

@testable import WfanoutCore

/// The examples of the streaming service whose protocol `/ws` implements.
@Suite(.timeLimit(.minutes(1))) struct StreamingServiceTests {
  static let events = [
    #"{"event_type":"ALERT_FIRED","cluster_id":"c1","payload":{"alertname":"a","labels":{"namespace":"production"}}}"#,
    #"{"event_type":"ALERT_FIRED","cluster_id":"c1","payload":{"alertname":"b","namespace":"other"}}"#,
    #"{"event_type":"ALERT_RESOLVED","cluster_id":"c1","payload":{"alertname":"c"}}"#,
    #"{"event_type":"GPU_UPDATE","cluster_id":"c1","payload":{"node_name":"d"}}"#,
    #"{"event_type":"CHAT_MESSAGE","payload":{"role":"e"}}"#,
  ]
  static let subscription =
    #"{"type":"subscribe","subscription":{"event_types":["ALERT_FIRED","ALERT_RESOLVED","GPU_UPDATE"],"#
    + #""cluster_filter":["c1"],"namespace_filter":["production","staging"]}}"#

  func receive(_ configuration: String, count: Int) throws -> ([String], Fanout) {
    let fanout = try Fanout(configuration: configuration)
    let client = try SocketClient(port: fanout.port, path: "/ws")
    client.say(Self.subscription)
    #expect(try client.nextMessage()["type"]?.string == "subscribed")
    fanout.feed(Self.events)
    let types = try (0..<count).map { _ in try client.nextMessage()["event_type"]?.string ?? "?" }
    client.say(#"{"type":"ping"}"#)
    #expect(try client.nextMessage()["type"]?.string == "pong", "no more came")
    return (types, fanout)
  }

  @Test func anEventWithoutTheFieldOfAFilterPassesIt() throws {
    #expect(try receive("", count: 3).0 == ["ALERT_FIRED", "ALERT_RESOLVED", "GPU_UPDATE"])
  }

  @Test func aSettingRequiresTheField() throws {
    #expect(try receive("filter-missing: drop", count: 1).0 == ["ALERT_FIRED"])
  }

  @Test(arguments: [("", ["CHAT_MESSAGE", "LAST"]), ("filter-missing: drop", ["LAST"])])
  func anEventWithoutAClusterPassesAClusterFilter(_ configuration: String, _ expected: [String]) throws {
    let fanout = try Fanout(configuration: configuration)
    let client = try SocketClient(port: fanout.port, path: "/ws")
    client.say(#"{"type":"subscribe","subscription":{"cluster_filter":["c1"]}}"#)
    #expect(try client.nextMessage()["type"]?.string == "subscribed")
    fanout.feed([
      Self.events[4], #"{"event_type":"OTHER","cluster_id":"c2","payload":{}}"#,
      #"{"event_type":"LAST","cluster_id":"c1","payload":{}}"#,
    ])
    for type in expected { #expect(try client.nextMessage()["event_type"]?.string == type) }
  }

  @Test func countsRoutedEventsByType() throws {
    let (_, fanout) = try receive("", count: 3)
    let metrics = try fanout.curl("/metrics").output
    for line in [
      #"{event_type="ALERT_FIRED"} 1"#, #"{event_type="ALERT_RESOLVED"} 1"#, #"{event_type="GPU_UPDATE"} 1"#,
      #"{event_type="CHAT_MESSAGE"} 0"#, #"{event_type="other"} 0"#,
    ] {
      #expect(metrics.contains("ws_events_routed_total\(line)\n"), "\(line)")
    }
  }

  @Test func theNumberOfTypesIsBounded() throws {
    let fanout = try Fanout()
    let listener = try fanout.listening("/events")
    fanout.feed((0..<300).map { #"{"event_type":"T\#($0)"}"# })
    try listener.wait(for: "the last", .seconds(10)) { $0.soFar.output.contains(#""T299""#) }
    let metrics = try fanout.curl("/metrics").output
    #expect(metrics.split(separator: "\n").count { $0.hasPrefix("ws_events_routed_total{") } <= 80)
  }

  @Test func dropNewestKeepsTheOldest() throws {
    let fanout = try Fanout(["--overflow", "drop-newest", "--queue", "1000"])
    let peer = try RawPeer(fanout)
    peer.send("GET /events HTTP/1.0\r\nAccept: application/x-ndjson\r\n\r\n")
    #expect(peer.status() == 200)
    let pad = String(repeating: "x", count: 1000)
    for block in 0..<40 { fanout.feed((0..<500).map { #"{"n":\#(block * 500 + $0),"pad":"\#(pad)"}"# }) }
    try eventually("all are there") {
      try fanout.curl("/metrics").output.contains("wfanout_events_received_total 20000\n")
    }
    let (bytes, _) = peer.receive(within: .seconds(20)) {
      $0.suffix(500).contains(UInt8(ascii: "d"))
        && String(decoding: $0.suffix(500), as: UTF8.self).contains(#""dropped""#)
    }
    fanout.feed(#"{"n":"next"}"#)
    let (more, _) = peer.receive(within: .seconds(20)) {
      String(decoding: $0, as: UTF8.self).contains("next")
    }
    #expect(String(decoding: more, as: UTF8.self).contains("next"))
    let numbers = String(decoding: bytes, as: UTF8.self).split(separator: "\n").compactMap { line in
      line.hasPrefix(#"{"n":"#) ? Int(line.dropFirst(5).prefix { $0.isNumber }) : nil
    }
    #expect(numbers == Array(0..<numbers.count), "nothing is missing before the gap")
    #expect((1000..<20_000).contains(numbers.count))
  }

  @Test func aDeepBodyIsBroadcast() throws {
    let fanout = try Fanout(["--admin", ":0"])
    let deep = String(repeating: #"{"a":"#, count: 40) + "1" + String(repeating: "}", count: 40)
    let answer = try fanout.ask(
      "/api/v1/streaming/broadcast", "-H 'Content-Type: application/json' -d '{\"payload\":\(deep)}'")
    #expect(answer["delivered"] == .number("0"))
  }
}
