// SPDX-License-Identifier: Apache-2.0
import Foundation
import JSON
import TestSupport
import Testing

@testable import WfanoutCore

@Suite(.timeLimit(.minutes(1))) struct WebSocketTests {
  @Test func rawModeSendsTheLines() throws {
    let fanout = try Fanout()
    let client = try SocketClient(port: fanout.port, path: "/ws?raw=1")
    #expect(client.head.hasPrefix("HTTP/1.1 101"))
    #expect(client.head.contains("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo="))
    fanout.feed([pod("a"), pod("b")])
    #expect(try client.next()?.text == pod("a"))
    #expect(try client.next()?.text == pod("b"))
  }

  @Test func subscribersGetTheirEventsAndNoOthers() throws {
    let fanout = try Fanout()
    let client = try SocketClient(port: fanout.port, path: "/ws")
    client.say(
      #"{"type":"subscribe","subscription":{"event_types":["ALERT_FIRED","ALERT_RESOLVED"],"cluster_filter":["c1"],"namespace_filter":["prod"]}}"#
    )
    #expect(try client.nextMessage()["type"]?.string == "subscribed")
    func alert(_ type: String, _ cluster: String, _ payload: String) -> String {
      #"{"event_type":"\#(type)","cluster_id":"\#(cluster)","timestamp":"2024-12-24T10:00:00Z","payload":\#(payload)}"#
    }
    fanout.feed([
      alert("GPU_UPDATE", "c1", #"{"namespace":"prod"}"#),
      alert("ALERT_FIRED", "c2", #"{"namespace":"prod"}"#),
      alert("ALERT_FIRED", "c1", #"{"namespace":"dev"}"#),
      alert("ALERT_FIRED", "c1", #"{"namespace":"prod","n":1}"#),
      alert("ALERT_RESOLVED", "c1", #"{"labels":{"namespace":"prod"},"n":2}"#),
    ])
    let first = try client.nextMessage()
    #expect(first["type"]?.string == "event")
    #expect(first["event_type"]?.string == "ALERT_FIRED")
    #expect(first["payload"]?["n"] == .number("1"))
    #expect(first["event_id"]?.string?.hasSuffix("-4") == true)
    #expect(try client.nextMessage()["payload"]?["n"] == .number("2"))
  }

  @Test func resumeReplaysOrResets() throws {
    let fanout = try Fanout()
    let first = try SocketClient(port: fanout.port, path: "/ws")
    first.say(#"{"type":"subscribe","subscription":{}}"#)
    _ = try first.nextMessage()
    fanout.feed((1...4).map { #"{"event_type":"T","n":\#($0)}"# })
    let id = try first.nextMessage()["event_id"]?.string ?? ""
    for _ in 2...4 { _ = try first.nextMessage() }
    let second = try SocketClient(port: fanout.port, path: "/ws")
    second.say(#"{"type":"resume","last_event_id":"\#(id)"}"#)
    second.say(#"{"type":"subscribe","subscription":{"event_types":["T"]}}"#)
    #expect(try second.nextMessage()["type"]?.string == "subscribed")
    for n in 2...4 { #expect(try second.nextMessage()["n"] == .number("\(n)")) }
    second.say(#"{"type":"resume","last_event_id":"1-1"}"#)
    #expect(try second.nextMessage()["type"]?.string == "reset")
  }

  @Test func changingASubscriptionKeepsThePlace() throws {
    let fanout = try Fanout()
    let client = try SocketClient(port: fanout.port, path: "/ws")
    client.say(#"{"type":"subscribe","subscription":{"event_types":["A"]}}"#)
    _ = try client.nextMessage()
    fanout.feed([#"{"event_type":"A","n":1}"#, #"{"event_type":"B","n":2}"#])
    #expect(try client.nextMessage()["n"] == .number("1"))
    client.say(#"{"type":"subscribe","subscription":{"event_types":["B"]}}"#)
    _ = try client.nextMessage()
    client.say(#"{"type":"unsubscribe","event_types":["A"]}"#)
    #expect(try client.nextMessage()["type"]?.string == "unsubscribed")
    fanout.feed([#"{"event_type":"A","n":3}"#, #"{"event_type":"B","n":4}"#])
    #expect(try client.nextMessage()["n"] == .number("4"))
  }

  @Test func closesAClientThatNeverAnswersPings() throws {
    let fanout = try Fanout(configuration: "ws-heartbeat: 1s\nws-heartbeat-timeout: 2s")
    let client = try SocketClient(port: fanout.port, path: "/ws")
    #expect(try client.next()?.opcode == 9)
    let goodbye = try client.nextMessage()
    #expect(goodbye["reason"]?.string == "heartbeat_timeout")
    #expect(try client.next()?.closeCode == 4408)
    #expect(try client.next() == nil)
  }

  @Test func shutdownIsReportedWithATimeToReconnect() throws {
    let fanout = try Fanout()
    let client = try SocketClient(port: fanout.port, path: "/ws")
    fanout.tool.send(SIGTERM)
    let goodbye = try client.nextMessage()
    #expect(goodbye["type"]?.string == "disconnect")
    #expect(goodbye["reason"]?.string == "server_shutdown")
    guard case .number(let delay)? = goodbye["reconnect_after_ms"] else {
      Issue.record("no reconnect_after_ms: \(goodbye)")
      return
    }
    #expect((2500...7500).contains(Int(delay) ?? 0))
    #expect(try client.next()?.closeCode == 1001)
  }

  @Test func aHandshakeHasOneKeyOf16Bytes() throws {
    let fields = [("Upgrade", "websocket"), ("Connection", "Upgrade"), ("Sec-WebSocket-Version", "13")]
    func isTaken(_ keys: [String]) -> Bool {
      let keys = keys.map { ("Sec-WebSocket-Key", $0) }
      let request = HTTPRequest(
        method: "GET", target: "/ws", headers: (fields + keys).map { (name: $0.0, value: $0.1) })
      return (try? WebSocketHandshake.response(request)) != nil
    }
    #expect(isTaken(["dGhlIHNhbXBsZSBub25jZQ=="]))
    #expect(!isTaken([]) && !isTaken(["dGhlIHNhbXBsZSBub25jZQ==", "dGhlIHNhbXBsZSBub25jZQ=="]))
    #expect(!isTaken(["!!!!!!!!!!!!!!!!!!!!!!=="]) && !isTaken(["dGhlIHNhbXBsZQ=="]))
  }

  @Test func anOversizedMessageClosesWith1009() throws {
    let fanout = try Fanout()
    for size in [65_537, 3_000_000, 65_537, 3_000_000] {
      let client = try SocketClient(port: fanout.port, path: "/ws")
      client.write(WebSocketDecoderTests.frame(1, [UInt8](repeating: 0x20, count: size)))
      client.say("what comes after it is discarded")
      #expect(try client.next()?.closeCode == 1009, "the close frame is not lost to a reset")
    }
  }

  @Test func aClientThatLeavesAsItSubscribesIsForgotten() throws {
    let fanout = try Fanout(["--admin", ":0"])
    let subscription = WebSocketDecoderTests.frame(1, Array(#"{"type":"subscribe","subscription":{}}"#.utf8))
    for _ in 0..<50 {
      let peer = try RawPeer(fanout)
      peer.send(
        "GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
          + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
      #expect(peer.status() == 101)
      peer.send(subscription)
      peer.reset()
      fanout.feed("{}")
    }
    func left() throws -> Bool {
      guard case .array(let sources) = try fanout.ask("/api/v1/streaming/sources")["sources"] else {
        return false
      }
      return sources.first?["listeners"] == .number("0")
    }
    try eventually("nobody is left") { try left() }
  }

  @Test func refusesInvalidHandshakes() throws {
    let fanout = try Fanout()
    #expect(try fanout.curl("/ws", ["-i"]).output.hasPrefix("HTTP/1.1 426"))
    #expect(
      try SocketClient(port: fanout.port, path: "/ws", headers: ["Origin: http://evil.example"]).head
        .hasPrefix("HTTP/1.1 403"))
    #expect(try SocketClient(port: fanout.port, path: "/ws/echo").head.hasPrefix("HTTP/1.1 404"))
  }

  @Test func echoExistsForTestsOnly() throws {
    let fanout = try Fanout(environment: ["WFANOUT_TEST_ECHO": "1"])
    let client = try SocketClient(port: fanout.port, path: "/ws/echo")
    client.write(WebSocketDecoderTests.frame(2, [1, 2, 3]))
    #expect(try client.next() == SocketClient.Frame(opcode: 2, payload: [1, 2, 3]))
    client.write(WebSocketDecoderTests.frame(9, [9]))
    #expect(try client.next() == SocketClient.Frame(opcode: 10, payload: [9]))
    client.write(WebSocketDecoderTests.frame(8, [0x03, 0xE8]))
    #expect(try client.next()?.closeCode == 1000)
    #expect(try client.next() == nil)
  }
}

@Suite(.timeLimit(.minutes(1))) struct FilterRequestTests {
  @Test func filtersOfEveryKindAreApplied() throws {
    let fanout = try Fanout()
    let lines = ["-H", "Accept: application/x-ndjson"]
    let byExpression = try fanout.listening("/events?filter=object.metadata.name%20%3D%3D%20%22b%22", lines)
    let byField = try fanout.listening("/events?fieldSelector=metadata.name%3Db", lines)
    let byType = try fanout.listening("/events?type=MODIFIED", lines)
    let byLabel = try fanout.listening("/events?labelSelector=app%3Dx", lines)
    fanout.feed([
      pod("a"), pod("b"), pod("c", type: "MODIFIED"),
      #"{"type":"ADDED","object":{"metadata":{"name":"d","labels":{"app":"x"}}}}"#,
      #"{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"9"}}}"#,
    ])
    #expect(try byExpression.waitForLines(2)[0] == pod("b"))
    #expect(byExpression.lines[1].contains("BOOKMARK"), "a filter that eats bookmarks breaks resume")
    #expect(try byField.waitForLines(2)[0] == pod("b"))
    #expect(try byLabel.waitForLines(2)[0].contains("\"d\""))
    fanout.feed(pod("e", type: "MODIFIED"))
    #expect(try byType.waitForLines(2) == [pod("c", type: "MODIFIED"), pod("e", type: "MODIFIED")])
  }

  @Test(arguments: [
    "filter=object.", "filter=1%2B1", "fieldSelector=a", "labelSelector=a%20in", "filter=old.a%3D%3D1",
  ])
  func aBadFilterGets400WithTheError(query: String) throws {
    let fanout = try Fanout()
    let answer = try fanout.curl("/events?\(query)", ["-i"]).output
    #expect(answer.hasPrefix("HTTP/1.1 400"))
    #expect(answer.contains(#""kind":"Status""#))
    #expect(answer.contains(#""reason":"BadRequest""#))
  }

  @Test func theQueryAppliesToSubscriptionsToo() throws {
    let fanout = try Fanout()
    let witness = try fanout.listening("/events")
    fanout.feed([message(10), message(11, name: "b"), message(12), #"{"event_type":"T","n":1}"#])
    try witness.wait(for: "all", .seconds(10)) { $0.soFar.output.contains(#""n":1"#) }
    let client = try SocketClient(
      port: fanout.port,
      path: "/ws?lastEventId=1700000000000000000-10&filter=object.metadata.name%20%3D%3D%20%22a%22")
    client.say(#"{"type":"subscribe","subscription":{}}"#)
    #expect(try client.nextMessage()["type"]?.string == "subscribed")
    #expect(try client.nextMessage()["event_id"]?.string == "1700000000000000000-12")
    client.say(#"{"type":"subscribe","subscription":{"event_types":["RESOURCE_ADDED"],"replace":true}}"#)
    #expect(try client.nextMessage()["type"]?.string == "subscribed")
    fanout.feed([message(13, name: "b"), message(14)])
    #expect(try client.nextMessage()["event_id"]?.string == "1700000000000000000-14")
  }

  @Test func limitsEventTypesToTheSetting() throws {
    let fanout = try Fanout(configuration: "event-types: [ALERT_FIRED, GPU_UPDATE]")
    let client = try SocketClient(port: fanout.port, path: "/ws")
    client.say(#"{"type":"subscribe","subscription":{"event_types":["ALERT_FIRED","INVALID_TYPE"]}}"#)
    let refusal = try client.nextMessage()
    #expect(refusal["code"]?.string == "INVALID_SUBSCRIPTION")
    #expect(refusal["message"]?.string == "Unknown event type: INVALID_TYPE")
    client.say(#"{"type":"subscribe","subscription":{"event_types":["GPU_UPDATE"]}}"#)
    #expect(try client.nextMessage()["type"]?.string == "subscribed")
    fanout.feed([#"{"event_type":"ALERT_FIRED"}"#, #"{"event_type":"GPU_UPDATE"}"#])
    #expect(
      try client.nextMessage()["event_type"]?.string == "GPU_UPDATE", "nothing of the refused one is in force"
    )
  }
}
