// SPDX-License-Identifier: Apache-2.0
import Foundation
import JSON
import TestSupport
import Testing

@testable import WfanoutCore

/// Clients that ask for much and leave, and requests that never end.
@Suite(.timeLimit(.minutes(2))) struct AbandonedRequestTests {
  /// Each snapshot takes seconds of CPU time, and the client may use a quarter of a second.
  @Test func workForClientsThatHaveLeftIsDropped() throws {
    let fanout = try Fanout(["--snapshot", "--admin", ":0"], configuration: "cost-limit: 100000")
    fanout.feed((0..<500).map { pod("p\($0)") })
    try eventually("the objects") { try fanout.curl("/snapshot/uid-p499").output.contains("p499") }
    for number in 0..<50 {
      let filter =
        "!lists.range(40).all(a, lists.range(40).all(b, lists.range(40).all(c, a+b+c+\(number) >= 0)))"
      let peer = try RawPeer(fanout)
      peer.send(
        "GET /snapshot?filter=\(filter.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? "") "
          + "HTTP/1.1\r\nHost: localhost\r\n\r\n")
    }
    try eventually("no work is left", within: .seconds(20)) {
      try fanout.ask("/api/v1/streaming/costs")["clients"]?.elements.allSatisfy {
        $0["queued"] == .number("0")
      }
        ?? false
    }
  }

  @Test func unfinishedBodiesUseLittleMemory() throws {
    let fanout = try Fanout()
    let body = [UInt8](repeating: 0x20, count: 60_000)
    let head = "/nothing HTTP/1.1\r\nHost: localhost\r\nContent-Length: 60001\r\n\r\n"
    let peers = try (0..<400).map { _ in try RawPeer(fanout) }
    for peer in peers {
      peer.send("POST " + head)
      peer.send(body)
    }
    let late = try RawPeer(fanout)
    late.send("POST " + head)
    late.send(body)
    #expect(late.status() == 503)
    #expect(
      try fanout.curl("/nothing", ["--json", "{}"]).output.contains("NotFound"), "short bodies are read")
    #expect(
      try fanout.curl("/healthz", ["-X", "GET", "--data", String(repeating: "x", count: 9000)]).output
        == "ok\n")
  }
}
