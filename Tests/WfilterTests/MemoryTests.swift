// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

/// Memory of earlier lines, with the built binary.
@Suite(.timeLimit(.minutes(10))) struct MemoryTests {
  @Test func tracksObjectsInAndOut() throws {
    let lines = [
      Stream.pod("ADDED", "a", "Pending"), Stream.pod("MODIFIED", "a", "Running"),
      Stream.pod("MODIFIED", "a", "Failed"),
      Stream.pod("ADDED", "b", "Running"),
      Stream.event("DELETED", #"{"metadata":{"name":"b","namespace":"d","uid":"u-b"}}"#),
      Stream.pod("DELETED", "a", "Failed"),
    ]
    let outcome = try Stream.filter(["--track", #"status.phase == "Running""#], lines)
    #expect(
      outcome.lines == [
        Stream.pod("ADDED", "a", "Running"), Stream.pod("DELETED", "a", "Failed"),
        Stream.pod("ADDED", "b", "Running"),
        lines[4],
      ])
  }

  @Test func comparesWithThePreviousLineOfTheKey() throws {
    let lines = [
      Stream.pod("ADDED", "a", "Pending"), Stream.pod("ADDED", "b", "Running"),
      Stream.pod("MODIFIED", "a", "Pending"),
      Stream.pod("MODIFIED", "a", "Running"), Stream.pod("MODIFIED", "b", "Running"),
    ]
    #expect(try Stream.filter(["old.status.phase != object.status.phase"], lines).lines == [lines[3]])
    #expect(try Stream.filter(["old.object.status.phase != status.phase"], lines).lines == [lines[3]])
    #expect(try Stream.filter(["old == null"], lines).lines == Array(lines[..<2]))
    #expect(
      try Stream.filter(
        ["--key", "metadata.namespace", "old != null && old.metadata.name != metadata.name"], lines
      )
      .lines == [lines[1], lines[2], lines[4]])
  }

  @Test func dropsRepetitions() throws {
    let lines = (0..<6).map { Stream.event("ADDED", #"{"event_id":"\#($0 % 3)","n":\#($0)}"#) }
    #expect(
      try Stream.filter(["--dedupe", "event_id", "--window", "1m", "true"], lines).lines == Array(lines[..<3])
    )
    #expect(try Stream.filter(["--dedupe", "object.event_id", "true"], lines).lines.count == 3)
  }

  @Test func redactsEveryOccurrence() throws {
    let line = Stream.event(
      "ADDED", #"{"data":{"p":"x","q":{"r":1}},"d\u0061ta":{"p":"y"},"list":[{"k":1},{"k":2}],"n":1}"#)
    let outcome = try Stream.filter(
      ["--redact", "object.data.*", "--redact", "list.*.k", #"data.p == "x""#], [line])
    #expect(
      outcome.lines == [
        Stream.event(
          "ADDED",
          #"{"data":{"p":"***","q":"***"},"d\u0061ta":{"p":"***"},"list":[{"k":"***"},{"k":"***"}],"n":1}"#
        )
      ])
    #expect(
      try Stream.filter(["--redact", "data", "--emit", "data", "true"], [line]).output == "\"***\"\n")
  }

  @Test func throttlesAndKeepsTheLastState() throws {
    let tool = try Tool.start("wfilter", ["--throttle", "300ms", "true"])
    for phase in ["1", "2", "3"] { tool.write(Stream.pod("MODIFIED", "a", phase) + "\n") }
    #expect(try tool.waitForLines(2) == [Stream.pod("MODIFIED", "a", "1"), Stream.pod("MODIFIED", "a", "3")])
    tool.closeInput()
    #expect(try tool.waitForEnd().status == 0)
  }

  @Test func keepsABookmarkAfterTheLinesBeforeIt() throws {
    let bookmark = Stream.event("BOOKMARK", "{}")
    let status = Stream.event("STATUS", "{}")
    let outcome = try Stream.filter(
      ["--debounce", "1h", "--max-wait", "2h", "true"],
      [
        Stream.pod("ADDED", "a", "1"), Stream.pod("MODIFIED", "a", "2"), bookmark, status,
        Stream.pod("MODIFIED", "a", "3"),
      ])
    #expect(outcome.lines == [status, Stream.pod("MODIFIED", "a", "3"), bookmark])
  }

  @Test func reportsAKeyThatFallsSilent() throws {
    let tool = try Tool.start("wfilter", ["--absent", "200ms", "--key", "id", "true"])
    tool.write(#"{"id":"c1"}"# + "\n")
    let lines = try tool.waitForLines(2)
    #expect(lines[1].contains(#""type":"STATUS""#))
    #expect(lines[1].contains(#""scope":{"key":"c1"}"#))
    #expect(lines[1].contains(#""health":"unhealthy""#))
    tool.write(#"{"id":"c1"}"# + "\n")
    #expect(try tool.waitForLines(4)[2].contains(#""health":"healthy""#))
    tool.closeInput()
    #expect(try tool.waitForEnd().status == 0)
  }

  @Test func reportsMoreKeysThanItRemembers() throws {
    let lines = (0..<5).map { Stream.pod("ADDED", "p\($0)", "Running") }
    let outcome = try Stream.filter(["--track", "--keys-limit", "2", "true"], lines)
    #expect(outcome.lines == lines)
    #expect(outcome.diagnostics.contains("--keys-limit"))
  }

  @Test func throttlesOneTypeOnly() throws {
    let metrics = (1...3).map {
      Stream.event("METRICS", #"{"metadata":{"name":"a","namespace":"d"},"cpu":\#($0)}"#)
    }
    let other = Stream.pod("ADDED", "a", "Running")
    let tool = try Tool.start("wfilter", ["--type", "METRICS", "--throttle", "2s"])
    let started = ContinuousClock.now
    tool.write((metrics + [other]).map { $0 + "\n" }.joined())
    #expect(try tool.waitForLines(2) == [metrics[0], metrics[2]])
    #expect(ContinuousClock.now - started > .seconds(1), "the last one waits for the interval")
    tool.closeInput()
    #expect(try tool.waitForEnd().lines.count == 2)
  }

  /// A line of 10 bytes may emit megabytes: the output of a block is not collected in memory first.
  @Test(arguments: [["-j", "1"], ["-j", "2"], ["--key", "n", "--dedupe", "n"]])
  func writesMuchOutputBeforeTheEndOfABlock(_ flags: [String]) throws {
    let numbers = 0..<200
    let lines = numbers.map { #"{"n":\#($0)}"# } + ["broken"]
    let text = String(repeating: "a", count: 60_000)
    let emit = ["--arg", "text=\(text)", "--emit", "[n, arg.text]", "true"]
    let outcome = try Stream.filter(flags + emit, lines)
    #expect(outcome.lines.count == 200)
    #expect(zip(numbers, outcome.lines).allSatisfy { $1 == "[\($0),\"\(text)\"]" })
    #expect(outcome.diagnostics.contains("line 201"))
    #expect(try Stream.filter(flags + ["-m", "150"] + emit, lines).lines.count == 150)
    let counted = try Stream.filter(flags + ["--stats"] + emit, lines)
    #expect(counted.diagnostics.contains("matched 200,"), "\(counted.diagnostics.prefix(300))")
  }

  /// A string with escapes equals the same string without them.
  @Test(arguments: ["k", "[k]", #"{"a": k}"#]) func comparesStringsDecoded(_ expression: String) throws {
    let lines = [
      #"{"k":"\u0061/\n","n":1}"#, #"{"k":"a\/\u000A","n":2}"#, #"{"\u006b":"a/\n","n":3}"#,
      #"{"k":"b","n":4}"#,
    ]
    #expect(try Stream.filter(["--dedupe", expression, "true"], lines).lines == [lines[0], lines[3]])
    #expect(try Stream.filter(["--key", expression, "old != null"], lines).lines == Array(lines[1...2]))
  }
}
