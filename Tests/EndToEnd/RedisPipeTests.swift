// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport
import Testing

/// A pipe from a real redis-server through examples/dashboard/redis.sh and wfanout to curl.
@Suite(.timeLimit(.minutes(1))) struct RedisPipeTests {
  private static let recipe = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().appending(path: "examples/dashboard/redis.sh")
    .path

  @Test func messagesOfChannelsReachListenersOnce() throws {
    let directory = try TemporaryDirectory()
    let port = try #require(LoopbackSocket.freePort())
    func start() throws -> RunningTool {
      let server = try Tool.shell(
        "exec redis-server --port \(port) --bind 127.0.0.1 --save '' --appendonly no", in: directory.url)
      try server.wait(for: "redis", .seconds(20)) { $0.soFar.output.contains("Ready to accept connections") }
      return server
    }
    var server = try start()
    func redis(_ command: String) throws -> String {
      try Tool.shell("exec redis-cli -p \(port) \(command)").waitForEnd().output
    }
    let pipe = try Tool.shell(
      "'\(Self.recipe)' 'aiops:events:*' | wfanout --listen 127.0.0.1:0",
      environment: ["REDIS_URL": "redis://127.0.0.1:\(port)/0"])
    try pipe.waitForDiagnostics("listening on http://127.0.0.1:")
    let url = (pipe.soFar.diagnostics.split(separator: "listening on ").last ?? "").prefix { $0 != "\n" }
    let listener = try Tool.shell("exec curl -sSN -m 50 -H 'Accept: application/x-ndjson' '\(url)events'")
    try eventually("the listener is there") {
      try Tool.shell("exec curl -sS '\(url)metrics'").waitForEnd().output.contains("wfanout_clients 1")
    }
    try eventually("redis.sh has subscribed") { try redis("pubsub numpat").hasPrefix("1") }
    let alert = #"{"event_type":"ALERT_FIRED","event_id":"e1","payload":{"text":"räumlich \"so\""}}"#
    try directory.write(alert, to: "alert")
    for channel in ["all", "alerts"] {
      _ = try redis("-x publish aiops:events:\(channel) <'\(directory.path("alert"))'")
    }
    _ = try redis(#"publish aiops:events:gpu 'no JSON'"#)
    _ = try redis(#"publish aiops:events:gpu '{"event_type":"GPU_UPDATE","event_id":"e2"}'"#)
    #expect(try listener.waitForLines(2) == [alert, #"{"event_type":"GPU_UPDATE","event_id":"e2"}"#])

    server.send(SIGTERM)
    _ = try server.waitForEnd()
    server = try start()
    try eventually("redis.sh has subscribed again") { try redis("pubsub numpat").hasPrefix("1") }
    _ = try redis(#"publish aiops:events:gpu '{"event_id":"e3"}'"#)
    #expect(try listener.waitForLines(3).last == #"{"event_id":"e3"}"#)
  }
}
