// SPDX-License-Identifier: Apache-2.0

import Foundation
import JSON
import TestSupport
import Testing

@testable import NatswatchCore

/// The leader of a stream with three replicas is killed repeatedly while tail, work and publish run.
@Suite(.timeLimit(.minutes(10))) struct ClusterTests {
  private static let rounds = ContinuityTests.isSoak ? 5 : 2

  @Test(arguments: NATSServer.Version.installed) func theLeaderIsKilled(_ version: NATSServer.Version) throws
  {
    let cluster = try NATSCluster(version)
    let folder = try TemporaryDirectory()
    var settings = ConnectionSettings()
    settings.servers = cluster.nodes.map(\.url)
    let jetStream = JetStream(connection: try Connection(settings), shutdown: nil)
    try createStreamEventually(jetStream, "S", ["a.>"], more: #","num_replicas":3"#)
    try createStreamEventually(jetStream, "DLQ", ["dlq.>"], more: #","num_replicas":3"#)
    let environment = ["NATS_URL": cluster.url]
    let tail = try Tool.start("natswatch", ["tail", "a.>", "--since-seq", "0"], environment: environment)
    let handler = try folder.write(
      "n=$(sed 's/[^0-9]//g'); echo $n >>'\(folder.path("done"))'\n", to: "handler.sh")
    let work = try Tool.start(
      "natswatch", ["work", "a.>", "--durable", "D", "--ack-wait", "5s", "--", "/bin/sh", handler],
      environment: environment)
    try eventually("the tail and the workers are there", within: .seconds(40)) {
      try consumers(jetStream) == 2
    }
    let publisher = try Tool.start(
      "natswatch", ["publish", "a.x", "--window", "64"], environment: environment)
    var published = 0
    for _ in 0..<Self.rounds {
      publisher.write((published + 1...published + 200).map { "{\"n\":\($0)}\n" }.joined())
      published += 200
      try eventually("the tail goes on", within: .seconds(60)) { tail.lines.count > published - 150 }
      let leader = try #require(try leader(settings))
      let node = try #require(cluster.node(named: leader))
      node.kill()
      publisher.write((published + 1...published + 200).map { "{\"n\":\($0)}\n" }.joined())
      published += 200
      try eventually("another leads", within: .seconds(40)) {
        let next = try? self.leader(settings)
        return next != nil && next != leader
      }
      try node.restart()
    }
    publisher.closeInput()
    #expect(try publisher.waitForEnd(.seconds(90)).status == 0)
    try tail.waitForLines(published, .seconds(90))
    let read = tail.lines.compactMap { line in
      line.split(separator: "\"n\":").last.flatMap { Int($0.prefix { $0.isNumber }) }
    }
    #expect(read.sorted() == Array(1...published), "exactly the published set: \(read.count) of \(published)")
    let seen = sequences(in: tail.soFar.output)
    #expect(zip(seen, seen.dropFirst()).allSatisfy { $0 < $1 })
    try eventually("everything is handled", within: .seconds(120)) {
      Set(((try? folder.read("done")) ?? "").split(separator: "\n").compactMap { Int($0) })
        == Set(1...published)
    }
    for tool in [tail, work] {
      tool.send(SIGTERM)
      #expect(try tool.waitForEnd().status == 128 + SIGTERM)
    }
  }

  private func consumers(_ jetStream: JetStream) throws -> Int {
    try jetStream.request("CONSUMER.NAMES.S", as: JSONValue.self)["consumers"]?.elements.count ?? 0
  }

  /// Asks over a new connection, because the one to the killed node is lost.
  private func leader(_ settings: ConnectionSettings) throws -> String? {
    let jetStream = JetStream(connection: try Connection(settings), shutdown: nil)
    let name = try jetStream.streamInfo("S").cluster?.leader
    return name?.isEmpty == false ? name : nil
  }
}
