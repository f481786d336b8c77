import Encoding
// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport
import Testing

@testable import WfanoutCore

struct ReplayPacingTests {
  func time(_ second: Int64) -> Timestamp { Timestamp(nanoseconds: second * 1_000_000_000) }

  @Test func keepsTheTimesOfTheLines() {
    var pacing = ReplayPacing(speed: 2, longestGap: .seconds(60))
    #expect(pacing.due(time(100)) == .zero)
    #expect(pacing.due(time(110)) == .seconds(5))
    #expect(pacing.due(time(105)) == .seconds(5), "never back")
    #expect(pacing.due(nil) == .seconds(5), "without a time it comes with the one before")
    #expect(pacing.due(time(112)) == .seconds(6))
    #expect(pacing.due(time(1_000_000)) == .seconds(36), "a long silence is shortened")
    #expect(pacing.due(Timestamp(nanoseconds: .min)) == .seconds(36))
  }

  @Test func withoutTimesTheRateIsFixed() {
    var pacing = ReplayPacing(speed: 10, longestGap: .seconds(60))
    for number in 0..<3 { #expect(pacing.due(nil) == .milliseconds(10) * number) }
    var flatOut = ReplayPacing(speed: .infinity, longestGap: .seconds(60))
    #expect(flatOut.due(time(1)) == .zero)
    #expect(flatOut.due(time(99)) == .zero)
  }

  @Test(arguments: [
    (
      #"{"type":"ADDED","object":{"timestamp":"1970-01-01T00:00:09Z"},"source":{"time":"1970-01-01T00:00:01Z"}}"#,
      1
    ),
    (#"{"type":"METRICS","object":{"timestamp":"1970-01-01T00:00:09Z"}}"#, 9),
    (#"{"event_type":"T","timestamp":"1970-01-01T01:00:07+01:00"}"#, 7),
    (
      #"{"type":"MODIFIED","object":{"metadata":{"creationTimestamp":"1970-01-01T00:00:02Z","managedFields":[{"time":"1970-01-01T00:00:04Z"},{"time":"1970-01-01T00:00:03Z"}]}}}"#,
      4
    ),
    (
      #"{"type":"ADDED","object":{"metadata":{"creationTimestamp":"1970-01-01T00:00:02Z","managedFields":[]}}}"#,
      2
    ),
    (#"{"timestamp":"soon"}"#, -1), (#"{"timestamp":"9999-01-01T00:00:00Z"}"#, -1), ("no JSON", -1),
  ]) func findsTheTimeOfALine(line: String, second: Int64) {
    let bytes = Array(line.utf8)
    let found = (bytes + Batch.zeros).withJSON(0..<bytes.count) { RecordedTime.find($0) }
    #expect(found == (second < 0 ? nil : time(second)))
  }
}

@Suite(.timeLimit(.minutes(1))) struct ReplayTests {
  let directory: TemporaryDirectory
  let recording: String

  init() throws {
    directory = try TemporaryDirectory()
    recording = try directory.write(
      #"{"n":1,"timestamp":"2026-01-01T00:00:00Z"}"# + "\n" + #"{"n":2,"timestamp":"2026-01-01T01:00:00Z"}"#
        + "\n",
      to: "recording")
  }

  let lines = ["-H", "Accept: application/x-ndjson"]

  @Test func startsWithTheFirstListenerAndEndsWithTheRecording() throws {
    let fanout = try Fanout(["--replay", recording, "--speed", "max"])
    let listener = try fanout.listen("/events", lines)
    #expect(try listener.waitForEnd().lines.prefix(2).map { $0.prefix(6) } == [#"{"n":1"#, #"{"n":2"#])
    #expect(try fanout.tool.waitForEnd().status == 0)
  }

  @Test func keepsTheDelaysOfTheRecording() throws {
    let fanout = try Fanout(["--replay", recording], configuration: "replay-gap: 2h")
    let listener = try fanout.listen("/events", lines)
    try listener.waitForLines(1)
    fanout.tool.send(SIGTERM)
    #expect(!(try listener.waitForEnd().output.contains(#"{"n":2"#)), "it was an hour away")
    #expect(try fanout.tool.waitForEnd().status == 128 + SIGTERM)
  }

  @Test func aCompressedRecordingIsReported() throws {
    let zipped = try Tool.shell("gzip '\(recording)'").waitForEnd()
    #expect(zipped.status == 0)
    let outcome = try Tool.run("wfanout", ["--listen", ":0", "--replay", recording + ".gz"])
    #expect(outcome.status == 65 && outcome.diagnostics.contains("zcat"), "\(outcome)")
    #expect(!outcome.diagnostics.contains("listening"))
  }

  @Test func reportsBadRecordings() throws {
    #expect(try Tool.run("wfanout", ["--replay", recording, "--upstream", "x"]).status == 64)
    #expect(try Tool.run("wfanout", ["--replay", recording, "--speed", "0"]).status == 64)
  }

  /// One line, before the server listens.
  @Test(arguments: [
    ("absent", 66, "No such file"), ("directory", 66, "directory"), ("text", 65, "none of 2 lines is JSON"),
  ]) func reportsWhatItCannotServe(name: String, status: Int32, reason: String) throws {
    try FileManager.default.createDirectory(
      atPath: directory.path("directory"), withIntermediateDirectories: false)
    try directory.write("no\nrecording\n", to: "text")
    let outcome = try Tool.run("wfanout", ["--listen", ":0", "--replay", directory.path(name)])
    #expect(outcome.status == status)
    #expect(outcome.diagnostics.contains(directory.path(name)) && outcome.diagnostics.contains(reason))
    #expect(outcome.diagnostics.split(separator: "\n").count == 1, "\(outcome.diagnostics)")
  }

  @Test func servesARecordingFromAPipe() throws {
    let pipe = directory.path("pipe")
    #expect(unsafe mkfifo(pipe, 0o600) == 0)
    let fanout = try Fanout(["--replay", pipe, "--speed", "max"])
    let listener = try fanout.listen("/events", lines)
    let writer = try Tool.shell("exec cat '\(recording)' >'\(pipe)'")
    #expect(try listener.waitForEnd().lines.prefix(2).map { $0.prefix(6) } == [#"{"n":1"#, #"{"n":2"#])
    #expect(try writer.waitForEnd().status == 0)
    #expect(try fanout.tool.waitForEnd().status == 0)
  }
}
