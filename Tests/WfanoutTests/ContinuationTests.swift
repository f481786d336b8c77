// SPDX-License-Identifier: Apache-2.0
import Foundation
import JSON
import TestSupport
import Testing

@testable import WfanoutCore

/// A client that is cut off before its first event knows where to resume.
@Suite(.timeLimit(.minutes(1))) struct ContinuationTests {
  private static func lastID(_ output: String) -> String? {
    output.split(separator: "\n").last { $0.hasPrefix("id: ") }.map { String($0.dropFirst(4)) }
  }

  @Test func aStreamBeginsWithItsCurrentID() throws {
    let fanout = try Fanout()
    let first = try fanout.listening("/events")
    try first.wait(for: "an id", .seconds(10)) { Self.lastID($0.soFar.output) != nil }
    #expect(first.soFar.output.contains(/^retry: \d+\nid: \d+-0\n\n/))
    let id = try #require(Self.lastID(first.soFar.output))
    first.send(SIGKILL)
    fanout.feed([#"{"lost":1}"#, #"{"lost":2}"#])
    let second = try fanout.listening("/events", ["-H", "Last-Event-ID: \(id)"])
    fanout.feed(#"{"after":3}"#)
    try second.wait(for: "all three", .seconds(10)) {
      $0.soFar.output.contains("lost\":1") && $0.soFar.output.contains("lost\":2")
        && $0.soFar.output.contains("after\":3")
    }
    #expect(!second.soFar.output.contains("event: reset"))
  }

  @Test func theIDOfAFilteredListenerFollowsTheStream() throws {
    let fanout = try Fanout(["--heartbeat", "1s"])
    let quiet = try fanout.listening("/events?filter=n%20%3C%200")
    fanout.feed((1...50).map { #"{"n":\#($0)}"# })
    try quiet.wait(for: "the id of the last event", .seconds(15)) {
      Self.lastID($0.soFar.output)?.hasSuffix("-50") ?? false
    }
    #expect(!quiet.soFar.output.contains("data:"))
  }

  @Test func usesTheIDsOfTheSource() throws {
    let fanout = try Fanout(["--heartbeat", "1s"])
    let listener = try fanout.listening("/events?filter=false")
    fanout.feed(message(41))
    try listener.wait(for: "the id", .seconds(15)) {
      Self.lastID($0.soFar.output) == "1700000000000000000-41"
    }
  }

  @Test func aResetWithoutASnapshotHasThePosition() throws {
    let fanout = try Fanout()
    let listener = try fanout.listening("/events?lastEventId=1-1")
    try listener.wait(for: "an id after the reset", .seconds(10)) {
      $0.soFar.output.contains(/event: reset\n(.|\n)*id: \d+-0\n\n/)
    }
  }

  @Test func linesAndWebSocketsHaveTheCurrentIDToo() throws {
    let fanout = try Fanout()
    let lines = try fanout.listening("/events", ["-H", "Accept: application/x-ndjson"])
    #expect(lines.soFar.diagnostics.contains(/Last-Event-ID: \d+-0\r\n/))
    let client = try SocketClient(port: fanout.port, path: "/ws")
    client.say(#"{"type":"subscribe","subscription":{}}"#)
    #expect(try client.nextMessage()["event_id"]?.string?.hasSuffix("-0") == true)
    fanout.feed(#"{"n":1}"#)
    #expect(try client.nextMessage()["type"]?.string == "event")
    client.say(#"{"type":"ping","timestamp":1}"#)
    #expect(try client.nextMessage()["event_id"]?.string?.hasSuffix("-1") == true)
  }
}
