// SPDX-License-Identifier: Apache-2.0

import Foundation
import Glibc
import TestSupport
import Testing

@testable import NatswatchCore

/// libnats reads from a TLS connection only when it does not have to wait.
@Suite(.timeLimit(.minutes(5))) struct TLSTests {
  private static func record(_ length: Int) -> [UInt8] {
    [0x17, 0x03, 0x03, UInt8(length >> 8), UInt8(length & 0xff)] + [UInt8](repeating: 0xAA, count: length)
  }

  /// The two ends of a connection.
  private func pair() throws -> (server: LoopbackSocket, client: LoopbackSocket) {
    let listener = try #require(LoopbackSocket.listen())
    defer { listener.close() }
    let client = try #require(LoopbackSocket.connect(to: listener.port))
    return (try #require(listener.accept()), client)
  }

  private func send(_ bytes: some Sequence<UInt8>, _ socket: LoopbackSocket) {
    let bytes = Array(bytes)
    _ = unsafe write(socket.descriptor, bytes, bytes.count)
  }

  private func isReadable(_ socket: LoopbackSocket, within milliseconds: Int32) -> Bool {
    var wait = pollfd(fd: socket.descriptor, events: Int16(POLLIN), revents: 0)
    return unsafe poll(&wait, 1, milliseconds) == 1
  }

  private func arrived(_ socket: LoopbackSocket) -> Int {
    var bytes = [UInt8](repeating: 0, count: 1 << 15)
    return unsafe recv(socket.descriptor, &bytes, bytes.count, Int32(MSG_PEEK | MSG_DONTWAIT))
  }

  /// Reads one record, waiting for it, as SSL_read does.
  private func take(_ socket: LoopbackSocket) -> Int? {
    var bytes = [UInt8](repeating: 0, count: 5)
    guard unsafe recv(socket.descriptor, &bytes, 5, Int32(MSG_WAITALL)) == 5 else { return nil }
    let length = Int(bytes[3]) << 8 | Int(bytes[4])
    var body = [UInt8](repeating: 0, count: length)
    guard unsafe recv(socket.descriptor, &body, length, Int32(MSG_WAITALL)) == length else { return nil }
    return length
  }

  @Test func readsRecordsThatHaveStarted() throws {
    let text = Self.record(300) + Self.record(1) + Self.record(40_000)
    // The number of bytes that have arrived, and the number of records that have started by then.
    for (split, begun) in [
      (1, 1), (5, 1), (304, 1), (305, 1), (306, 2), (309, 2), (311, 2), (312, 3), (316, 3),
    ] {
      let (server, client) = try pair()
      defer {
        server.close()
        client.close()
      }
      var records = TLSRecords()
      var count = 0
      send(text.prefix(split), server)
      #expect(isReadable(client, within: 5_000))
      try eventually("the bytes have arrived") { arrived(client) == split }
      records.forEach(of: client.descriptor, upTo: 1 << 17) {
        // Like SSL_read, this waits for the rest of a record.
        if count == begun - 1 { send(text.dropFirst(split), server) }
        count += 1
        return take(client) != nil
      }
      #expect(count >= begun && count <= 3, "\(split)")
      if split == 305 || split == 311 { #expect(count == begun, "none is waited for") }
      while count < 3, isReadable(client, within: 5_000) {
        records.forEach(of: client.descriptor, upTo: 1 << 17) {
          count += 1
          return take(client) != nil
        }
      }
      #expect(count == 3, "\(split)")
    }
  }

  @Test func othersGetTheirTurn() throws {
    let (server, client) = try pair()
    var records = TLSRecords()
    var count = 0
    for _ in 0..<10 { send(Self.record(1_000), server) }
    try eventually("the bytes have arrived") { arrived(client) == 10_050 }
    records.forEach(of: client.descriptor, upTo: 3_000) {
      count += 1
      return take(client) == 1_000
    }
    #expect(count == 3 && isReadable(client, within: 0))
    records.forEach(of: client.descriptor, upTo: 1 << 17) {
      count += 1
      return take(client) == 1_000
    }
    #expect(count == 10)
    // The end of the connection is read too.
    server.close()
    #expect(isReadable(client, within: 5_000))
    records.forEach(of: client.descriptor, upTo: 3_000) {
      count += 1
      return false
    }
    #expect(count == 11)
    client.close()
  }

  @Test func plainConnectionsHaveNoRecords() throws {
    let (server, client) = try pair()
    defer {
      server.close()
      client.close()
    }
    var records = TLSRecords()
    send("PING".utf8, server)
    #expect(isReadable(client, within: 5_000))
    var count = 0
    records.forEach(of: client.descriptor, upTo: 1_000) {
      count += 1
      return true
    }
    #expect(count == 1)
  }

  private func cpuSeconds(_ tool: RunningTool) throws -> Double {
    let text = try String(contentsOfFile: "/proc/\(tool.processIdentifier)/stat", encoding: .utf8)
    let fields = text.split(separator: ")").last?.split(separator: " ") ?? []
    return Double(fields[11...12].compactMap { Int($0) }.reduce(0, +)) / 100
  }

  /// A TLS connection that dies in the middle of a record.
  @Test(arguments: NATSServer.Version.installed) func doesNotWaitForARecordThatStopsHalfway(
    _ version: NATSServer.Version
  ) throws {
    let folder = try TemporaryDirectory()
    try makeCertificates(folder)
    let server = try NATSServer.start(
      version,
      configuration: """
        tls { cert_file: "\(folder.path("server.pem"))", key_file: "\(folder.path("server.key"))" }
        """)
    let relay = try Relay(to: server.port)
    defer { relay.close() }
    var environment = ["NATS_URL": "nats://127.0.0.1:\(relay.port)", "NATS_CA": folder.path("ca.pem")]
    let publisher = try Tool.start(
      "natswatch", ["publish", "a.x", "--create-stream", "S"], environment: environment)
    publisher.write("{\"n\":1}\n")
    let lines = ["a.>", "--stream", "S", "--all", "--verbose"]
    environment["NATS_URL"] = "nats://127.0.0.1:\(server.port)"
    try eventually("the line is stored") {
      try Tool.run("natswatch", ["a.>", "--all", "--until-now"], environment: environment).lines.count == 1
    }
    environment["NATS_URL"] = "nats://127.0.0.1:\(relay.port)"
    let tails = try (0..<2).map { _ in try Tool.start("natswatch", lines, environment: environment) }
    for tail in tails { try tail.waitForLines(1) }
    relay.mode = .halving
    try eventually("half a record has passed", within: .seconds(60)) { relay.mode == .holding }
    let before = try tails.map(cpuSeconds)
    tails[1].send(SIGTERM)
    #expect(try tails[1].waitForEnd(.seconds(15)).status == 128 + SIGTERM)
    publisher.write("{\"n\":2}\n")
    try tails[0].waitForDiagnostics("nothing has come from the server for", .seconds(60))
    #expect(try cpuSeconds(tails[0]) - before[0] < 5)
    relay.mode = .open
    relay.cutConnections()
    try tails[0].waitForLines(2, .seconds(60))
    publisher.closeInput()
    #expect(try publisher.waitForEnd(.seconds(60)).status == 0)
  }

  /// Each line is stored while no other line arrives.
  @Test(arguments: NATSServer.Version.installed) func eachLineIsStoredAtOnce(_ version: NATSServer.Version)
    throws
  {
    let folder = try TemporaryDirectory()
    try makeCertificates(folder)
    let server = try NATSServer.start(
      version,
      configuration: """
        tls { cert_file: "\(folder.path("server.pem"))", key_file: "\(folder.path("server.key"))" }
        """)
    let environment = ["NATS_URL": server.url, "NATS_CA": folder.path("ca.pem")]
    let publisher = try Tool.start(
      "natswatch", ["publish", "a.x", "--create-stream", "S"], environment: environment)
    publisher.write("{\"n\":0}\n")
    var tail: RunningTool?
    try eventually("the stream is there") {
      try Tool.run("natswatch", ["a.>", "--all", "--until-now"], environment: environment).status == 0
    }
    tail = try Tool.start("natswatch", ["a.>", "--all"], environment: environment)
    for number in 1...20 {
      try tail?.waitForLines(number, .seconds(10))
      publisher.write("{\"n\":\(number)}\n")
    }
    publisher.closeInput()
    #expect(try publisher.waitForEnd(.seconds(20)).status == 0)
  }
}
