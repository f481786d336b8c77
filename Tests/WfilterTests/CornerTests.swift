// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// Faulty lines. They do not affect the lines around them.
@Suite(.timeLimit(.minutes(10))) struct CornerTests {
  static let good = #"{"a":1}"#

  @Test(arguments: ["1", "4"]) func reportsMalformedLinesOnceAndContinues(_ jobs: String) throws {
    let lines = [
      Self.good, "nonsense", Self.good, #"{"a":1"#, #"{"a":1}}"#, #"{"a":1}{"a":1}"#, #"{"a":[1}"#, Self.good,
    ]
    let outcome = try Stream.filter(["-j", jobs, "--stats", "a == 1 || true"], lines)
    #expect(outcome.status == 0)
    #expect(outcome.lines == [Self.good, Self.good, Self.good])
    for number in [2, 4, 5, 6, 7] {
      #expect(outcome.diagnostics.split(separator: "\n").count { $0.contains("line \(number):") } == 1)
    }
    #expect(outcome.diagnostics.contains("malformed 5"))
  }

  @Test func failsAtBadInputIfConfigured() throws {
    for bad in ["nonsense", #"{"a":2"#, #"{"b":tru}"#, #"{"a":2} x"#, "{\"a\":2,\"b\":\"\u{1}\""] {
      let outcome = try Stream.filter(
        ["--on-error", "fail", "--strict", "has(self.a) && a == 1"], [Self.good, bad, Self.good])
      #expect(outcome.status == 65, "\(bad): \(outcome)")
      #expect(outcome.lines == [Self.good])
      #expect(outcome.diagnostics.contains("line 2:"))
    }
    let missing = try Stream.filter(["--on-error", "fail", "a == 1"], [Self.good, #"{"b":1}"#, Self.good])
    #expect(missing.status == 65)
  }

  @Test func treatsErrorsAsConfigured() throws {
    let lines = [Self.good, #"{"b":1}"#, #"{"a":2}"#]
    let dropped = try Stream.filter(["--stats", "a == 1"], lines)
    #expect(dropped.lines == [Self.good])
    #expect(dropped.diagnostics.contains("errors 1"))
    #expect(try Stream.filter(["--on-error", "keep", "a == 1"], lines).lines == Array(lines[..<2]))
    #expect(try Stream.filter(["-v", "a == 1"], lines).lines == Array(lines[1...]))
  }

  @Test func warnsIfNoLineHasAValue() throws {
    let lines = [Self.good, #"{"a":2}"#]
    let misspelt = try Stream.filter(["b == 1"], lines)
    #expect(misspelt.status == 0 && misspelt.output.isEmpty)
    #expect(misspelt.diagnostics.split(separator: "\n").count == 1)
    #expect(misspelt.diagnostics.contains("the expression had no value"))
    #expect(misspelt.diagnostics.hasSuffix("no such key: b\n"))
    let reasons = [
      ["a"]: "its value is int, not bool", ["--track", "a"]: "its value is int, not bool",
      [#"self["x"] == 1"#]: #"no such key: self["x"]"#,
      ["--emit", "{b: a}", "true"]: #"no such key: b (write a string in quotes: "b")"#,
    ]
    for (arguments, reason) in reasons {
      #expect(try Stream.filter(arguments, lines).diagnostics.contains(": \(reason)\n"), "\(arguments)")
    }
    for arguments in [["-q", "b == 1"], ["a == 3"], ["--on-error", "keep", "b == 1"]] {
      #expect(try Stream.filter(arguments, lines).diagnostics.isEmpty)
    }
    #expect(try Stream.filter(["b == 1"], lines + [#"{"b":2}"#]).diagnostics.isEmpty)
    #expect(try Stream.filter(["b == 1"], []).diagnostics.isEmpty)
  }

  @Test func warnsIfTheExpressionIsAFileName() throws {
    let folder = try TemporaryDirectory()
    try folder.write(Self.good + "\n", to: "lines.ndjson")
    let mistaken = try Tool.run("wfilter", ["lines.ndjson"], in: folder.url)
    #expect(mistaken.output.isEmpty)
    #expect(mistaken.diagnostics.contains("wfilter true lines.ndjson"))
    let meant = try Tool.run("wfilter", ["true", "lines.ndjson"], in: folder.url)
    #expect(meant.lines == [Self.good])
    #expect(meant.diagnostics.isEmpty)
  }

  @Test func keepsBytesOfUnusualLines() throws {
    let output = try Tool.run(
      "wfilter", ["a == 1"],
      stdin:
        "\u{FEFF}{\"a\":1}\r\n\n  \n {\"\\u0061\": 1 }\t\n{\"a\":1,\"a\":2}\n{\"a\":2,\"a\":1}\n{\"a\":1.0}")
    #expect(output.output == "{\"a\":1}\r\n {\"\\u0061\": 1 }\t\n{\"a\":1,\"a\":2}\n{\"a\":1.0}\n")
    #expect(output.diagnostics.isEmpty)
  }

  @Test func readsHugeAndDeepLines() throws {
    let huge = #"{"x":""# + String(repeating: "y", count: 3_000_000) + #"","a":1}"#
    let deep =
      #"{"x":"# + String(repeating: "[", count: 50_000) + String(repeating: "]", count: 50_000) + #","a":1}"#
    let outcome = try Stream.filter(["a == 1"], [Self.good, huge, deep, Self.good])
    #expect(outcome.lines == [Self.good, huge, deep, Self.good])
    let walked = try Stream.filter(
      ["--cost-limit", "20000", "x.exists(y, y == 1) || a == 1"], [Self.good, deep])
    #expect(walked.status == 0)
    #expect(walked.lines.count == 2)
  }

  @Test func boundsTheCostOfALine() throws {
    let many = #"{"x":["# + (0..<2000).map(String.init).joined(separator: ",") + "]}"
    let expression = "x.all(i, x.all(j, x.all(k, i + j + k >= 0)))"
    let outcome = try Stream.filter(["--cost-limit", "100000", "--stats", expression], [many])
    #expect(outcome.output.isEmpty)
    #expect(outcome.diagnostics.contains("errors 1"))
  }

  @Test func checksScalarsOnlyWhenStrict() throws {
    let lines = [#"{"a":1,"b":tru}"#, #"{"a":1,"b":01}"#, #"{"a":1,}"#, Self.good]
    #expect(try Stream.filter(["a == 1"], lines).lines == lines)
    #expect(try Stream.filter(["--strict", "a == 1"], lines).lines == [Self.good])
  }

  @Test func namesTheFileOfALineThatIsNotJSON() throws {
    let folder = try TemporaryDirectory()
    try folder.write(Self.good + "\n", to: "good")
    try Data([0x1F, 0x8B, 0x08, 0x0A]).write(to: folder.url.appending(path: "lines.gz"))
    try Data([0xFF, 0xFE, 0x7B, 0x00, 0x0A]).write(to: folder.url.appending(path: "utf16"))
    for flags in [["-j", "1"], ["--dedupe", "a"]] {
      let outcome = try Tool.run("wfilter", flags + ["true", "good", "lines.gz", "utf16"], in: folder.url)
      #expect(outcome.lines == [Self.good])
      let messages = outcome.diagnostics.split(separator: "\n")
      #expect(messages.count == 3, "\(messages)")
      #expect(messages[0].contains("lines.gz: line 1:") && messages[0].contains("zcat"))
      #expect(messages[1].contains("utf16: line 1:") && messages[1].contains("iconv -f UTF-16"))
    }
  }

  /// The line would pass only because its object has matched before.
  @Test func namesALineThatCannotLeaveTheFilter() throws {
    let entered = Stream.pod("ADDED", "a", "Running")
    let outcome = try Stream.filter(
      ["--track", #"status.phase == "Running""#], [entered, Stream.pod("MODIFIED", "a", "Pending") + "}"])
    #expect(outcome.lines == [entered])
    #expect(outcome.diagnostics == "wfilter: error: line 2: not passed on: something comes after the value\n")
  }

  @Test func refusesATypeThatNoEventHas() throws {
    let misspelt = try Stream.filter(["--type", "added,DELETED"], [Stream.pod("ADDED", "a", "x")])
    #expect(misspelt.status == 64)
    #expect(misspelt.diagnostics.contains("--type added") && misspelt.diagnostics.contains("write ADDED"))
    #expect(try Stream.filter(["--type", "Warning"], []).diagnostics.contains("MODIFIED"))
    let lines = [Stream.pod("ADDED", "a", "x"), Stream.pod("DELETED", "a", "x")]
    #expect(try Stream.filter(["--type", "ADDED, DELETED"], lines).lines == lines)
  }

  @Test func showsTheFormOfADuration() throws {
    let outcome = try Stream.filter(["--timeout", "5", "true"], [])
    #expect(outcome.status == 64)
    #expect(outcome.diagnostics.contains("'--timeout <duration>': write a number with its unit, as 200ms"))
  }

  @Test func explainsWhatDroppedALine() throws {
    let outcome = try Stream.filter(
      ["--explain", #"type == "ADDED" && status.phase == "Running""#],
      [
        Stream.pod("ADDED", "a", "Pending"), Stream.pod("DELETED", "a", "Running"),
        Stream.event("ADDED", "{}"),
      ])
    let said = outcome.diagnostics.split(separator: "\n")
    #expect(said.count == 3)
    #expect(said[0].hasSuffix(#"line 1: false: status.phase == "Running""#))
    #expect(said[1].hasSuffix(#"line 2: false: type == "ADDED""#))
    #expect(said[2].hasSuffix(#"line 3: error: status.phase == "Running": no such key: status.phase"#))
  }
}
