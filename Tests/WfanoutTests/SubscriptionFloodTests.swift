// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport
import Testing

@testable import WfanoutCore

/// Clients of `/ws` whose subscriptions cost much time.
@Suite(.timeLimit(.minutes(3))) struct SubscriptionFloodTests {
  private static func subscription(_ list: Int, names: Int, of client: String) -> String {
    let lists = ["event_types", "cluster_filter", "namespace_filter"].map { key in
      let names = (0..<names).map { "\"\(client)-\(list)-\($0)\"" }.joined(separator: ",")
      return "\"\(key)\":[\(names)]"
    }
    return #"{"type":"subscribe","subscription":{\#(lists.joined(separator: ","))}}"#
  }

  /// 40 bytes from the client used to change 50,000 names on the event loop.
  @Test func smallChangesOfLargeSubscriptionsDoNotDelayOthers() throws {
    let fanout = try Fanout(["--loops", "1"], configuration: "filter-budget: 10s")
    let peer = try RawPeer(fanout)
    peer.send(
      "GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        + "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
    for list in 0..<10 {
      peer.send(WebSocketDecoderTests.frame(1, Array(Self.subscription(list, names: 1000, of: "p").utf8)))
    }
    let last = Array(#""p-9-999"]"#.utf8)
    let replies = peer.receive(within: .seconds(60)) { $0.suffix(100).firstRange(of: last) != nil }
    #expect(!replies.hasEnded)
    let plain = try fanout.listening("/events", ["-H", "Accept: application/x-ndjson"])
    let flood = WebSocketDecoderTests.frame(1, Array(#"{"type":"unsubscribe","event_types":["x"]}"#.utf8))
    Thread.detachNewThread { peer.send(Array(repeatElement(flood, count: 3000).joined())) }
    try IsolationTests.deliversOnTime(fanout, plain)
  }
}
