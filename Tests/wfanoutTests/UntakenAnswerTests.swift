// SPDX-License-Identifier: Apache-2.0
import Foundation
import Synchronization
import TestSupport
import Testing

@testable import wfanout

/// Answers that their client takes slowly, or not at all.
@Suite(.timeLimit(.minutes(1))) struct UntakenAnswerTests {
  private static let objects = 100
  private static let answer = "GET /snapshot HTTP/1.1\r\nHost: a\r\n"
  let fanout: Fanout

  /// Keeps objects of 10 MB, more than the buffers of a connection hold.
  init() throws {
    fanout = try Fanout(["--snapshot"], configuration: "request-timeout: 1s")
    let pad = #","pad":"\#(String(repeating: "x", count: 100_000))""#
    for number in 0..<Self.objects { fanout.feed(pod("p\(number)", extra: pad)) }
    try eventually("all are kept") {
      try fanout.curl("/metrics").output.contains("wfanout_events_received_total \(Self.objects)\n")
    }
  }

  @Test func aClientThatTakesNothingIsLetGo() throws {
    let peer = try RawPeer(fanout)
    // A kernel may take one or two of them.
    peer.send(
      String(repeating: Self.answer + "\r\n", count: 9) + Self.answer + "Connection: close\r\n\r\n")
    Thread.sleep(forTimeInterval: 5)
    #expect(peer.receive().bytes.count < 90_000_000)
  }

  @Test func aSlowOneIsWaitedForWhileItTakesSomething() throws {
    let peer = try RawPeer(fanout)
    peer.send(Self.answer + "\r\n")
    var received = 0
    for _ in 0..<10 {
      let wanted = received + 200_000
      received += peer.receive { $0.count >= wanted - received }.bytes.count
      Thread.sleep(forTimeInterval: 0.3)
    }
    received += peer.receive { received + $0.count > 10_000_000 }.bytes.count
    #expect(received > 10_000_000)
  }

  @Test func oneThatOnlyAsksFillsNoMemory() throws {
    let fanout = try Fanout()
    let peer = try RawPeer(fanout)
    let request = Array("GET / HTTP/1.1\r\nHost: a\r\n\r\n".utf8)
    let requests = Array(repeatElement(request, count: 200_000).joined())
    let hasSentAll = Atomic(false)
    Thread.detachNewThread { if peer.send(requests) { hasSentAll.store(true, ordering: .relaxed) } }
    for _ in 0..<20 where !hasSentAll.load(ordering: .relaxed) { Thread.sleep(forTimeInterval: 0.1) }
    let status = try String(contentsOfFile: "/proc/\(fanout.tool.processIdentifier)/status", encoding: .utf8)
    let peak = try #require(status.firstMatch(of: /VmHWM:\s+(\d+) kB/).flatMap { Int($0.1) })
    #expect(peak < 60_000, "each answer has 11 KB")
    #expect(try fanout.curl("/healthz").output == "ok\n")
    let pages = peer.receive { $0.count > 2_000_000 }
    #expect(pages.bytes.count > 2_000_000 && !pages.hasEnded, "they come as fast as they are taken")
  }
}
