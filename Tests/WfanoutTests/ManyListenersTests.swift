// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport
import Testing

@testable import WfanoutCore

/// As many listeners as documented, checked event by event, while others connect and disconnect.
@Suite(.timeLimit(.minutes(5))) struct ManyListenersTests {
  private static let events = 60

  /// The maximum number of descriptors of a process.
  private static var descriptorLimit: Int {
    var limit = rlimit()
    unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    return Int(clamping: limit.rlim_max)
  }

  @Test func tenThousandListenersGetEveryEventOnceInOrder() throws {
    let listeners = min(10_000, Self.descriptorLimit - 1000)
    if listeners < 10_000 {
      notTested(
        "more than \(listeners) listeners at once",
        because: "a process may have \(Self.descriptorLimit) descriptors here")
    }
    // The load generator of the benchmark succeeds only if every listener got every event once and in order.
    let folder = try TemporaryDirectory()
    let source = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appending(path: "Benchmarks/fanout/harness/fanclient.c")
    let client = folder.url.appending(path: "fanclient").path
    let compiled = try Tool.shell("cc -O2 -w -o '\(client)' '\(source.path)' -lssl -lcrypto").waitForEnd(
      .seconds(60))
    #expect(compiled.status == 0, "\(compiled)")
    let fanout = try Fanout(["--max-clients", "12000"])
    let checked = try Tool.shell(
      "exec '\(client)' -p \(fanout.port) -u /events -m sse -n \(listeners) -c \(Self.events) -t 240 --idle 200"
    )
    try checked.wait(for: "all are connected", .seconds(120)) { tool in
      (tool.soFar.output + tool.soFar.diagnostics).contains("READY")
    }
    var coming: [RawPeer] = []
    for number in 0..<Self.events {
      fanout.feed(#"{"seq":\#(number),"ts":0,"pad":"\#(String(repeating: "x", count: 200))"}"#)
      // Ten listeners connect at each event. The ten that connected two events ago disconnect, half of them
      // with a reset.
      for _ in 0..<10 {
        let peer = try RawPeer(fanout)
        peer.send("GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n")
        coming.append(peer)
      }
      guard coming.count > 20 else { continue }
      for (index, peer) in coming.prefix(10).enumerated() where index % 2 == 0 { peer.reset() }
      coming.removeFirst(10)
    }
    let outcome = try checked.waitForEnd(.seconds(240))
    #expect(outcome.status == 0, "\(outcome)")
    let row = try #require(
      JSONSerialization.jsonObject(with: Data((outcome.lines.last ?? "").utf8)) as? [String: Any])
    #expect(row["missing"] as? Int == 0 && row["dup"] as? Int == 0, "\(row)")
  }
}
