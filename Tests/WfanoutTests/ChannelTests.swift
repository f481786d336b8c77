// SPDX-License-Identifier: Apache-2.0
import Foundation
import JSON
import TestSupport
import Testing

@testable import WfanoutCore

@Suite(.timeLimit(.minutes(1))) struct ChannelTests {
  let directory: TemporaryDirectory
  let fanout: Fanout

  /// A source that prints its process id and its arguments, and then nothing until it is stopped.
  init() throws {
    directory = try TemporaryDirectory()
    let script = try directory.write(
      """
      case "$1" in denied) echo "no rights" >&2; exit 77;; esac
      echo "{\\"type\\":\\"ADDED\\",\\"object\\":{\\"metadata\\":{\\"name\\":\\"p$$\\",\\"resourceVersion\\":\\"3\\"},\\"args\\":\\"$*\\"}}"
      trap 'exit 0' TERM
      while :; do
        sleep 0.1
        if [ -e "$0.more" ]; then
          rm "$0.more"
          echo '{"type":"ADDED","object":{"metadata":{"name":"q","resourceVersion":"4"}}}'
        fi
      done
      """, to: "source.sh")
    fanout = try Fanout(
      ["--upstream", "/bin/sh \(script) {resourceType} [-n {namespace}]", "--admin", ":0"],
      configuration: "{grace: 4s, heartbeat: 1s, max-channels: 2, idle-timeout: 8s}")
  }

  func post(_ path: String, _ body: String) throws -> String {
    try fanout.curl(
      path, ["-X", "POST", "-H", "Content-Type: application/json", "-d", body, "-w", " %{http_code}"]
    ).output
  }

  func subscribe(_ id: String, _ resource: String, _ more: String = "") throws -> String {
    try post("/api/watch/subscribe", #"{"clientId":"\#(id)","resourceType":"\#(resource)"\#(more)}"#)
  }

  @Test func manyChannelsShareOneStream() throws {
    let stream = try fanout.listening("/api/watch/stream?cid=c1")
    try stream.wait(for: "connected", .seconds(10)) {
      $0.soFar.output.hasPrefix("event: connected\ndata: {\"clientId\":\"c1\"}\n\n")
    }
    #expect(try subscribe("c1", "pods") == "{\"channel\":\"pods::::::\"}\n 200")
    #expect(try subscribe("c1", "api/v1/services", #","namespace":"default""#).hasSuffix(" 200"))
    try stream.wait(for: "both", .seconds(10)) {
      $0.soFar.output.contains(#""args":"pods""#)
        && $0.soFar.output.contains(#""args":"api/v1/services -n default""#)
    }
    let head = stream.soFar.diagnostics
    #expect(head.contains("Content-Type: text/event-stream") && head.contains("Cache-Control: no-cache"))
    let output = stream.soFar.output
    #expect(output.contains("event: subscribed\ndata: {\"channel\":\"pods::::::\"}\n\n"))
    #expect(
      output.contains("event: watch\ndata: {\"channel\":\"pods::::::\",\"type\":\"ADDED\",\"object\":{"))
    #expect(output.contains(#","resourceVersion":"3"}"# + "\n\n"))
  }

  @Test func oneCommandServesAllAndEndsAfterTheGracePeriod() throws {
    let first = try fanout.listening("/api/watch/stream?cid=a")
    let second = try fanout.listening("/api/watch/stream?cid=b")
    #expect(try fanout.ask("/api/watch/stats")["upstreams"] == .number("0"), "nobody has subscribed")
    _ = try subscribe("a", "pods")
    try first.wait(for: "the first event", .seconds(10)) { $0.soFar.output.contains("\"name\":\"p") }
    #expect(!second.soFar.output.contains("event: watch\n"), "a tab gets what it has subscribed to")
    _ = try subscribe("b", "pods")
    try second.wait(for: "the present state", .seconds(10)) { $0.soFar.output.contains("initial-events-end") }
    func child(_ tool: RunningTool) -> String? {
      tool.soFar.output.split(separator: "\"name\":\"p").dropFirst().first.map {
        String($0.prefix { $0.isNumber })
      }
    }
    let identifier = try #require(child(first))
    #expect(child(second) == identifier)
    for id in ["a", "b"] {
      #expect(
        try post("/api/watch/unsubscribe", #"{"clientId":"\#(id)","channel":"pods::::::"}"#)
          == "{\"ok\":true}\n 200")
    }
    let left = ContinuousClock.now
    try first.wait(for: "unsubscribed", .seconds(10)) { $0.soFar.output.contains("event: unsubscribed\n") }
    try eventually("the command has ended") { kill(pid_t(identifier) ?? 0, 0) != 0 }
    #expect(ContinuousClock.now - left > .seconds(3), "the grace period is 4 s")
  }

  @Test func reportsAFailingCommand() throws {
    let stream = try fanout.listening("/api/watch/stream?cid=c1")
    #expect(try subscribe("c1", "denied").hasSuffix(" 200"))
    try stream.wait(for: "the error", .seconds(10)) { $0.soFar.output.contains("event: watch-error\n") }
    #expect(
      stream.soFar.output.contains(
        #""code":403,"reason":"Forbidden","message":"exit status 77: no rights"}"#))
  }

  @Test func reportsBadRequests() throws {
    #expect(
      try fanout.curl("/api/watch/stream", ["-w", "%{http_code}"]).output
        == "{\"error\":\"Missing cid query parameter\"}\n400")
    #expect(try subscribe("nobody", "pods").hasSuffix(" 404"))
    let stream = try fanout.listening("/api/watch/stream?cid=c1")
    #expect(try subscribe("c1", "../pods").hasSuffix(" 400"))
    #expect(try subscribe("c1", "pods", #","namespace":";rm -rf /""#).hasSuffix(" 400"))
    let twice = try subscribe("c1", "pods", #","namespace":"a","namespace":"b""#)
    #expect(twice.contains("namespace is given more than once") && twice.hasSuffix(" 400"), "\(twice)")
    for body in ["[]", "{"] {
      let refusal = try post("/api/watch/subscribe", body)
      #expect(refusal.contains("not a JSON object") && refusal.hasSuffix(" 400"), "\(refusal)")
    }
    #expect(try post("/api/watch/unsubscribe", #"{"clientId":"c1","channel":"none"}"#).hasSuffix(" 200"))
    #expect(try fanout.curl("/api/watch/subscribe", ["-w", "%{http_code}"]).output.hasSuffix("405"))
    #expect(try fanout.curl("/api/watch/stats", ["-w", "%{http_code}"]).output.hasSuffix("404"))
    stream.send(SIGKILL)
  }

  @Test func aNewerConnectionReplacesTheOlderOne() throws {
    let old = try fanout.listening("/api/watch/stream?cid=c1")
    let new = try fanout.listening("/api/watch/stream?cid=c1")
    #expect(try old.waitForEnd(.seconds(10)).output.contains("event: replaced\n"))
    #expect(try subscribe("c1", "pods").hasSuffix(" 200"))
    try new.wait(for: "an event", .seconds(10)) { $0.soFar.output.contains("event: watch\n") }
  }

  @Test func servesAKubernetesWatchFromACommand() throws {
    let watch = try fanout.listening("/apis/g.example/v1/namespaces/n/things?watch=1")
    #expect(try watch.waitForLines(1)[0].contains(#""args":"apis/g.example/v1/things -n n""#))
    #expect(
      try fanout.curl("/apis/g.example/v1/namespaces/n/things?watch=1&resourceVersion=1", ["-i"]).output
        .hasPrefix("HTTP/1.1 410"))
  }

  func unsubscribe(_ id: String, _ channel: String) throws -> String {
    try post("/api/watch/unsubscribe", #"{"clientId":"\#(id)","channel":"\#(channel)"}"#)
  }

  /// The process ids in a listener's events.
  func children(_ tool: RunningTool) -> [String] {
    tool.soFar.output.split(separator: "\"name\":\"p").dropFirst().map { String($0.prefix { $0.isNumber }) }
  }

  @Test func aClientWithinTheGracePeriodGetsTheSameCommand() throws {
    let stream = try fanout.listening("/api/watch/stream?cid=c1")
    _ = try subscribe("c1", "pods")
    try stream.wait(for: "the first event", .seconds(10)) { children($0).count == 1 }
    _ = try unsubscribe("c1", "pods::::::")
    _ = try subscribe("c1", "pods")
    try stream.wait(for: "the present state", .seconds(10)) { children($0).count == 2 }
    #expect(children(stream)[0] == children(stream)[1])
    // A command that has died is started again for the next subscriber.
    kill(pid_t(children(stream)[0]) ?? 0, SIGKILL)
    try stream.wait(for: "its end", .seconds(10)) { $0.soFar.output.contains("event: watch-error\n") }
    _ = try subscribe("c1", "pods")
    try stream.wait(for: "another command's event", .seconds(10)) { children($0).count == 3 }
    #expect(children(stream)[2] != children(stream)[0])
  }

  @Test func aReconnectingClientContinuesAfterItsVersion() throws {
    let first = try fanout.listening("/api/watch/stream?cid=c1")
    _ = try subscribe("c1", "pods")
    try first.wait(for: "version 3", .seconds(10)) { children($0).count == 1 }
    let again = try fanout.listening("/api/watch/stream?cid=c1")
    try directory.write("", to: "source.sh.more")
    _ = try subscribe("c1", "pods", #","resourceVersion":"3""#)
    try again.wait(for: "version 4", .seconds(10)) { $0.soFar.output.contains(#""name":"q""#) }
    #expect(children(again).isEmpty, "what it had does not come again")
    let late = try fanout.listening("/api/watch/stream?cid=c2")
    _ = try subscribe("c2", "pods", #","resourceVersion":"2""#)
    try late.wait(for: "the present state", .seconds(10)) { $0.soFar.output.contains("initial-events-end") }
    #expect(late.soFar.output.contains(#""code":410"#))
    #expect(children(late).count == 1)
  }

  @Test func channelsAreCountedOnceAndForgotten() throws {
    let stream = try fanout.listening("/api/watch/stream?cid=c1")
    for _ in 0..<2 { #expect(try subscribe("c1", "pods").hasSuffix(" 200")) }
    #expect(try subscribe("c1", "services").hasSuffix(" 200"))
    #expect(try subscribe("c1", "nodes").hasSuffix(" 429"), "max-channels")
    try stream.wait(for: "both", .seconds(10)) { children($0).count == 2 }
    func statistics() throws -> JSONValue { try fanout.ask("/api/watch/stats") }
    let counted = try statistics()
    #expect(
      counted
        == JSONValue(
          Array(#"{"clients":1,"upstreams":2,"subscriptions":{"pods::::::":1,"services::::::":1}}"#.utf8)))
    guard case .array(let clients) = try fanout.ask("/api/v1/streaming/clients")["clients"] else {
      Issue.record("no clients")
      return
    }
    #expect(clients.count == 1)
    #expect(
      clients[0]["subscriptions"]
        == JSONValue(Array(#"[{"channel":"pods::::::"},{"channel":"services::::::"}]"#.utf8)))
    _ = try unsubscribe("c1", "pods::::::")
    try eventually("one unsubscribe takes two subscribes back") {
      try statistics()["subscriptions"]?["pods::::::"] != .number("1")
    }
    try stream.wait(for: "a heartbeat", .seconds(10)) {
      $0.soFar.output.contains("event: heartbeat\ndata: {\"ts\":")
    }
    stream.send(SIGKILL)
    try eventually("nobody is left") {
      try statistics() == JSONValue(Array(#"{"clients":0,"upstreams":0,"subscriptions":{}}"#.utf8))
    }
  }

  @Test func closesAStreamWithoutChannels() throws {
    let stream = try fanout.listening("/api/watch/stream?cid=c1")
    let output = try stream.waitForEnd(.seconds(20)).output
    #expect(output.contains(#"data: {"reason":"idle"}"#))
    #expect(output.contains("event: error\ndata: {\"message\":\"no channel was subscribed to"))
  }
}
