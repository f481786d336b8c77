// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@Suite(.timeLimit(.minutes(10))) struct SelectionTests {
  static let lines = [
    Stream.pod("ADDED", "a", "Running"), Stream.pod("MODIFIED", "b", "Pending"),
    Stream.event("BOOKMARK", #"{"metadata":{"resourceVersion":"7"}}"#), Stream.pod("DELETED", "c", "Failed"),
  ]

  @Test func keepsBytesOrderAndControlLines() throws {
    let outcome = try Stream.filter([#"status.phase != "Running""#], Self.lines)
    #expect(outcome.status == 0)
    #expect(outcome.lines == Array(Self.lines[1...]))
    #expect(outcome.diagnostics.isEmpty)
  }

  @Test func treatsControlLinesAsConfigured() throws {
    #expect(try Stream.filter(["--control", "drop", "true"], Self.lines).lines.count == 3)
    #expect(try Stream.filter(["--control", "match", "has(status.phase)"], Self.lines).lines.count == 3)
    #expect(try Stream.filter(["--control", "match", "true"], Self.lines).lines.count == 4)
  }

  @Test func selectsByTypeAndSelectors() throws {
    let arguments = ["--control", "drop"]
    #expect(
      try Stream.filter(arguments + ["--type", "ADDED,DELETED"], Self.lines).lines == [
        Self.lines[0], Self.lines[3],
      ])
    #expect(
      try Stream.filter(
        arguments + ["--field-selector", "status.phase!=Running,metadata.namespace=d"], Self.lines
      )
      .lines == [Self.lines[1], Self.lines[3]])
    let labelled = Stream.event("ADDED", #"{"metadata":{"labels":{"app":"x"}}}"#)
    #expect(try Stream.filter(["-l", "app in (x,y),!z"], [labelled] + Self.lines).lines.first == labelled)
    #expect(try Stream.filter(arguments + ["-l", "app!=x"], [labelled] + Self.lines).lines.count == 3)
  }

  @Test func invertsCountsAndLimits() throws {
    let expression = #"status.phase == "Running""#
    #expect(
      try Stream.filter(["-v", "--control", "drop", expression], Self.lines).lines == [
        Self.lines[1], Self.lines[3],
      ])
    #expect(try Stream.filter(["-c", expression], Self.lines).output == "1\n")
    #expect(try Stream.filter(["-c", "-v", expression], Self.lines).output == "2\n")
    #expect(try Stream.filter(["-m1", "true"], Self.lines).lines == [Self.lines[0]])
    #expect(try Stream.filter(["-m", "2", "true"], Self.lines).lines == Array(Self.lines[..<2]))
    #expect(try Stream.filter(["-m", "0", "true"], Self.lines).output.isEmpty)
  }

  @Test func answersWithItsStatus() throws {
    #expect(try Stream.filter(["-e", "false"], Self.lines).status == 1)
    #expect(try Stream.filter(["-e", "true"], Self.lines).status == 0)
    #expect(try Stream.filter(["false"], Self.lines).status == 0)
    let quiet = try Stream.filter(["-q", "true"], Self.lines)
    #expect(quiet.status == 0 && quiet.output.isEmpty)
    #expect(try Stream.filter(["-q", "false"], Self.lines).status == 1)
    #expect(try Stream.filter(["--fail-if", #"type == "DELETED""#, "true"], Self.lines).status == 1)
    #expect(
      try Stream.filter(["--fail-if", #"type == "DELETED""#, "true"], Self.lines).lines
        == Array(Self.lines[..<3]))
    #expect(try Stream.filter(["--fail-if", #"type == "X""#, "true"], Self.lines).status == 0)
    #expect(try Tool.run("wfilter", ["true", "/nonexistent"]).status == 66)
  }

  @Test func refusesBadExpressions() throws {
    let syntax = try Stream.filter([#"status.phase === "x""#], Self.lines)
    #expect(syntax.status == 64 && syntax.output.isEmpty)
    #expect(syntax.diagnostics.contains("1:1"))
    #expect(syntax.diagnostics.contains("^"))
    let type = try Stream.filter(["1 + 1"], Self.lines)
    #expect(type.status == 64 && type.diagnostics.contains("int"))
    #expect(try Stream.filter(["--emit", "size(", "true"], Self.lines).status == 64)
    #expect(try Stream.filter(["--nothing"], []).status == 64)
    #expect(try Stream.filter(["-l", "a in", "true"], []).status == 64)
  }

  @Test func emitsValuesAsCompactJSON() throws {
    let line = Stream.event(
      "ADDED", #"{"n":12345678901234567890123,"s":"a\u00e9","m":{ "x" : [1, 2] },"d":1.50}"#)
    #expect(try Stream.filter(["--emit", "n", "true"], [line]).output == "12345678901234567890123\n")
    #expect(try Stream.filter(["--emit", "m", "true"], [line]).output == #"{"x":[1,2]}"# + "\n")
    #expect(
      try Stream.filter(["--emit", #"{"s": s, "t": type, "sum": m.x[0] + 1, "d": d}"#, "true"], [line]).output
        == #"{"s":"a\u00e9","t":"ADDED","sum":2,"d":1.50}"# + "\n")
    #expect(try Stream.filter(["--emit", "missing", "true"], [line]).output.isEmpty)
  }

  @Test func readsExpressionsAndLinesFromFiles() throws {
    let directory = try TemporaryDirectory()
    let expression = try directory.write("// what is wrong\nstatus.phase != 'Running'\n", to: "e.cel")
    let first = try directory.write("\u{FEFF}" + Self.lines[0] + "\n" + Self.lines[1], to: "1")
    let second = try directory.write("\u{FEFF}" + Self.lines[3] + "\r\n", to: "2")
    let outcome = try Tool.run("wfilter", ["-f", expression, first, second])
    #expect(outcome.status == 0)
    #expect(outcome.output == Self.lines[1] + "\n" + Self.lines[3] + "\r\n")
  }
}
