// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

@testable import NatswatchCore

/// A tail serves its connection while it is blocked, and while nothing arrives.
@Suite(.timeLimit(.minutes(5))) struct EventLoopTests {
  /// The server disconnects a client that has not answered two PINGs, here after about three seconds.
  @Test(arguments: NATSServer.Version.installed) func aBlockedTailStaysConnected(
    _ version: NATSServer.Version
  )
    throws
  {
    let server = try NATSServer.start(version, configuration: "ping_interval: \"1s\"\nping_max: 2\n")
    let jetStream = try Bed.connect(server.url)
    try createStreamEventually(jetStream, "S", ["a.>"])
    let count = 20_000
    let payload = Array("{\"pad\":\"\(String(repeating: "x", count: 500))\"}".utf8)
    for _ in 0..<count { jetStream.connection.publish(payload, to: "a.x") }
    jetStream.connection.flush(milliseconds: 10_000)
    let folder = try TemporaryDirectory()
    let pipe = try Tool.shell(
      "natswatch 'a.>' --all --count \(count) --verbose 2>log | (sleep 8; cat >out)",
      environment: ["NATS_URL": server.url], in: folder.url)
    #expect(try pipe.waitForEnd(.seconds(60)).status == 0)
    #expect(sequences(in: try folder.read("out")) == Array(1...UInt64(count)))
    let log = try folder.read("log")
    #expect(!log.contains("trying again") && !log.contains("new consumer"), "\(log)")
    #expect(!server.log.contains("Stale") && !server.log.contains("Slow Consumer"), "\(server.log)")
  }

  /// A dead connection reports no error. A tail and a publisher detect the silence and connect again.
  @Test func aDeadLineIsNoticed() throws {
    let bed = try Bed(.debian)
    let relay = try Relay(to: bed.server.port)
    defer { relay.close() }
    try bed.createStream()
    try bed.publish(1...1)
    let folder = try TemporaryDirectory()
    let url = "nats://127.0.0.1:\(relay.port)"
    let tail = try Tool.shell(
      "natswatch 'a.>' --all --count 3 --server \(url) 2>log >out", in: folder.url)
    let publisher = try Tool.shell(
      "(echo '{\"p\":1}'; until [ -e go ]; do sleep 0.1; done; echo '{\"p\":2}') | natswatch publish a.p --server \(url) 2>plog",
      in: folder.url)
    try eventually("two lines come") { (try? folder.read("out"))?.utf8.count { $0 == 0x0A } == 2 }
    relay.deafen()
    _ = try folder.write("", to: "go")
    #expect(try publisher.waitForEnd(.seconds(120)).status == 0)
    #expect(try tail.waitForEnd(.seconds(120)).status == 0)
    #expect(sequences(in: try folder.read("out")) == [1, 2, 3])
    let log = try folder.read("log")
    #expect(log.contains("connection lost: nothing has come from the server for"), "\(log)")
  }

  /// A new connection reuses the descriptor number of the lost one. Closing the lost one must not affect it.
  @Test(arguments: NATSServer.Version.installed) func aLostConnectionLeavesItsSuccessorAlone(
    _ version: NATSServer.Version
  ) throws {
    let server = try NATSServer.start(version)
    var settings = ConnectionSettings()
    settings.servers = [server.url]
    var connection = try Connection(settings)
    for _ in 1...5 {
      try server.restart()
      try eventually("the loss is noticed") { connection.loss != nil }
      connection = try Connection(settings)
      #expect(connection.flush(milliseconds: 5_000) && connection.loss == nil)
    }
  }
}
