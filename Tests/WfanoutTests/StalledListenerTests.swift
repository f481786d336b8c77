// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport
import Testing

/// Listeners that do not keep up, over real sockets. Their losses are counted, and other listeners are not
/// affected.
@Suite(.timeLimit(.minutes(2))) struct StalledListenerTests {
  private static let head = "HTTP/1.1\r\nHost: localhost\r\nAccept: application/x-ndjson\r\n\r\n"
  private static let total = 40_000

  /// About 12 MB: far more than a socket and a small ring hold.
  private static func lines(_ range: Range<Int>) -> [String] {
    let padding = String(repeating: "x", count: 280)
    return range.map { #"{"n":\#($0),"padding":"\#(padding)"}"# }
  }

  private static func stalled(_ fanout: Fanout, _ target: String = "/events") throws -> RawPeer {
    let peer = try RawPeer(fanout)
    peer.send("GET \(target) \(head)")
    _ = peer.receive { String(decoding: $0, as: UTF8.self).contains("\r\n\r\n") }
    return peer
  }

  private static func feedAll(_ fanout: Fanout) {
    for start in stride(from: 0, to: total, by: 1000) { fanout.feed(lines(start..<(start + 1000))) }
  }

  private static func number(_ key: String, _ line: Substring) -> Int? {
    guard let place = line.range(of: "\"\(key)\":") else { return nil }
    return Int(line[place.upperBound...].prefix { $0.isNumber })
  }

  private static func counter(_ name: String, _ fanout: Fanout) throws -> Int {
    let text = try fanout.curl("/metrics").output
    let line = text.split(separator: "\n").first { $0.hasPrefix(name + " ") }
    return line.flatMap { Double($0.split(separator: " ")[1]) }.map(Int.init) ?? -1
  }

  /// The lines of a chunked body that has ended.
  private static func body(_ text: String) -> [Substring] {
    text.split(whereSeparator: \.isNewline).filter { $0.hasPrefix("{") }
  }

  @Test func countsEveryEventThatAStalledListenerLoses() throws {
    let fanout = try Fanout(["--ring", "1MiB", "--drain", "20s"])
    let peer = try Self.stalled(fanout)
    let healthy = try fanout.listening("/events", ["-H", "Accept: application/x-ndjson"])
    Self.feedAll(fanout)
    // With such a small ring, even a listener that reads may fall behind. It must reach the end.
    try healthy.wait(for: "the last event", .seconds(60)) {
      $0.soFar.output.contains(#""n":\#(Self.total - 1),"#)
    }
    fanout.tool.closeInput()
    let text = try #require(peer.receiveToEnd(within: .seconds(30)))
    var next = 0
    var dropped = 0
    for line in Self.body(text) {
      if let gap = Self.number("dropped", line) {
        dropped += gap
        next += gap
      } else if let number = Self.number("n", line) {
        #expect(number == next)
        next = number + 1
      }
    }
    #expect(next == Self.total)
    #expect(dropped > 0)
    #expect(text.contains("end_of_stream"))
    #expect(text.hasSuffix("0\r\n\r\n"))
  }

  /// 20 listeners that do not read: with a buffer for each, the 12 MB of events would be 240 MB.
  @Test func unsentEventsAreHeldOnceForAll() throws {
    let fanout = try Fanout(["--ring", "1MiB", "--stall", "60s"])
    let peers = try (0..<20).map { _ in try Self.stalled(fanout) }
    func resident() throws -> Int {
      let status = try String(
        contentsOfFile: "/proc/\(fanout.tool.processIdentifier)/status", encoding: .utf8)
      return status.matches(of: /VmRSS:\s+(\d+) kB/).first.flatMap { Int($0.1) } ?? .max
    }
    let before = try resident()
    Self.feedAll(fanout)
    try eventually("all have been read") {
      try Self.counter("wfanout_events_received_total", fanout) == Self.total
    }
    #expect(try Self.counter("wfanout_clients", fanout) == peers.count)
    let grown = try resident() - before
    #expect(grown < 60_000, "\(grown) KB more")
  }

  @Test func disconnectGivesItsReasonAndKeepsOtherListeners() throws {
    let fanout = try Fanout(["--overflow", "disconnect", "--queue", "1000"])
    let peer = try Self.stalled(fanout)
    Self.feedAll(fanout)
    try eventually("the listener has been let go or waits to be") {
      try Self.counter("wfanout_events_received_total", fanout) == Self.total
    }
    let text = try #require(peer.receiveToEnd(within: .seconds(30)))
    let numbers = Self.body(text).compactMap { Self.number("n", $0) }
    #expect(numbers == Array(0..<numbers.count))
    #expect(numbers.count < Self.total)
    #expect(text.contains(#""message":"too_slow""#))
  }

  @Test func resetGivesTheSnapshotInsteadOfTheGap() throws {
    let fanout = try Fanout(["--overflow", "reset", "--ring", "1MiB", "--snapshot", "--drain", "20s"])
    let peer = try Self.stalled(fanout)
    let extra = #","spec":"\#(String(repeating: "x", count: 400))""#
    for round in 0..<40 {
      fanout.feed(
        (0..<500).map {
          pod("p\($0)", type: round == 0 ? "ADDED" : "MODIFIED", version: round + 1, extra: extra)
        })
    }
    try eventually("all have been read") {
      try Self.counter("wfanout_events_received_total", fanout) == 20_000
    }
    fanout.tool.closeInput()
    let text = try #require(peer.receiveToEnd(within: .seconds(30)))
    #expect(text.contains(#""code":410"#))
    var latest: [Substring: Int] = [:]
    for line in Self.body(text) where line.contains(#""kind":"Pod""#) {
      guard let name = line.range(of: "\"name\":\"") else { continue }
      let text = line[name.upperBound...].prefix { $0 != "\"" }
      guard let version = line.range(of: "\"resourceVersion\":\"") else { continue }
      latest[text] = Int(line[version.upperBound...].prefix { $0.isNumber })
    }
    #expect(latest.count == 500)
    #expect(latest.values.allSatisfy { $0 == 40 })
  }

  @Test func listenersThatEndWithAResetAreRemoved() throws {
    let fanout = try Fanout()
    let healthy = try fanout.listening("/events", ["-H", "Accept: application/x-ndjson"])
    for round in 0..<100 {
      let peer = try Self.stalled(fanout)
      fanout.feed(Self.lines((round * 10)..<(round * 10 + 10)))
      if round % 2 == 0 { peer.reset() }
    }
    try healthy.wait(for: "the last event", .seconds(20)) { $0.soFar.output.contains(#""n":999,"#) }
    #expect(
      Self.body(healthy.soFar.output[...].description).compactMap { Self.number("n", $0) } == Array(0..<1000))
    try eventually("only the healthy one is left") { try Self.counter("wfanout_clients", fanout) == 1 }
  }
}
