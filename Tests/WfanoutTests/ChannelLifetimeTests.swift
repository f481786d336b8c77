// SPDX-License-Identifier: Apache-2.0
import Foundation
import JSON
import Metrics
import NIOCore
import NIOPosix
import Process
import TestSupport
import Testing

@testable import WfanoutCore

/// Clients and commands that start and end at the same moment.
@Suite(.timeLimit(.minutes(1))) struct ChannelLifetimeTests {
  let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  func fanout(_ script: String, _ configuration: String = "") throws -> Fanout {
    let path = try directory.write(script, to: "source.sh")
    return try Fanout(
      ["--upstream", "/bin/sh \(path) {resourceType} [-n {namespace}]", "--admin", ":0"],
      configuration: configuration)
  }

  func request(_ id: String, _ resource: String, namespace: String) -> String {
    let body = #"{"clientId":"\#(id)","resourceType":"\#(resource)","namespace":"\#(namespace)"}"#
    return
      "POST /api/watch/subscribe HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
  }

  func open(_ fanout: Fanout, _ id: String) throws -> RawPeer {
    let stream = try RawPeer(fanout)
    stream.send("GET /api/watch/stream?cid=\(id) HTTP/1.1\r\nHost: localhost\r\n\r\n")
    _ = stream.receive { String(decoding: $0, as: UTF8.self).contains("event: connected") }
    return stream
  }

  @Test func aClientThatLeavesWhileItSubscribesIsForgotten() throws {
    let fanout = try fanout("while :; do echo '{}'; sleep 0.05; done", "grace: 1s")
    for round in 0..<60 {
      let stream = try open(fanout, "c\(round)")
      let poster = try RawPeer(fanout)
      poster.send(request("c\(round)", "pods", namespace: "n\(round % 10)"))
      usleep(UInt32(round % 6) * 300)
      stream.reset()
      #expect(poster.status() != nil)
    }
    try eventually("nobody is left") {
      try fanout.ask("/api/watch/stats")
        == JSONValue(Array(#"{"clients":0,"upstreams":0,"subscriptions":{}}"#.utf8))
    }
    #expect(fanout.tool.isRunning)
  }

  @Test func aChannelWithoutACommandIsNotCounted() throws {
    let fanout = try fanout("exit 77", "max-channels: 2")
    let stream = try fanout.listening("/api/watch/stream?cid=c1")
    for round in 1...4 {
      let poster = try RawPeer(fanout)
      poster.send(request("c1", "pods", namespace: "n\(round)"))
      #expect(poster.status() == 200, "channel \(round)")
      try stream.wait(for: "its end", .seconds(10)) {
        $0.soFar.output.components(separatedBy: "event: watch-error\n").count == round + 1
      }
    }
  }

  /// After the request for a channel, it has no listener until the listener arrives on its loop.
  @Test func aCommandWithAPendingListenerKeepsRunning() throws {
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    var configuration = Configuration()
    configuration.grace = .milliseconds(1000)
    let pool = UpstreamPool(
      template: try UpstreamTemplate("sleep 60"), loops: [DeliveryLoop(group.next())],
      workers: Workers(count: 1, budget: .seconds(1)),
      configuration: configuration,
      counters: ServerMetrics(Registry()).stream, diagnostics: Diagnostics(tool: "test", level: .quiet))
    let request = try ChannelRequest(["resourceType": "pods"])
    let upstream = try pool.acquire(request, identity: "", listener: "a")
    Thread.sleep(forTimeInterval: 0.6)
    #expect(try pool.acquire(request, identity: "", listener: "b") === upstream)
    Thread.sleep(forTimeInterval: 0.7)
    #expect(pool.count == 1)
    try eventually("nobody came") { pool.count == 0 }
    try group.syncShutdownGracefully()
  }
}
