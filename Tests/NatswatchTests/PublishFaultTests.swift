// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

@testable import NatswatchCore

/// Every line that was not stored is reported, and every wait is too.
@Suite(.timeLimit(.minutes(2))) struct PublishFaultTests {
  private func lines(_ range: ClosedRange<Int>) -> String { range.map { "{\"n\":\($0)}\n" }.joined() }

  @Test func aSignalDuringTheStartIsNotAnError() throws {
    let publisher = try Tool.start("natswatch", ["publish", "a.x", "--server", "nats://127.0.0.1:1"])
    try publisher.waitForDiagnostics("trying again")
    publisher.send(SIGTERM)
    let outcome = try publisher.waitForEnd()
    #expect(outcome.status == 128 + SIGTERM && !outcome.diagnostics.contains("error:"), "\(outcome)")
  }

  @Test(arguments: NATSServer.Version.installed) func refusedLinesAreNamedAndEndWith65(
    _ version: NATSServer.Version
  ) throws {
    let bed = try Bed(version)
    try bed.createStream("S", ["a.>"], more: #","max_msg_size":300"#)
    let input = lines(1...1) + "{\"p\":\"\(String(repeating: "x", count: 400))\"}\n" + lines(3...4)
    let skipped = try bed.run(["publish", "a.x"], stdin: input)
    #expect(skipped.status == 65 && skipped.diagnostics.contains("line 2:"), "\(skipped)")
    #expect(skipped.diagnostics.contains("message size exceeds"), "the server's words: \(skipped)")
    #expect(try bed.info().state.messages == 3)
    let failed = try bed.run(["publish", "a.x", "--on-error", "fail"], stdin: input)
    #expect(failed.status == 65 && failed.diagnostics.contains("line 2:"), "\(failed)")
    let unusable = try bed.run(["publish", "a.{nothing}"], stdin: lines(1...2))
    #expect(unusable.status == 65, "\(unusable)")
    let expected = try bed.run(
      ["publish", "a.x", "--header", "Nats-Expected-Last-Sequence: 99"], stdin: lines(1...2))
    #expect(expected.status == 65 && expected.diagnostics.contains("line 1:"), "\(expected)")
  }

  @Test(
    arguments: NATSServer.Version.installed,
    [#""max_msgs":3"#, #""max_bytes":250"#, #""max_msgs_per_subject":3,"discard_new_per_subject":true"#])
  func aFullStreamIsReportedAndWaitedFor(_ version: NATSServer.Version, _ limit: String) throws {
    let bed = try Bed(version)
    try bed.createStream("S", ["a.>"], more: ",\"discard\":\"new\",\(limit)")
    let publisher = try bed.start(["publish", "a.x"])
    publisher.write((1...5).map { "{\"n\":\($0),\"pad\":\"0123456789\"}\n" }.joined())
    publisher.closeInput()
    try publisher.waitForDiagnostics("exceeded")
    #expect(publisher.soFar.diagnostics.contains("line "))
    let stored = try bed.info().state.messages
    #expect(stored > 0 && stored < 5)
    // The stream gets room repeatedly, so that the rest is stored and the run ends.
    try eventually("the rest is stored") {
      try bed.purge()
      return !publisher.isRunning
    }
    #expect(try publisher.waitForEnd().status == 0)
    let failed = try bed.run(
      ["publish", "a.x", "--on-error", "fail"],
      stdin: (1...9).map { "{\"n\":\($0),\"pad\":\"0123456789\"}\n" }.joined())
    #expect(failed.status == 65 && failed.diagnostics.contains("exceeded"), "\(failed)")
  }

  @Test(arguments: NATSServer.Version.installed) func duplicatesAreCounted(_ version: NATSServer.Version)
    throws
  {
    let bed = try Bed(version)
    try bed.createStream()
    let input = lines(1...3) + lines(2...3)
    let first = try bed.run(["publish", "a.x", "--id", "string(n)"], stdin: input)
    #expect(first.status == 0 && first.diagnostics.contains("2 lines were duplicates"), "\(first)")
    let own = try bed.run(["publish", "a.y", "--header", "Nats-Msg-Id: mine"], stdin: lines(1...2))
    #expect(own.status == 0 && own.diagnostics.contains("1 line was a duplicate"), "\(own)")
    let stored = try bed.lines("a.y")
    #expect(stored.count == 1 && stored[0].contains(#""Nats-Msg-Id":"mine""#), "\(stored)")
    let both = try bed.run(["publish", "a.y", "--id", "n", "--header", "nats-msg-id: x"], stdin: "")
    #expect(both.status == 64, "\(both)")
  }

  @Test(arguments: NATSServer.Version.installed) func messagesOfTheMaximumSizeAreStored(
    _ version: NATSServer.Version
  ) throws {
    let bed = try Bed(version)
    try bed.createStream()
    let limit = bed.jetStream.connection.payloadLimit
    let input = [limit, limit + 1, limit - 1, 2].map { String(repeating: "x", count: $0) + "\n" }.joined()
    let outcome = try bed.run(["publish", "a.x"], stdin: input)
    #expect(outcome.status == 65 && outcome.diagnostics.contains("line 2:"), "\(outcome)")
    #expect(outcome.diagnostics.contains("\(limit + 1) bytes"))
    let sizes = try bed.lines("a.x", "--raw").map(\.utf8.count)
    #expect(sizes == [limit, limit - 1, 2])
  }

  /// Lines that are too long are named by their numbers, and count for the numbers of the lines after them.
  @Test func lineNumbersAreRightAfterLongLines() throws {
    let bed = try Bed(.debian)
    try bed.createStream()
    let folder = try TemporaryDirectory()
    let publisher = try Tool.shell(
      """
      (echo '{}'; head -c 68000000 /dev/zero | tr '\\0' x; echo; echo '{}'; head -c 68000000 /dev/zero | tr '\\0' y; echo; echo nonsense) |
        natswatch publish 'a.x' --fill a=b
      """, environment: bed.environment, in: folder.url)
    let outcome = try publisher.waitForEnd(.seconds(60))
    #expect(outcome.status == 65, "\(outcome)")
    for number in [2, 4, 5] { #expect(outcome.diagnostics.contains("line \(number):"), "\(outcome)") }
    #expect(outcome.diagnostics.contains("3 lines were not published"))
  }

  /// A line break in a header would start another header. `Nats-Rollup`, for example, removes messages of the
  /// stream.
  @Test(arguments: ["A\\r\\nNats-Rollup", "A\\nB", "A: 1", "", "\\u0000"])
  func aHeaderCannotStartAnotherHeader(
    _ name: String
  ) throws {
    let bed = try Bed(.debian)
    try bed.createStream(more: ",\"allow_rollup_hdrs\":true")
    let input = #"""
      {"type":"ADDED","object":{},"source":{"headers":{"X":"1"}}}
      {"type":"ADDED","object":{},"source":{"headers":{"\#(name)":"all"}}}
      {"type":"ADDED","object":{},"source":{"headers":{"X":["1","all\r\nNats-Rollup: all"]}}}

      """#
    let outcome = try bed.run(["publish", "a.x", "--unwrap"], stdin: input)
    #expect(outcome.status == 65 && outcome.diagnostics.contains("2 lines were not published"), "\(outcome)")
    let stored = try bed.lines("a.x")
    #expect(stored.count == 1 && stored[0].contains(#""X":"1"}"#), "\(stored)")
    let flag = try bed.run(["publish", "a.x", "--header", "A\nB: x"], stdin: "{}\n")
    #expect(flag.status == 64, "\(flag)")
  }

  @Test func aRateBelowOneAnHourIsKept() throws {
    let bed = try Bed(.debian)
    try bed.createStream()
    let publisher = try bed.start(["publish", "a.x", "--rate", "0.5/h", "--burst", "1"])
    publisher.write(lines(1...2))
    try eventually("the first is stored") { try bed.info().state.messages == 1 }
    publisher.send(SIGTERM)
    #expect(try publisher.waitForEnd().status == 128 + SIGTERM)
    #expect(try bed.info().state.messages == 1)
  }
}
