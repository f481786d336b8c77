// SPDX-License-Identifier: Apache-2.0

import Foundation
import JSON
import TestSupport
import Testing

@testable import NatswatchCore

/// `--status` of publish and work: a line for each change of health.
@Suite(.timeLimit(.minutes(2))) struct StatusTests {
  /// Health and reason of each STATUS line, such as "degraded backpressure".
  private func states(_ text: String) -> [String] {
    text.split(separator: "\n").compactMap { line in
      guard let document = try? JSONValue(parsing: Array(line.utf8)), document["type"]?.string == "STATUS",
        let object = document["object"], object["tool"]?.string == "natswatch"
      else { return nil }
      return [object["health"]?.string ?? "", object["reason"]?.string ?? ""].filter { !$0.isEmpty }
        .joined(separator: " ")
    }
  }

  @Test(arguments: NATSServer.Version.installed) func publishReportsBackPressureAndOutages(
    _ version: NATSServer.Version
  ) throws {
    let bed = try Bed(version)
    try bed.createStream(more: #","max_msgs":1,"discard":"new""#)
    let publisher = try bed.start(["publish", "a.x", "--status", "inline"])
    publisher.write("{}\n{}\n")
    try publisher.wait(for: "back-pressure", .seconds(20)) {
      states($0.soFar.output).contains("degraded backpressure")
    }
    try bed.purge()
    try publisher.wait(for: "health", .seconds(20)) { states($0.soFar.output).last == "healthy" }
    bed.server.kill()
    try publisher.wait(for: "the loss", .seconds(20)) {
      states($0.soFar.output).last == "unhealthy disconnect"
    }
    try bed.server.restart()
    try publisher.wait(for: "health again", .seconds(40)) { states($0.soFar.output).last == "healthy" }
    publisher.closeInput()
    let outcome = try publisher.waitForEnd()
    #expect(outcome.status == 0 && states(outcome.output).first == "healthy", "\(outcome)")
  }

  @Test(arguments: NATSServer.Version.installed) func workReportsItsBreakerAndOutages(
    _ version: NATSServer.Version
  ) throws {
    let bed = try Bed.forWork(version)
    let folder = try TemporaryDirectory()
    let worker = try bed.start(
      [
        "work", "w.>", "--durable", "D", "--status", folder.path("status"), "--breaker", "1",
        "--breaker-pause", "1s", "--retry-initial", "200ms",
      ] + folder.handler("[ -e good ]"))
    func expect(_ state: String) throws {
      try worker.wait(for: state, .seconds(40)) { _ in
        states((try? folder.read("status")) ?? "").last == state
      }
    }
    try expect("healthy")
    #expect(bed.jetStream.connection.publish(Array("{}".utf8), to: "w.a"))
    try expect("degraded error")
    _ = try folder.write("", to: "good")
    try expect("healthy")
    bed.server.kill()
    try expect("unhealthy disconnect")
    try bed.server.restart()
    try expect("healthy")
    worker.send(SIGTERM)
    #expect(try worker.waitForEnd().status == 128 + SIGTERM)
    let first = try folder.read("status").split(separator: "\n").first ?? ""
    #expect(first.contains(#""scope":{"stream":"W","subject":"w.>","durable":"D"}"#), "\(first)")
  }

  @Test func reportsTheReasonThatEndsTheRun() throws {
    let server = try NATSServer.start(
      configuration:
        "authorization { users: [ { user: u, password: p, permissions: { publish: [x], subscribe: [\"_INBOX.>\"] } } ] }"
    )
    for command in [["publish", "a.x"], ["work", "a.>", "--stream", "S", "--durable", "D", "--", "true"]] {
      let outcome = try Tool.run(
        "natswatch", [command[0], "--status", "inline", "--server", server.url] + command.dropFirst(),
        stdin: "{}\n",
        environment: ["NATS_USER": "u", "NATS_PASSWORD": "p"])
      #expect(outcome.status == 77 && states(outcome.output).last == "unhealthy permission", "\(outcome)")
    }
  }

  @Test(arguments: ["/dev/full", "/no/such/folder/status"])
  func aStatusThatCannotBeWrittenEndsTheRun(_ path: String) throws {
    let bed = try Bed.forWork(.debian)
    for command in [["publish", "w.x"], ["work", "w.>", "--durable", "D", "--", "true"]] {
      let outcome = try bed.run([command[0], "--status", path] + command.dropFirst(), stdin: "{}\n")
      #expect(outcome.status == 74 && outcome.diagnostics.contains("--status '\(path)'"), "\(outcome)")
    }
  }
}
