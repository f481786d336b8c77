// SPDX-License-Identifier: Apache-2.0
import Foundation
import Synchronization
import TestSupport
import Testing

@testable import WfanoutCore

/// Responses that the client reads slowly, or not at all.
@Suite(.timeLimit(.minutes(1))) struct UntakenAnswerTests {
  private static let objects = 100
  private static let answer = "GET /snapshot HTTP/1.1\r\nHost: localhost\r\n"
  let fanout: Fanout

  init() throws { fanout = try Self.keeping("request-timeout: 1s") }

  /// Keeps objects of 10 MB, more than the buffers of a connection hold.
  private static func keeping(_ configuration: String) throws -> Fanout {
    let fanout = try Fanout(["--snapshot"], configuration: configuration)
    let pad = #","pad":"\#(String(repeating: "x", count: 100_000))""#
    for number in 0..<Self.objects { fanout.feed(pod("p\(number)", extra: pad)) }
    try eventually("all are kept") {
      try fanout.curl("/metrics").output.contains("wfanout_events_received_total \(Self.objects)\n")
    }
    return fanout
  }

  @Test func closesAClientThatReadsNothing() throws {
    let peer = try RawPeer(fanout)
    // The kernel's buffers may hold one or two of them.
    peer.send(
      String(repeating: Self.answer + "\r\n", count: 9) + Self.answer + "Connection: close\r\n\r\n")
    Thread.sleep(forTimeInterval: 5)
    #expect(peer.receive().bytes.count < 90_000_000)
  }

  @Test func waitsForASlowClientThatReads() throws {
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

  /// Clients that all reconnect at once, for example after a restart, share one encoding, even if they are
  /// slow.
  @Test func unreadSnapshotsShareOneCopyInMemory() throws {
    let fanout = try Self.keeping("")
    let peers = try (0..<60).map { _ in try RawPeer(fanout) }
    for peer in peers {
      peer.send("GET /events?snapshot=1 HTTP/1.1\r\nHost: localhost\r\nAccept: application/x-ndjson\r\n\r\n")
    }
    for peer in peers { #expect(!peer.receive { $0.count > 100_000 }.hasEnded) }
    #expect(try peak(of: fanout) < 250_000, "60 snapshots have 600 MB")
    let first = try #require(peers.first)
    fanout.feed(pod("late"))
    let rest = first.receive(within: .seconds(30)) {
      String(decoding: $0.suffix(400), as: UTF8.self).contains("late")
    }
    #expect(
      rest.bytes.count > 9_000_000 && !rest.hasEnded, "\(rest.bytes.count) bytes, and then what came after")
  }

  /// The peak memory of the process, in KB.
  private func peak(of fanout: Fanout) throws -> Int {
    let status = try String(contentsOfFile: "/proc/\(fanout.tool.processIdentifier)/status", encoding: .utf8)
    return try #require(status.firstMatch(of: /VmHWM:\s+(\d+) kB/).flatMap { Int($0.1) })
  }

  @Test func aClientThatOnlySendsRequestsUsesNoMemory() throws {
    let fanout = try Fanout()
    let peer = try RawPeer(fanout)
    let request = Array("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n".utf8)
    let requests = Array(repeatElement(request, count: 200_000).joined())
    let hasSentAll = Atomic(false)
    Thread.detachNewThread { if peer.send(requests) { hasSentAll.store(true, ordering: .relaxed) } }
    for _ in 0..<20 where !hasSentAll.load(ordering: .relaxed) { Thread.sleep(forTimeInterval: 0.1) }
    #expect(try peak(of: fanout) < 60_000, "each answer has 11 KB")
    #expect(try fanout.curl("/healthz").output == "ok\n")
    let pages = peer.receive { $0.count > 2_000_000 }
    #expect(pages.bytes.count > 2_000_000 && !pages.hasEnded, "they come as fast as they are taken")
  }
}
