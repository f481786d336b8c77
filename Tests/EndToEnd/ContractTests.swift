// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport
import Testing

/// The stream contract of watchutils(7), checked on the built binaries of all tools.
@Suite(.timeLimit(.minutes(2))) struct ContractTests {
  static let tools = ["kwatch", "natswatch", "wfilter", "wfanout"]

  @Test(arguments: tools) func printsItsVersion(_ tool: String) throws {
    let outcome = try Tool.run(tool, ["--version"])
    #expect(outcome.status == 0)
    let words = outcome.output.split(whereSeparator: \.isWhitespace)
    #expect(words.count == 2 && words.first == tool[...], "\(outcome)")
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    let changes = try String(contentsOf: root.appending(path: "CHANGELOG.md"), encoding: .utf8)
    #expect(changes.contains("\n## \(words.last ?? "") - "), "the CHANGELOG has no such version: \(outcome)")
  }

  @Test(arguments: tools) func printsHelpToStdout(_ tool: String) throws {
    let outcome = try Tool.run(tool, ["--help"])
    #expect(outcome.status == 0)
    #expect(outcome.output.contains("USAGE: \(tool)"))
    #expect(outcome.diagnostics.isEmpty)
  }

  @Test(arguments: tools) func refusesAnUnknownFlagInTwoLines(_ tool: String) throws {
    let operands = ["kwatch": ["pods"], "natswatch": ["orders.>"], "wfilter": ["true"]][tool] ?? []
    let outcome = try Tool.run(tool, operands + ["--no-such-flag"])
    #expect(outcome.status == 64, "\(outcome)")
    #expect(outcome.output.isEmpty)
    let lines = outcome.diagnostics.split(separator: "\n")
    #expect(lines.count == 2)
    #expect(lines.first?.hasPrefix("\(tool): error: ") == true)
    #expect(outcome.diagnostics.contains("--no-such-flag"))
  }

  @Test(arguments: tools) func reportsThatHelpCannotBeWritten(_ tool: String) throws {
    let outcome = try Tool.shell("\(tool) --help >/dev/full").waitForEnd()
    #expect(outcome.status == 74)
    #expect(outcome.diagnostics == "\(tool): error: write output: No space left on device\n")
  }
}

/// The stream contract for a tool that is running.
@Suite(.timeLimit(.minutes(2))) struct WorkingToolTests {
  static let line = #"{"type":"ADDED","object":{"metadata":{"name":"a"}}}"#

  @Test func writesALineWhileItsInputStaysIdle() throws {
    let tool = try Tool.start("wfilter", [#"type == "ADDED""#])
    tool.write(Self.line + "\n")
    #expect(try tool.waitForLines(1) == [Self.line])
    #expect(tool.isRunning)
    tool.closeInput()
    #expect(try tool.waitForEnd().status == 0)
  }

  @Test func writesAvailableLinesThenDiesOfSIGTERM() throws {
    let tool = try Tool.start("wfilter", ["true"])
    tool.write(Self.line + "\n")
    try tool.waitForLines(1)
    tool.send(SIGTERM)
    #expect(try tool.waitForEnd().status == 128 + SIGTERM)
  }

  @Test func diesOfSIGTERMWhileItsReaderDoesNotRead() throws {
    let tool = try Tool.shell(
      #"yes '\#(Self.line)' | { wfilter true; echo "status $?" >&2; } | { read -r _; sleep 60; }"#)
    try eventually("wfilter is stuck in a write") {
      let children = "$(pgrep -P \(tool.processIdentifier) | paste -sd,)"
      let pids = try Tool.shell("pgrep -P \(children) wfilter").waitForEnd()
      guard let pid = Int32(pids.lines.first ?? "") else { return false }
      let state = try Tool.shell("cat /proc/\(pid)/wchan").waitForEnd().output
      guard state.contains("pipe_w") else { return false }
      kill(pid, SIGTERM)
      return true
    }
    try tool.waitForDiagnostics("status \(128 + SIGTERM)")
    tool.send(SIGKILL)
  }

  @Test func endsWhenItsReaderLeavesWithoutNewEvents() throws {
    let tool = try Tool.shell(
      #"{ echo '\#(Self.line)'; sleep 60; } | { wfilter true; echo "status $?" >&2; } | head -1"#)
    try tool.waitForDiagnostics("status \(128 + SIGPIPE)", .seconds(5))
    tool.send(SIGKILL)
  }

  @Test(arguments: ["/dev/full", "&-"]) func reportsAnOutputThatCannotBeWritten(_ output: String) throws {
    let outcome = try Tool.shell("echo '\(Self.line)' | wfilter true >\(output)").waitForEnd()
    #expect(outcome.status == 74, "\(outcome)")
    #expect(outcome.diagnostics.hasPrefix("wfilter: error: write output: "))
    #expect(outcome.diagnostics.split(separator: "\n").count == 1)
  }

  /// A reader of STATUS lines that leaves is not the reader of the data: the status is 74, not that of SIGPIPE.
  @Test(arguments: [
    "kwatch pods --server http://127.0.0.1:1", "natswatch a.b --server nats://127.0.0.1:1",
    "wfanout --listen :0",
  ])
  func aStatusThatCannotBeWrittenEndsTheTool(_ command: String) throws {
    for place in ["/dev/full", "fd:7"] {
      let outcome = try Tool.shell(
        "exec /bin/bash -c 'exec 7> >(true); sleep 0.1; exec \(command) --status \(place) </dev/zero >/dev/null'"
      ).waitForEnd()
      #expect(outcome.status == 74 && outcome.diagnostics.contains("--status '\(place)'"), "\(outcome)")
    }
  }

  @Test func namesAMissingLibrary() throws {
    // The dynamic loader prints one line and exits with 127 before any input is read.
    let outcome = try Tool.shell(
      "cp \(Tool.path("wfilter")) \"$TMP/w\" && sed -i 's/libre2\\.so/libxx2.so/' \"$TMP/w\" && \"$TMP/w\" true </dev/null",
      environment: ["TMP": try Self.folder.url.path]
    ).waitForEnd()
    #expect(outcome.status == 127, "\(outcome)")
    #expect(outcome.diagnostics.contains("libxx2.so"))
  }

  private static var folder: TemporaryDirectory {
    get throws { try kept.get() }
  }
  private static let kept = Result { try TemporaryDirectory() }
}
