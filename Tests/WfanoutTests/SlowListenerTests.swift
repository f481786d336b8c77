// SPDX-License-Identifier: Apache-2.0
import Foundation
import JSON
import TestSupport
import Testing

@testable import WfanoutCore

@Suite(.timeLimit(.minutes(2))) struct SlowListenerTests {
  /// More than fits in the socket buffers of a listener that reads nothing.
  let events = 40_000
  func line(_ number: Int) -> String { #"{"n":\#(number),"pad":"\#(String(repeating: "x", count: 300))"}"# }

  /// Feeds from another thread, because the pipe is full long before the stalled reader is disconnected.
  func feed(_ fanout: Fanout, _ count: Int) {
    let line = line
    Thread.detachNewThread {
      for start in stride(from: 0, to: count, by: 500) {
        fanout.feed((start..<min(start + 500, count)).map { line($0) })
      }
    }
  }

  @Test func aStalledListenerDoesNotDelayOthersAndGetsItsGap() throws {
    let fanout = try Fanout(["--queue", "5000"])
    let stalled = try SocketClient(port: fanout.port, path: "/ws")
    stalled.say(#"{"type":"subscribe","subscription":{}}"#)
    #expect(try stalled.nextMessage()["type"]?.string == "subscribed")
    let healthy = try fanout.listening("/events", ["-H", "Accept: application/x-ndjson"])
    // The steps are so small that the healthy listener is never behind by the length of the queue.
    for start in stride(from: 0, to: events, by: 2000) {
      fanout.feed((start..<(start + 2000)).map { line($0) })
      let last = line(start + 1999)
      try healthy.wait(for: "step \(start)", .seconds(30)) { tool in
        tool.soFar.output.suffix(1000).split(separator: "\n").last.map(String.init) == last
      }
    }
    let lines = healthy.lines.filter { !$0.isEmpty }
    #expect(lines.count == events)
    #expect(lines.first == line(0))
    // The listener gets the events in its buffers, then the gap, then the newest events of its queue.
    var expected = 0
    var dropped = 0
    while expected < events {
      let message = try stalled.nextMessage()
      if message["code"]?.string == "QUEUE_FULL", case .number(let count)? = message["dropped"] {
        dropped += Int(count) ?? 0
        expected += Int(count) ?? 0
      } else {
        guard message["payload"]?["n"] == .number("\(expected)") else {
          Issue.record("event \(expected): \(message)")
          return
        }
        expected += 1
      }
    }
    #expect(dropped > 0)
    #expect(try fanout.curl("/metrics").output.contains("ws_events_dropped_total \(dropped)\n"))
  }

  @Test func aBlockedSourceLosesNothing() throws {
    let fanout = try Fanout(["--overflow", "block", "--ring", "1MiB"])
    let slow = try SocketClient(port: fanout.port, path: "/ws?raw=1")
    feed(fanout, events)
    for number in 0..<events {
      let frame = try #require(try slow.next())
      guard frame.text == line(number) else {
        Issue.record("event \(number): \(frame.text.prefix(80))")
        return
      }
    }
  }

  @Test func aSlowKubernetesWatchIsEndedWith410() throws {
    let fanout = try Fanout(["--ring", "1MiB"])
    let watch = try SocketClient(port: fanout.port, path: nil)
    watch.write(Array("GET /api/v1/pods?watch=1 HTTP/1.0\r\n\r\n".utf8))
    try watch.readHead()
    let healthy = try fanout.listening("/events", ["-H", "Accept: application/x-ndjson"])
    let count = events
    Thread.detachNewThread {
      for start in stride(from: 0, to: count, by: 500) {
        fanout.feed((start..<start + 500).map { pod("p", type: "MODIFIED", version: $0) })
      }
    }
    try healthy.wait(for: "the last", .seconds(60)) {
      $0.soFar.output.hasSuffix(pod("p", type: "MODIFIED", version: count - 1) + "\n")
    }
    var body: [UInt8] = []
    while true {
      let bytes = try watch.read()
      if bytes.isEmpty { break }
      body += bytes
    }
    let last = String(decoding: body, as: UTF8.self).split(separator: "\n").last ?? ""
    #expect(last.contains(#""type":"ERROR""#) && last.contains(#""code":410"#), "\(last)")
  }

  @Test func aClientThatReadsNothingIsDisconnected() throws {
    let fanout = try Fanout(["--stall", "1s"])
    let stalled = try SocketClient(port: fanout.port, path: "/ws?raw=1")
    feed(fanout, events)
    try eventually("it is cut") { try fanout.curl("/metrics").output.contains("wfanout_stalled_total 1\n") }
    _ = stalled
  }
}
