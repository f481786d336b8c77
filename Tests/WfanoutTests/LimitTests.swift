// SPDX-License-Identifier: Apache-2.0
import Foundation
import JSON
import TestSupport
import Testing

@testable import WfanoutCore

/// The limits for a client, and the report of slow clients.
@Suite(.timeLimit(.minutes(1))) struct LimitTests {
  private static let ping = #"{"type":"ping","timestamp":1}"#

  @Test func aClientThatSendsTooMuchIsWarnedAndPaused() throws {
    // Five messages at once, then one every twelve seconds.
    let fanout = try Fanout(configuration: "client-rate: 5/m")
    let client = try SocketClient(port: fanout.port, path: "/ws")
    client.say(#"{"type":"subscribe","subscription":{}}"#)
    #expect(try client.nextMessage()["type"]?.string == "subscribed")
    client.say(Self.ping)
    let warning = try client.nextMessage()
    #expect(warning["code"]?.string == "RATE_LIMITED")
    let other = try SocketClient(port: fanout.port, path: "/ws")
    other.say(Self.ping)
    #expect(try other.nextMessage()["type"]?.string == "pong", "each client has a rate of its own")
    #expect(try client.nextMessage()["type"]?.string == "pong", "what was read is answered")
    client.say(Self.ping)
    fanout.feed(pod("a"))
    #expect(try client.nextMessage()["type"]?.string == "event", "events go on")
    #expect(try fanout.curl("/metrics").output.contains("ws_messages_received_total 3\n"))
  }

  @Test func limitsTheConnectionsOfOneClient() throws {
    let directory = try TemporaryDirectory()
    let tokens = try directory.write("ta ann\ntb bob\n", to: "tokens")
    let fanout = try Fanout(["--auth-tokens", tokens], configuration: "max-client-connections: 2")
    func header(_ token: String) -> [String] { ["-H", "Authorization: Bearer \(token)"] }
    let ann = try (0..<2).map { _ in try fanout.listening("/events", header("ta")) }
    let refused = try fanout.curl("/events", header("ta") + ["-i"]).output
    #expect(refused.hasPrefix("HTTP/1.1 503") && refused.contains("Retry-After: "), "\(refused)")
    let bob = try fanout.listening("/events", header("tb"))
    #expect(bob.isRunning)
    ann[0].send(SIGKILL)
    try eventually("the place is free") {
      try fanout.curl("/events", header("ta") + ["-o", "/dev/null", "-m", "1", "-w", "%{http_code}"]).output
        .hasPrefix("200")
    }
  }

  @Test func thePauseEnds() throws {
    let fanout = try Fanout(configuration: "client-rate: 100/s")
    let client = try SocketClient(port: fanout.port, path: "/ws")
    for _ in 0..<600 { client.say(Self.ping) }
    var (pongs, warnings) = (0, 0)
    while pongs < 600 {
      let message = try client.nextMessage()
      if message["type"]?.string == "pong" { pongs += 1 } else { warnings += 1 }
    }
    #expect(warnings > 0 && warnings < 100)
  }

  @Test func aClientThatAsksTooOftenGets503() throws {
    let fanout = try Fanout(configuration: "request-rate: 1/m")
    #expect(try fanout.curl("/nothing", ["-i"]).output.hasPrefix("HTTP/1.1 404"))
    let refused = try fanout.curl("/nothing", ["-i"]).output
    #expect(refused.hasPrefix("HTTP/1.1 503"))
    #expect(refused.contains("\r\nRetry-After: "))
    #expect(try fanout.curl("/healthz", ["-i"]).output.hasPrefix("HTTP/1.1 200"), "a probe is no client")
  }

  @Test func aSlowClientIsMarkedBeforeItIsDisconnected() throws {
    let fanout = try Fanout(["--admin", "127.0.0.1:0"])
    let admin = fanout.tool.soFar.diagnostics.matches(of: /operators on (http:\/\/[^\s]+)\//).first
    let address = try #require(admin.map { String($0.1) })
    func clients() throws -> String {
      try Tool.shell("curl -s \(address)/api/v1/streaming/clients").waitForEnd().output
    }
    let slow = try SocketClient(port: fanout.port, path: "/ws?raw=1")
    let healthy = try fanout.listening("/events", ["-o", "/dev/null"])
    #expect(try !clients().contains(#""slow":true"#))
    let line = #"{"pad":"\#(String(repeating: "x", count: 1000))"}"#
    // More events than the buffers hold.
    let events = 20_000
    let started = ContinuousClock.now
    Thread.detachNewThread {
      for _ in 0..<(events / 500) { fanout.feed(Array(repeating: line, count: 500)) }
    }
    try eventually("it is marked, and nobody else") {
      let text = try clients()
      return text.components(separatedBy: #""slow":true"#).count == 2
        && text.components(separatedBy: #""slow":false"#).count == 2
    }
    #expect(ContinuousClock.now - started > .seconds(1), "an event has to wait for a second")
    #expect(try fanout.curl("/metrics").output.contains("wfanout_clients_slow 1\n"))
    for _ in 0..<events { #expect(try slow.next()?.payload.count == line.utf8.count) }
    try eventually("it is unmarked") {
      try fanout.curl("/metrics").output.contains("wfanout_clients_slow 0\n")
    }
    _ = healthy
  }

  @Test func aFailureOfTheSourceIsAnInternalError() throws {
    let fanout = try Fanout()
    let client = try SocketClient(port: fanout.port, path: "/ws")
    client.say(#"{"type":"subscribe","subscription":{"event_types":["ALERT_FIRED"]}}"#)
    _ = try client.nextMessage()
    fanout.feed([
      #"{"type":"ERROR","object":{"kind":"Status","code":410,"message":"sequence 7 is \"gone\""}}"#,
      #"{"event_type":"ALERT_FIRED"}"#,
    ])
    let failure = try client.nextMessage()
    #expect(failure["type"]?.string == "error" && failure["code"]?.string == "INTERNAL_ERROR")
    #expect(failure["message"]?.string == #"sequence 7 is "gone""#)
    #expect(failure["payload"]?["object"]?["code"] == .number("410"))
    #expect(try client.nextMessage()["event_type"]?.string == "ALERT_FIRED", "it goes on")
  }

  @Test func unreadableInputIsAnInternalErrorAndTheEnd() throws {
    // At the master of a pseudo-terminal, the end of the other side is a read error and not the end of the
    // input.
    let script =
      "import os,pty,subprocess,sys; m,s=pty.openpty(); "
      + "p=subprocess.Popen(['wfanout','--listen','127.0.0.1:0'],stdin=m); os.close(m); "
      + "sys.stdin.readline(); os.close(s); sys.exit(p.wait())"
    let server = try Tool.shell("exec python3 -c \"\(script)\"")
    try server.waitForDiagnostics("http://127.0.0.1:")
    let port = server.soFar.diagnostics.matches(of: /127\.0\.0\.1:(\d+)/).first.flatMap { Int($0.1) }
    let (subscribed, idle) = (
      try SocketClient(port: port ?? 0, path: "/ws"), try SocketClient(port: port ?? 0, path: "/ws")
    )
    subscribed.say(#"{"type":"subscribe","subscription":{}}"#)
    _ = try subscribed.nextMessage()
    server.write("close\n")
    for client in [subscribed, idle] {
      #expect(try client.nextMessage()["code"]?.string == "INTERNAL_ERROR")
      #expect(try client.nextMessage()["reason"]?.string == "source_failed")
      #expect(try client.next()?.closeCode == 1011)
    }
    #expect(try server.waitForEnd().status != 0)
  }
}
