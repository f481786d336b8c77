// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

/// The keyed flags together, with the built binary.
@Suite(.timeLimit(.minutes(10))) struct StatefulFlagsTests {
  private func pod(_ type: String, _ name: String, _ phase: String) -> String {
    Stream.pod(type, name, phase)
  }

  @Test func swallowsNoDeletionWhileItDebounces() throws {
    let lines = [
      pod("ADDED", "a", "1"), pod("DELETED", "a", "1"), pod("ADDED", "a", "2"), pod("MODIFIED", "a", "3"),
    ]
    #expect(try Stream.filter(["--debounce", "1h", "true"], lines).lines == [lines[1], lines[3]])
    #expect(try Stream.filter(["--throttle", "1h", "true"], lines).lines == lines)
  }

  @Test func tracksPrintedLinesWhileItDebounces() throws {
    let lines = [
      pod("ADDED", "a", "on"), pod("MODIFIED", "a", "on"), pod("ADDED", "b", "on"),
      pod("MODIFIED", "b", "off"),
    ]
    #expect(
      try Stream.filter(["--track", "--debounce", "1h", #"status.phase == "on""#], lines).lines
        == [pod("ADDED", "a", "on")])
  }

  @Test func comparesValuesOfOneKeyOnly() throws {
    let lines = [
      pod("ADDED", "a", "1"), pod("ADDED", "b", "1"), pod("MODIFIED", "a", "1"), pod("DELETED", "a", "1"),
      pod("ADDED", "a", "1"),
    ]
    #expect(
      try Stream.filter(["--dedupe", "status.phase", "true"], lines).lines
        == [lines[0], lines[1], lines[3], lines[4]])
  }

  @Test func dropsNoLeavingLineAsARepetition() throws {
    let lines = [
      pod("ADDED", "a", "on"), pod("MODIFIED", "a", "off"), pod("MODIFIED", "a", "on"),
      pod("MODIFIED", "a", "on"),
    ]
    #expect(
      try Stream.filter(["--track", "--dedupe", "metadata.name", #"status.phase == "on""#], lines).lines
        == [lines[0], pod("DELETED", "a", "off"), pod("ADDED", "a", "on")])
  }

  @Test func doesNotMatchADeletionWithoutABody() throws {
    let bare = Stream.event(
      "DELETED",
      #"{"kind":"Pod","apiVersion":"v1","metadata":{"name":"a","namespace":"d","uid":"u-a","resourceVersion":"7"}}"#
    )
    let lines = [pod("ADDED", "a", "off"), bare]
    #expect(
      try Stream.filter(["--track", #"!has(object.status) || status.phase == "on""#], lines).lines == [])
    #expect(
      try Stream.filter(["--track", "has(object.status)"], lines).lines == [lines[0], bare])
  }

  @Test func redactsAnAnnotation() throws {
    let line = Stream.event("ADDED", #"{"metadata":{"annotations":{"a.b/c":"x","d":"y"}},"list":[1,2]}"#)
    #expect(
      try Stream.filter(
        [
          "--redact", #"metadata.annotations["a.b/c"]"#, "--redact", "list[1]",
          #"metadata.annotations.d == "y""#,
        ],
        [line]
      ).lines == [
        Stream.event("ADDED", #"{"metadata":{"annotations":{"a.b/c":"***","d":"y"}},"list":[1,"***"]}"#)
      ])
  }

  @Test func withholdsALineThatItCannotRedact() throws {
    let outcome = try Stream.filter(
      ["--redact", "data.p", "--stats", "true"], [#"{"data":{"a" 1,"p":"secret"}}"#])
    #expect(outcome.lines == [])
    #expect(outcome.diagnostics.contains("withheld 1"))
    #expect(!outcome.diagnostics.contains("secret"))
  }

  @Test(arguments: [
    ["--redact", "a..b", "true"], ["--redact", "self", "true"],
    ["--throttle", "1s", "--debounce", "1s", "true"],
    ["--max-wait", "1s", "true"], ["--keys-limit", "0", "true"], ["--key", "1 +", "--track", "true"],
    ["--dedupe", "nosuch(", "true"],
  ])
  func refusesWhatCannotBeMeant(_ arguments: [String]) throws {
    let outcome = try Stream.filter(arguments, [])
    #expect(outcome.status == 64)
    #expect(!outcome.diagnostics.isEmpty)
  }

  @Test func countsHeldLines() throws {
    let lines = [pod("ADDED", "a", "1"), pod("MODIFIED", "a", "2"), pod("MODIFIED", "a", "3")]
    let outcome = try Stream.filter(["--debounce", "1h", "--stats", "true"], lines)
    #expect(outcome.lines == [lines[2]])
    #expect(outcome.diagnostics.contains("superseded 2"))
  }

  @Test func countsDeliveredLinesAsMatches() throws {
    let lines = [pod("ADDED", "a", "1"), pod("MODIFIED", "a", "2"), pod("ADDED", "b", "1")]
    #expect(try Stream.filter(["-c", "--debounce", "1h", "true"], lines).output == "2\n")
    #expect(try Stream.filter(["-m1", "--throttle", "1h", "true"], lines).lines == [lines[0]])
  }

  @Test func printsHeldLinesWhenItIsTerminated() throws {
    let tool = try Tool.start("wfilter", ["--debounce", "1h", "--max-wait", "1h", "true"])
    tool.write(
      Stream.event("STATUS", "{}") + "\n" + pod("ADDED", "a", "1") + "\n" + Stream.event("STATUS", "{}")
        + "\n")
    _ = try tool.waitForLines(2)
    tool.send(15)
    let outcome = try tool.waitForEnd()
    #expect(outcome.lines.last == pod("ADDED", "a", "1"))
  }

  @Test func debouncesAfterTheMaximumWaitWhileLinesArrive() throws {
    let tool = try Tool.start("wfilter", ["--debounce", "60s", "--max-wait", "100ms", "true"])
    tool.write(pod("ADDED", "a", "1") + "\n")
    #expect(try tool.waitForLines(1) == [pod("ADDED", "a", "1")])
    tool.closeInput()
    #expect(try tool.waitForEnd().status == 0)
  }

  @Test func missesNoDeletedKey() throws {
    let tool = try Tool.start("wfilter", ["--absent", "100ms", "true"])
    for line in [pod("ADDED", "a", "1"), pod("DELETED", "a", "1"), pod("ADDED", "b", "1")] {
      tool.write(line + "\n")
    }
    let lines = try tool.waitForLines(4)
    #expect(lines[3].contains(#""scope":{"key":"u-b"}"#) && lines[3].contains(#""reason":"awaiting""#))
    tool.closeInput()
    #expect(try tool.waitForEnd().lines.count == 4)
  }

  @Test func writesInTimeWhileItsInputNeverPauses() throws {
    let tool = try Tool.shell(
      #"yes '\#(pod("ADDED", "a", "1"))' | wfilter --debounce 60s --max-wait 100ms true | head -2"#)
    #expect(try tool.waitForEnd().lines == Array(repeating: pod("ADDED", "a", "1"), count: 2))
  }

  @Test(arguments: ["--track", "--debounce 1ms", "--absent 1h", "--redact a"])
  func endsWithItsReaderWhileNoLineArrives(_ flag: String) throws {
    let tool = try Tool.shell(
      #"{ echo '\#(pod("ADDED", "a", "1"))'; sleep 20; } | { wfilter \#(flag) true; echo "status $?" >&2; } | head -1"#
    )
    try tool.waitForDiagnostics("status 141")
    tool.send(15)
  }
}
