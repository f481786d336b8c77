// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport
import Testing

@testable import WfanoutCore

/// Commands of `catch-up` that print faster than their clients read.
@Suite(.timeLimit(.minutes(1))) struct ReplayPaceTests {
  static let epoch = ReplayQueueTests.epoch
  /// The number of the last event that the source has, 17 MB after the first: more than socket buffers take.
  static let last = 100_000

  static let source = #"""
    seq $((${1#*-} + 1)) 100000 | sed "s/.*/$(sed 's/NUMBER/\&/g' "$0.message")/"
    """#

  let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  /// Has the live stream continue after the source's events.
  private func start(_ flags: [String] = [], _ settings: String = "") throws -> Fanout {
    let script = try directory.write(Self.source, to: "source.sh")
    let template = message(0).replacingOccurrences(of: #""0""#, with: #""NUMBER""#)
    try directory.write(
      template.replacingOccurrences(of: #""sequence":0"#, with: #""sequence":NUMBER"#) + "\n",
      to: "source.sh.message")
    let fanout = try Fanout(
      flags, configuration: "catch-up: /bin/bash \(script) {resourceVersion}\n" + settings)
    let first = try fanout.listening("/events")
    fanout.feed(message(Self.last + 1))
    try first.wait(for: "an event", .seconds(10)) { $0.soFar.output.contains(message(Self.last + 1)) }
    return fanout
  }

  /// The command waits for the client, whose events would not fit into the ring.
  @Test(arguments: ["/events", "/apis/g/v1/activities?watch=1&resourceVersion=\(epoch)-5"])
  func aSlowClientGetsALongCatchUpWhole(path: String) throws {
    let fanout = try start(["--ring", "16MiB"], "heartbeat: 1m\n")
    let output = directory.path("output")
    let curl = try fanout.listen(
      path,
      [
        "-H", "Accept: application/x-ndjson, application/json", "-H", "Last-Event-ID: \(Self.epoch)-5",
        "--limit-rate", "4M",
        "-o", output,
      ])
    defer { curl.send(SIGKILL) }
    let wanted = (6...(Self.last + 1)).map { message($0) + "\n" }.joined()
    try eventually("the last event", within: .seconds(40)) {
      let attributes = try? FileManager.default.attributesOfItem(atPath: output)
      return attributes?[.size] as? Int ?? 0 >= wanted.utf8.count
    }
    let isWhole = try String(contentsOfFile: output, encoding: .utf8) == wanted
    #expect(isWhole, "each event once and in order")
  }

  /// A crowd of addresses of one network has the other commands.
  @Test func aClientKeepsItsPlaceBesideACrowd() throws {
    let fanout = try start([], "max-upstreams: 3\nmax-client-upstreams: 1\nheartbeat: 1m\n")
    let output = directory.path("output")
    let reader = try fanout.listen(
      "/events",
      [
        "--interface", "127.0.2.1", "-H", "Accept: application/x-ndjson", "-H",
        "Last-Event-ID: \(Self.epoch)-5",
        "--limit-rate", "1M", "-o", output,
      ])
    try eventually("its first event") { FileManager.default.fileExists(atPath: output) }
    let crowd = try (1...6).map { number in
      try fanout.listen(
        "/events",
        [
          "--interface", "127.0.1.\(number)", "-H", "Last-Event-ID: \(Self.epoch)-\(number * 10_000)",
          "--limit-rate", "1k", "-o", directory.path("crowd\(number)"),
        ])
    }
    // Each of its members has had a turn, and their commands would have been the younger ones.
    try eventually("the crowd is served", within: .seconds(40)) {
      (1...6).allSatisfy { FileManager.default.fileExists(atPath: directory.path("crowd\($0)")) }
    }
    #expect(reader.isRunning)
    for client in crowd + [reader] { client.send(SIGKILL) }
  }

  /// Clients that read nothing have all commands.
  @Test func slowClientsGiveUpTheirPlaceAfterTheirTurn() throws {
    let fanout = try start([], "max-upstreams: 2\n")
    let slow = try [100, 50].map { id in
      let request =
        #"GET /events HTTP/1.1\r\nHost: localhost\r\nLast-Event-ID: \#(Self.epoch)-\#(id)\r\n\r\n"#
      let client = try Tool.shell(
        #"exec 3<>/dev/tcp/127.0.0.1/\#(fanout.port); printf '\#(request)' >&3; head -c 15 <&3; echo; exec sleep 60"#
      )
      try client.waitForLines(1)
      return client
    }
    defer { for client in slow { client.send(SIGKILL) } }
    let answer = try fanout.curl(
      "/events",
      ["-i", "--max-time", "12", "--interface", "127.0.2.1", "-H", "Last-Event-ID: \(Self.epoch)-5"])
    #expect(answer.output.hasPrefix("HTTP/1.1 200"), "\(answer.output.prefix(300))")
    #expect(answer.output.contains(message(6)))
  }
}
