// SPDX-License-Identifier: Apache-2.0

import Glibc
import TestSupport
import Testing

/// `-m`, `-c` and `-q` count printed lines, however the run ends.
@Suite(.timeLimit(.minutes(10))) struct LimitTests {
  static let three = [#"{"k":1}"#, #"{"k":2}"#, #"{"k":3}"#]
  static let twice = [#"{"k":1}"#, #"{"k":1,"z":1}"#, #"{"k":2}"#, #"{"k":2,"z":1}"#]

  @Test func limitsHeldLinesAtTheEnd() throws {
    #expect(
      try Stream.filter(["--key", "k", "--debounce", "5s", "-m1", "true"], Self.three).lines.count == 1)
    #expect(
      try Stream.filter(["--key", "k", "--debounce", "5s", "-c", "-m1", "true"], Self.three).output == "1\n")
    #expect(
      try Stream.filter(["--key", "k", "--throttle", "5s", "-m3", "true"], Self.twice).lines.count == 3)
    #expect(try Stream.filter(["--key", "k", "--debounce", "5s", "-q", "true"], Self.three).status == 0)
  }

  @Test(arguments: [["--timeout", "300ms"], []])
  func limitsHeldLinesWhenTheRunIsTerminated(_ flags: [String]) throws {
    let tool = try Tool.start("wfilter", flags + ["--key", "k", "--debounce", "30s", "-m1", "true"])
    for line in Self.three { tool.write(line + "\n") }
    if flags.isEmpty {
      // A held line is not visible. So a line that is not held is sent after it, and its output shows that
      // both were read.
      tool.write(#"{"type":"STATUS","object":{}}"# + "\n")
      try tool.waitForLines(1)
      tool.send(SIGTERM)
    }
    let outcome = try tool.waitForEnd()
    #expect(outcome.status == (flags.isEmpty ? 143 : 124))
    #expect(outcome.lines.filter { $0.contains("\"k\"") }.count == 1, "\(outcome)")
  }

  @Test func printsNoBookmarkAfterLinesThatNeverCome() throws {
    let lines = [
      Stream.pod("ADDED", "a", "1"), Stream.pod("MODIFIED", "a", "2"),
      Stream.event("BOOKMARK", #"{"metadata":{"resourceVersion":"77"}}"#), Stream.pod("DELETED", "b", "1"),
    ]
    let outcome = try Stream.filter(["--throttle", "10s", "-m2", "true"], lines)
    #expect(outcome.lines == [lines[0], lines[3]])
  }

  @Test func countsEmittedValues() throws {
    let lines = [#"{"v":1}"#, #"{"b":1}"#]
    #expect(try Stream.filter(["-c", "--emit", "v", "true"], lines).output == "1\n")
    #expect(try Stream.filter(["-q", "--emit", "vv", "true"], lines).status == 1)
    #expect(try Stream.filter(["-m1", "--emit", "b", "true"], lines).output == "1\n")
    #expect(try Stream.filter(["--stats", "--emit", "v", "true"], lines).diagnostics.contains("matched 1,"))
  }

  @Test(arguments: [["--redact", "object.message"], ["--throttle", "10s", "--key", "self.type"], []])
  func emitsControlLinesThatMatch(_ flags: [String]) throws {
    let lines = [
      Stream.event("ADDED", #"{"a":1}"#), Stream.event("BOOKMARK", #"{"metadata":{"resourceVersion":"1"}}"#),
      Stream.event("ERROR", #"{"message":"m"}"#),
    ]
    let outcome = try Stream.filter(flags + ["--control", "match", "--emit", "type", "true"], lines)
    #expect(outcome.lines == [#""ADDED""#, #""BOOKMARK""#, #""ERROR""#])
  }

  @Test func logsNothingWithQuiet() throws {
    let outcome = try Stream.filter(["-q", "k == 9"], ["nonsense", Self.three[0], #"{"k":"#])
    #expect(outcome.status == 1)
    #expect(outcome.diagnostics.isEmpty && outcome.output.isEmpty)
  }

  @Test func restoresThePositionAfterTheLastLineRead() throws {
    let folder = try TemporaryDirectory()
    try folder.write((1...60_000).map { #"{"k":\#($0)}"# }.joined(separator: "\n") + "\n", to: "lines")
    for (flags, rest) in [
      ("-m1 true", 2), ("-j4 'k == 40000' -m1", 40_001), ("-q 'k == 7'", 8),
      ("--key k --dedupe k -m5 true", 6),
    ] {
      let shell = try Tool.shell("(wfilter \(flags) >/dev/null; head -1) <lines", in: folder.url)
      #expect(try shell.waitForEnd().output == #"{"k":\#(rest)}"# + "\n", "\(flags)")
    }
  }
}
