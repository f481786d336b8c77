// SPDX-License-Identifier: Apache-2.0

import Foundation
import Synchronization
import TestSupport
import Testing

@testable import NatswatchCore

/// A consumer that says that it has examined a message which it has not delivered, as NATS 2.15.1 does while the leader
/// of a stream changes. The tail's filter does not cover the stream, so only the stream can tell.
@Suite(.timeLimit(.minutes(3))) struct PassedOverTests {
  @Test(arguments: NATSServer.Version.installed) func aMatchThatIsPassedOverIsDelivered(
    _ version: NATSServer.Version
  ) throws {
    let bed = try Bed(version)
    try bed.createStream()
    try bed.publish(1...1)
    let relay = try LyingServer.relay(to: bed.server.port)
    defer { relay.close() }
    let tail = try bed.start(["a.x", "--all", "--server", "nats://127.0.0.1:\(relay.port)"])
    try tail.waitForLines(1)
    #expect(bed.jetStream.connection.publish(Array(#"{"lost":2}"#.utf8), to: "a.x"))
    try tail.waitForLines(2, .seconds(30))
    #expect(sequences(in: tail.soFar.output) == [1, 2])
    #expect(tail.soFar.diagnostics.isEmpty)
    tail.send(SIGTERM)
    #expect(try tail.waitForEnd().status == 128 + SIGTERM)
  }

  /// The right to search would let the user read the whole stream.
  @Test(arguments: NATSServer.Version.installed) func noRightToSearchIsRequired(
    _ version: NATSServer.Version
  ) throws {
    let rights = ["STREAM.INFO.S", "CONSUMER.CREATE.S.*.a.x"].map { "\"$JS.API.\($0)\"" }
    let server = try NATSServer.start(
      version,
      configuration: """
        authorization { users: [
          { user: admin, password: secret }
          { user: reader, password: r, permissions: { publish: [\(rights.joined(separator: ", "))], subscribe: "_INBOX_r.>" } }
        ] }
        """)
    let bed = try Bed(server, user: "admin", password: "secret")
    try bed.createStream()
    try bed.publish(1...1)
    let relay = try LyingServer.relay(to: server.port)
    defer { relay.close() }
    let tail = try bed.start(
      [
        "a.x", "--all", "--stream", "S", "--inbox-prefix", "_INBOX_r", "--verbose", "--bookmarks",
        "--server", "nats://127.0.0.1:\(relay.port)",
      ], environment: ["NATS_USER": "reader", "NATS_PASSWORD": "r"])
    try tail.waitForLines(1)
    try bed.publish(2...2, to: "a.y")
    try tail.waitForDiagnostics("cannot check whether the consumer has passed over messages", .seconds(30))
    try tail.waitForLines(2, .seconds(30))
    #expect(tail.lines.last?.contains("BOOKMARK") == true)
    try bed.publish(3...3)
    try tail.waitForLines(3)
    tail.send(SIGTERM)
    #expect(try tail.waitForEnd().status == 128 + SIGTERM)
  }
}

/// The bytes of a server that drops the first message that contains `lost`, does not count it in its heartbeats, and
/// says that its streams have three replicas.
private struct LyingServer {
  private var frames = ServerFrames()
  private var sightings = 0

  static func relay(to port: Int) throws -> Relay {
    let state = Mutex(LyingServer())
    return try Relay(to: port) { bytes in state.withLock { $0.rewrite(bytes) } }
  }

  private mutating func rewrite(_ bytes: [UInt8]) -> [UInt8] {
    var result: [UInt8] = []
    for frame in frames.split(bytes) {
      var text = frame
      if text.contains("lost") {
        sightings += 1
        if sightings == 1 { continue }
      }
      // The same length, because the frame says how long it is.
      text = text.replacing(#""num_replicas":1"#, with: #""num_replicas":3"#)
      if sightings == 1 { text = text.replacing("Nats-Last-Consumer: 2", with: "Nats-Last-Consumer: 1") }
      result += Array(text.utf8)
    }
    return result
  }
}
