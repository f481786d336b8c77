// SPDX-License-Identifier: Apache-2.0
import Foundation
import JSON
import TestSupport
import Testing

@testable import WfanoutCore

@Suite(.timeLimit(.minutes(1))) struct AdminTests {
  let fanout: Fanout
  let json = "-H 'Content-Type: application/json'"

  init() throws { fanout = try Fanout(["--admin", ":0"]) }

  @Test func operatorsSeeTheConnections() throws {
    let listener = try fanout.listening("/events")
    let client = try SocketClient(port: fanout.port, path: "/ws")
    client.say(
      #"{"type":"subscribe","subscription":{"event_types":["A"],"cluster_filter":["c"],"namespace_filter":["n"]}}"#
    )
    _ = try client.nextMessage()
    let status = try fanout.ask("/api/v1/streaming/status")
    #expect(status["connected_clients"] == .number("2"))
    #expect(status["total_subscriptions"] == .number("2"))
    let clients = try fanout.ask("/api/v1/streaming/clients")
    #expect(clients["total"] == .number("2"))
    guard case .array(let list)? = clients["clients"] else {
      Issue.record("no clients: \(clients)")
      return
    }
    for client in list {
      let remote = client["remote"]?.string ?? ""
      #expect(remote.hasPrefix("127.0.0.1:") && UInt16(remote.dropFirst(10)) != nil, "\(remote)")
    }
    #expect(
      list.first { $0["transport"]?.string == "websocket" }?["subscriptions"]
        == JSONValue(Array(#"[{"event_types":["A"],"cluster_filter":["c"],"namespace_filter":["n"]}]"#.utf8)))
    let subscriptions = try fanout.ask("/api/v1/streaming/subscriptions")
    #expect(subscriptions["by_event_type"]?["A"] == .number("1"))
    #expect(subscriptions["by_cluster"]?["c"] == .number("1"))
    #expect(try fanout.curl("/api/v1/streaming/status", ["-w", "%{http_code}"]).output.hasSuffix("404"))
    listener.send(SIGKILL)
  }

  @Test func broadcastsReachListeners() throws {
    let listener = try fanout.listening("/events")
    #expect(
      try fanout.ask("/api/v1/streaming/broadcast", #"\#(json) -d '{"event_type":"NOTE"}'"#)["delivered"]
        == .number("1"))
    try listener.wait(for: "the event", .seconds(10)) {
      $0.soFar.output.contains(#"data: {"event_type":"NOTE"}"#)
    }
    #expect(try fanout.ask("/api/v1/streaming/broadcast", "\(json) -d '[]'")["code"] == .number("400"))
  }

  @Test func operatorsEndClients() throws {
    let directory = try TemporaryDirectory()
    let tokens = try directory.write("ta ann\ntb bob\n", to: "tokens")
    let fanout = try Fanout(["--admin", ":0", "--auth-tokens", tokens])
    func listen(_ token: String) throws -> RunningTool {
      try fanout.listening("/events", ["-H", "Authorization: Bearer \(token)"])
    }
    let ann = try (0..<2).map { _ in try listen("ta") }
    let bob = try listen("tb")
    let ended = try fanout.ask("/api/v1/streaming/clients?identity=ann", "-X DELETE")
    #expect(ended["ended"] == .number("2"))
    for listener in ann {
      #expect(try listener.waitForEnd(.seconds(10)).output.contains("ended_by_operator"))
    }
    guard case .array(let clients)? = try fanout.ask("/api/v1/streaming/clients")["clients"],
      clients.count == 1
    else {
      Issue.record("not one client is left")
      return
    }
    #expect(clients[0]["identity"]?.string == "bob")
    let id = try #require(clients[0]["client_id"]?.string)
    #expect(try fanout.ask("/api/v1/streaming/clients/\(id)", "-X DELETE")["ended"] == .number("1"))
    #expect(try bob.waitForEnd(.seconds(10)).output.contains("ended_by_operator"))
    #expect(try fanout.ask("/api/v1/streaming/clients/\(id)", "-X DELETE")["code"] == .number("404"))
  }

  @Test(arguments: [
    ("/api/v1/streaming/status", "POST", "GET, HEAD"), ("/metrics", "PUT", "GET, HEAD"),
    ("/api/v1/streaming/broadcast", "GET", "POST"), ("/api/v1/streaming/clients/a", "GET", "DELETE"),
    ("/api/v1/streaming/clients", "POST", "GET, HEAD, DELETE"), ("/api/v1/streaming/none", "POST", nil),
  ])
  func namesTheMethodsOfAPath(path: String, method: String, allowed: String?) throws {
    let said = try Tool.shell("exec curl -sSi -X \(method) \(fanout.admin)\(path)").waitForEnd().output
    let wanted = allowed.map { "\r\nAllow: \($0)\r\n" } ?? "HTTP/1.1 404"
    #expect(said.contains(wanted) && (allowed == nil || said.hasPrefix("HTTP/1.1 405")), "\(said)")
  }

  /// An operator's browser may also show pages of other sites.
  @Test func pagesOfOtherSitesAreRefused() throws {
    let fanout = try Fanout(["--admin", ":0", "--cors", "*"])
    let said = try Tool.shell("exec curl -sSi \(fanout.admin)/api/v1/streaming/clients").waitForEnd().output
    #expect(said.hasPrefix("HTTP/1.1 200") && !said.contains("Access-Control"))
    let foreign = "-H 'Origin: https://example.org'"
    #expect(
      try fanout.ask("/api/v1/streaming/broadcast", #"\#(foreign) \#(json) -d '{"a":1}'"#)["code"]
        == .number("403"))
    #expect(try fanout.ask("/api/v1/streaming/clients", foreign)["code"] == .number("403"))
    let own = "-H 'Origin: \(fanout.admin)'"
    #expect(
      try fanout.ask("/api/v1/streaming/broadcast", #"\#(own) \#(json) -d '{"a":1}'"#)["delivered"] != nil)
  }

  @Test func theHealthOfTheSourceIsShown() throws {
    #expect(try fanout.ask("/api/v1/streaming/status")["status"]?.string == "healthy")
    func status(_ namespace: String, _ health: String) -> String {
      #"{"type":"STATUS","object":{"tool":"kwatch","scope":{"namespace":"\#(namespace)"},"mode":"polling","health":"\#(health)"}}"#
    }
    fanout.feed([status("a", "degraded"), status("b", "healthy"), status("a", "unhealthy")])
    try eventually("the worst is told") {
      try fanout.ask("/api/v1/streaming/status")["status"]?.string == "unhealthy"
    }
    let sources = try fanout.ask("/api/v1/streaming/sources")
    guard case .array(let list) = sources["sources"], let source = list.first,
      case .array(let said) = source["status"]
    else {
      Issue.record("\(sources)")
      return
    }
    #expect(source["source"]?.string == "stdin")
    #expect(source["health"]?.string == "unhealthy")
    #expect(source["events"] == .number("3"))
    #expect(said.map { $0["scope"]?["namespace"]?.string } == ["a", "b"], "the newest of each scope")
    #expect(said[0]["mode"]?.string == "polling")
    fanout.feed([status("a", "healthy")])
    try eventually("it is well again") {
      try fanout.ask("/api/v1/streaming/status")["status"]?.string == "healthy"
    }
  }
}
