// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport
import Testing

@testable import WfanoutCore

@Suite(.timeLimit(.minutes(1))) struct CommandLineTests {
  @Test func endsAtItsTimeout() throws {
    let tool = try Tool.start("wfanout", ["--listen", ":0", "--timeout", "500ms"])
    #expect(try tool.waitForEnd(.seconds(20)).status == 124, "its input is still open")
    #expect(try Tool.run("wfanout", ["--timeout", "5"]).status == 64)
  }

  @Test func inputWithoutJSONIsReported() throws {
    let text = try Fanout()
    let listener = try text.listening("/events", ["-H", "Accept: application/x-ndjson"])
    text.feed(["hello", "", "{\"a\":"])
    try text.tool.waitForDiagnostics("the first line is not JSON")
    let outcome = try text.end()
    #expect(outcome.status == 65 && outcome.diagnostics.contains("none of 2 lines is JSON"), "\(outcome)")
    #expect(try listener.waitForEnd().lines.prefix(2) == ["hello", "{\"a\":"], "passed on all the same")
    let mixed = try Fanout()
    mixed.feed(["hello", "{}"])
    #expect(try mixed.end().status == 0)
    #expect(try Fanout().end().status == 0, "no input is no bad input")
  }

  @Test func healthIsReported() throws {
    let fanout = try Fanout(["--status", "inline"])
    #expect(try fanout.tool.waitForLines(1)[0].contains(#""health":"degraded","reason":"awaiting""#))
    fanout.feed(#"{"type":"ADDED","object":{}}"#)
    #expect(try fanout.tool.waitForLines(2)[1].contains(#""tool":"wfanout""#))
    #expect(fanout.tool.lines[1].contains(#""health":"healthy""#))
    #expect(try fanout.end().lines.last?.contains(#""health":"unhealthy""#) == true)
    #expect(try Tool.run("wfanout", ["--listen", ":0", "--status", "/nonexistent/x"]).status == 74)
  }

  @Test(arguments: [(["--port", "8080"], "--listen :8080"), (["pods.ndjson"], "wfanout < pods.ndjson")])
  func habitsOfOtherToolsGetAHint(arguments: [String], hint: String) throws {
    let outcome = try Tool.run("wfanout", arguments)
    #expect(outcome.status == 64 && outcome.diagnostics.contains(hint), "\(outcome)")
  }

  @Test func helpIsGroupedAndHasExamples() throws {
    let help = try Tool.run("wfanout", ["--help"]).output
    for text in ["EXAMPLES", "ADDRESSES", "SOURCE", "CLIENTS", "DELIVERY"] { #expect(help.contains(text)) }
    #expect(!help.contains("--port"))
  }
}
