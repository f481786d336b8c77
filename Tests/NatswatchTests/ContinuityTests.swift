// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

@testable import NatswatchCore

/// No message is lost or repeated, whatever happens to the reader, the connection, the consumer and the
/// server.
///
/// The regular suite uses small numbers. `WATCHUTILS_SOAK=1` runs a million messages and long outages.
@Suite(.timeLimit(.minutes(10))) struct ContinuityTests {
  static let isSoak = ProcessInfo.processInfo.environment["WATCHUTILS_SOAK"] == "1"
  static let messages = isSoak ? 1_000_000 : 30_000
  static let blocked = isSoak ? 40 : 2
  static let outage: Duration = isSoak ? .seconds(35) : .seconds(2)

  private func expectAll(_ text: String, _ count: Int, _ what: String) {
    let seen = sequences(in: text)
    #expect(seen.count == count, "\(what): \(seen.count) of \(count) lines")
    #expect(seen == Array(1...UInt64(count)), "\(what): each once and in order")
  }

  @Test(arguments: NATSServer.Version.installed) func aBlockedReader(_ version: NATSServer.Version) throws {
    let bed = try Bed(version)
    let folder = try TemporaryDirectory()
    try bed.createStream()
    try bed.publish(1...Self.messages, padding: 200)
    let pipe = try Tool.shell(
      "/usr/bin/time -f %M -o rss natswatch 'a.>' --all --count \(Self.messages) | (sleep \(Self.blocked); until [ -e go ]; do sleep 0.1; done; cat >out)",
      environment: bed.environment, in: folder.url)
    var (pending, polls) = (UInt64(0), 0)
    try eventually("the rest waits at the server, for half a second", within: .seconds(120)) {
      guard let name = try bed.consumers().first else { return false }
      let now = try bed.jetStream.request("CONSUMER.INFO.S.\(name)", as: ConsumerInfo.self).num_pending
      polls = now == pending && (1..<UInt64(Self.messages)).contains(now) ? polls + 1 : 0
      pending = now
      return polls > 25
    }
    _ = try folder.write("", to: "go")
    #expect(try pipe.waitForEnd(.seconds(300)).status == 0)
    expectAll(try folder.read("out"), Self.messages, "blocked reader")
    if let text = try? folder.read("rss"), let kilobytes = Int(text.trimmed) {
      #expect(kilobytes < 100_000, "\(kilobytes) KB")
    } else {
      notTested("the memory of a blocked tail", because: "/usr/bin/time is missing")
    }
  }

  @Test(arguments: NATSServer.Version.installed) func aKilledServer(_ version: NATSServer.Version) throws {
    let bed = try Bed(version)
    let folder = try TemporaryDirectory()
    try bed.createStream()
    try bed.publish(1...Self.messages)
    let pipe = try Tool.shell(
      "natswatch 'a.>' --all --count \(Self.messages + 100) | (head -c 200000; sleep 1; cat) >out",
      environment: bed.environment, in: folder.url)
    try eventually("lines come") { (try? folder.read("out").isEmpty) == false }
    try bed.server.restart()
    let again = try Bed.connect(bed.server.url)
    try eventually("the stream is there") {
      (try? again.streamInfo("S").state.last_seq) == UInt64(Self.messages)
    }
    for number in 1...100 { again.connection.publish(Array("{\"late\":\(number)}".utf8), to: "a.x") }
    #expect(try pipe.waitForEnd(.seconds(300)).status == 0)
    expectAll(try folder.read("out"), Self.messages + 100, "killed server")
  }

  @Test(arguments: NATSServer.Version.installed) func aCutConnection(_ version: NATSServer.Version) throws {
    let bed = try Bed(version)
    let folder = try TemporaryDirectory()
    let relay = try Relay(to: bed.server.port)
    defer { relay.close() }
    try bed.createStream()
    try bed.publish(1...Self.messages)
    let pipe = try Tool.shell(
      "natswatch 'a.>' --all --count \(Self.messages + 100) --server nats://127.0.0.1:\(relay.port) >out",
      environment: bed.environment, in: folder.url)
    try eventually("lines come") { (try? folder.read("out").isEmpty) == false }
    relay.cutConnections()
    relay.mode = .refusing
    try bed.publish(1...100)
    Self.letPass(Self.outage)
    relay.mode = .open
    #expect(try pipe.waitForEnd(.seconds(300)).status == 0)
    expectAll(try folder.read("out"), Self.messages + 100, "cut connection")
  }

  @Test(arguments: NATSServer.Version.installed) func aDeletedConsumer(_ version: NATSServer.Version) throws {
    let bed = try Bed(version)
    let folder = try TemporaryDirectory()
    try bed.createStream()
    try bed.publish(1...Self.messages)
    let pipe = try Tool.shell(
      "natswatch 'a.>' --all --count \(Self.messages) | (head -c 100000; until [ -e go ]; do sleep 0.1; done; cat) >out",
      environment: bed.environment, in: folder.url)
    try eventually("lines come") { (try? folder.read("out").isEmpty) == false }
    for consumer in try bed.consumers() { bed.jetStream.deleteConsumer(consumer, of: "S") }
    try eventually("it is gone") { try bed.consumers().isEmpty }
    _ = try folder.write("", to: "go")
    #expect(try pipe.waitForEnd(.seconds(300)).status == 0)
    expectAll(try folder.read("out"), Self.messages, "deleted consumer")
  }

  /// Waits for the length of an outage. An outage has no condition to wait for.
  static func letPass(_ duration: Duration) { Thread.sleep(forTimeInterval: duration / .seconds(1)) }
}
