// SPDX-License-Identifier: Apache-2.0

import Foundation
import JSON
import TestSupport
import Testing

@testable import NatswatchCore

/// A break of continuity is always reported: 410 and status 75, or 66 if the stream is gone.
@Suite(.timeLimit(.minutes(2))) struct GoneTests {
  private func expectGone(_ outcome: Tool.Outcome, _ words: String) {
    #expect(outcome.status == 75, "\(outcome)")
    let error = outcome.lines.first { $0.hasPrefix(#"{"type":"ERROR","object":{"kind":"Status""#) } ?? ""
    #expect(error.contains(#""reason":"Expired","code":410"#) && error.contains(words), "\(outcome)")
  }

  @Test(arguments: NATSServer.Version.installed) func atTheStart(_ version: NATSServer.Version) throws {
    let bed = try Bed(version)
    try bed.createStream()
    try bed.publish(1...100)
    try bed.purge("S", #"{"seq":51}"#)
    expectGone(try bed.run(["a.>", "--since-seq", "5"]), "too old")
    expectGone(try bed.run(["a.x", "--since-seq", "49"]), "too old")
    expectGone(try bed.run(["a.>", "--since-seq", "101"]), "too large")
    expectGone(try bed.run(["a.>", "--since-seq", "1000000000000000000"]), "too large")
    #expect(
      sequences(in: try bed.run(["a.>", "--since-seq", "50", "--until-now"]).output) == Array(51...100))
    try bed.purge()
    expectGone(try bed.run(["a.>", "--since-seq", "99"]), "too old")
    #expect(try bed.run(["a.>", "--since-seq", "100", "--until-now"]).status == 0)
    let onward = try bed.run(["a.>", "--since-seq", "99", "--on-gone", "continue", "--until-now"])
    #expect(onward.status == 0 && onward.output.contains("410"), "\(onward)")
  }

  @Test(arguments: NATSServer.Version.installed) func strictlyWhenMessagesAreRemoved(
    _ version: NATSServer.Version
  ) throws {
    let bed = try Bed(version)
    try bed.createStream()
    try bed.publish(1...20)
    try bed.removeMessage(7)
    #expect(sequences(in: try bed.run(["a.>", "--all", "--until-now"]).output).count == 19)
    expectGone(try bed.run(["a.>", "--since-seq", "3", "--strict", "--until-now"]), "from the middle")
    #expect(
      sequences(in: try bed.run(["a.>", "--since-seq", "7", "--strict", "--until-now"]).output)
        == Array(8...20))
    try bed.publish(21...21, to: "a.y")
    expectGone(try bed.run(["a.y", "--since-seq", "3", "--strict", "--until-now"]), "from the middle")
    #expect(
      sequences(in: try bed.run(["a.y", "--since-seq", "8", "--strict", "--until-now"]).output) == [21])
  }

  enum Removal: String, Sendable, CaseIterable { case purge, limits, filteredPurge, filteredLimits }

  @Test(arguments: NATSServer.Version.installed, Removal.allCases)
  func whileTheReaderIsBehind(_ version: NATSServer.Version, _ removal: Removal) throws {
    let bed = try Bed(version)
    let folder = try TemporaryDirectory()
    let isFiltered = removal == .filteredPurge || removal == .filteredLimits
    try bed.createStream(
      "S", ["a.>", "b.>"], more: removal == .limits || removal == .filteredLimits ? #","max_msgs":3000"# : "")
    let filter = isFiltered ? "a.x" : ">"
    // The reader sleeps until a signal arrives. Messages that do not fit in the pipe stay at the server.
    let pipe = try Tool.shell(
      "natswatch '\(filter)' --stream S --all --verbose 2>err | (until [ -e go ]; do sleep 0.1; done; cat >out); echo ${PIPESTATUS[0]}",
      environment: bed.environment, in: folder.url)
    try eventually("the tail has its consumer") { try !bed.consumers().isEmpty }
    for round in 0..<5 {
      try bed.publish(round * 2000 + 1...round * 2000 + 1999, to: "a.x", padding: 2000)
      try bed.publish(0...0, to: "b.x")
    }
    try eventually("the server waits for the reader") {
      let name = try #require(try bed.consumers().first)
      return try bed.jetStream.request("CONSUMER.INFO.S.\(name)", as: ConsumerInfo.self).num_pending > 0
    }
    if removal == .purge || removal == .filteredPurge { try bed.purge() }
    try bed.publish(20_000...20_010, to: "a.x")
    _ = try folder.write("", to: "go")
    let status = try? pipe.waitForEnd(.seconds(40)).lines.last
    let output = try folder.read("out")
    let seen = sequences(in: output)
    let gaps = zip(seen, seen.dropFirst()).filter { $0 + 1 != $1 }
    let talk = try folder.read("err")
    let isSaid = output.contains(#""reason":"Expired","code":410"#)
    #expect(status == "75" && isSaid, "\(removal): \(seen.count) lines, gaps at \(gaps), \(talk)")
    #expect(seen == Array(Set(seen)).sorted(), "in order and once")
  }

  /// The requested end does not hide messages that were removed before it.
  @Test(
    arguments: NATSServer.Version.installed,
    [["--until-now"], ["--until-seq", "5990"], ["--count", "5990"]])
  func beforeTheRequestedEnd(_ version: NATSServer.Version, _ flags: [String]) throws {
    let bed = try Bed(version)
    let folder = try TemporaryDirectory()
    try bed.createStream()
    try bed.publish(1...6000, padding: 2000)
    let pipe = try Tool.shell(
      "natswatch 'a.>' --all \(flags.joined(separator: " ")) 2>err | (head -c 1 >out; until [ -e go ]; do sleep 0.1; done; cat >>out); echo ${PIPESTATUS[0]}",
      environment: bed.environment, in: folder.url)
    // The purge comes after the first line. Before it, the tail could start after the purged messages without
    // a loss.
    try eventually("the first line") { (try? folder.read("out"))?.isEmpty == false }
    try eventually("the server waits for the reader") {
      guard let name = try bed.consumers().first else { return false }
      let pending = try bed.jetStream.request("CONSUMER.INFO.S.\(name)", as: JSONValue.self)["num_pending"]?
        .integer
      return (1..<6000).contains(pending ?? 0)
    }
    try bed.purge("S", #"{"keep":5}"#)
    if flags[0] == "--count" { try bed.publish(6001...11_000) }
    _ = try folder.write("", to: "go")
    let status = try pipe.waitForEnd(.seconds(40)).lines.last
    let output = try folder.read("out")
    let talk = try folder.read("err")
    let isSaid = output.contains(#""reason":"Expired","code":410"#)
    #expect(status == "75" && isSaid, "\(sequences(in: output).count) lines, \(talk)")
  }

  /// Each subject has one message. A message that is purged before the first pass reaches it is missing.
  @Test(arguments: NATSServer.Version.installed, [[], ["--until-now"]])
  func inTheFirstPass(_ version: NATSServer.Version, _ flags: [String]) throws {
    let bed = try Bed(version)
    let folder = try TemporaryDirectory()
    try bed.createStream(more: ",\"max_msgs_per_subject\":1")
    let pad = [UInt8](repeating: UInt8(ascii: "1"), count: 4000)
    for number in 1...4000 { _ = bed.jetStream.connection.publish(pad, to: "a.\(number)") }
    bed.jetStream.connection.flush(milliseconds: 5_000)
    try eventually("all are stored") { try bed.info().state.messages == 4000 }
    let pipe = try Tool.shell(
      "natswatch 'a.>' --last-per-subject \(flags.joined(separator: " ")) 2>err | (until [ -e go ]; do sleep 0.1; done; cat >out); echo ${PIPESTATUS[0]}",
      environment: bed.environment, in: folder.url)
    try eventually("the server waits for the reader") {
      guard let name = try bed.consumers().first else { return false }
      let pending = try bed.jetStream.request("CONSUMER.INFO.S.\(name)", as: JSONValue.self)["num_pending"]?
        .integer
      return (1..<4000).contains(pending ?? 0)
    }
    try bed.purge("S", #"{"keep":5}"#)
    _ = try folder.write("", to: "go")
    let status = try pipe.waitForEnd(.seconds(40)).lines.last
    let output = try folder.read("out")
    let talk = try folder.read("err")
    #expect(status == "75" && output.contains(#""reason":"Expired","code":410"#), "\(talk)")
  }

  @Test(arguments: NATSServer.Version.installed) func removalsAreReportedOnce(_ version: NATSServer.Version)
    throws
  {
    let bed = try Bed(version)
    try bed.createStream()
    try bed.publish(1...10)
    try bed.removeMessage(5)
    let tail = try bed.run(["a.>", "--since-seq", "2", "--strict", "--on-gone", "continue", "--until-now"])
    #expect(tail.status == 0 && tail.output.components(separatedBy: "\"code\":410").count == 2, "\(tail)")
    #expect(sequences(in: tail.output) == [3, 4, 6, 7, 8, 9, 10])
  }

  @Test(arguments: NATSServer.Version.installed) func whenTheStreamIsRecreated(_ version: NATSServer.Version)
    throws
  {
    let bed = try Bed(version)
    try bed.createStream()
    try bed.publish(1...5)
    let tail = try bed.startTail(["a.>", "--since-seq", "3"])
    try tail.waitForLines(2)
    try bed.delete()
    try bed.createStream()
    try bed.publish(1...50)
    expectGone(try tail.waitForEnd(.seconds(40)), "created again")
  }

  @Test(arguments: NATSServer.Version.installed) func whenTheStreamIsDeleted(_ version: NATSServer.Version)
    throws
  {
    let bed = try Bed(version)
    try bed.createStream()
    try bed.publish(1...5)
    let tail = try bed.startTail(["a.>", "--all"])
    try tail.waitForLines(5)
    try bed.delete()
    let outcome = try tail.waitForEnd(.seconds(40))
    #expect(outcome.status == 66 && outcome.diagnostics.contains("10059"), "\(outcome)")
  }
}
