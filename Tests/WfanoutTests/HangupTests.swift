// SPDX-License-Identifier: Apache-2.0
import Foundation
import Glibc
import TestSupport
import Testing

/// SIGHUP has tokens and certificates read again, unless the terminal is gone.
@Suite(.timeLimit(.minutes(1))) struct HangupTests {
  let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  func status(_ fanout: Fanout, _ token: String) throws -> String {
    try fanout.curl(
      "/snapshot", ["-o", "/dev/null", "-w", "%{http_code}", "-H", "Authorization: Bearer \(token)"]
    ).output
  }

  /// Two versions of a file may have the same size and time.
  @Test func readsAFileThatLooksUnchanged() throws {
    let tokens = try directory.write("old ann\n", to: "tokens")
    let fanout = try Fanout(["--auth-tokens", tokens, "--snapshot"])
    let written = try Tool.shell(
      "cd '\(directory.path(""))' && cp -p tokens before && echo 'new ann' >tokens && touch -r before tokens"
    ).waitForEnd()
    #expect(written.status == 0)
    fanout.tool.send(SIGHUP)
    try eventually("the new token") { try status(fanout, "new") == "200" }
    #expect(try status(fanout, "old") != "200")
    #expect(fanout.tool.soFar.diagnostics.contains("SIGHUP: reloading tokens and certificates"))
  }

  @Test func keepsTheTokensThatItHasIfTheFileIsBad() throws {
    let tokens = try directory.write("old ann\n", to: "tokens")
    let fanout = try Fanout(["--auth-tokens", tokens, "--snapshot"])
    try directory.write("new\n", to: "tokens")
    fanout.tool.send(SIGHUP)
    try fanout.tool.waitForDiagnostics("the previous content stays in use")
    #expect(try status(fanout, "old") == "200")
  }

  @Test func saysThatThereIsNothingToRead() throws {
    let fanout = try Fanout()
    fanout.tool.send(SIGHUP)
    try fanout.tool.waitForDiagnostics("need a restart")
    #expect(try fanout.curl("/healthz").output.hasPrefix("ok"))
  }

  /// nohup(1) ignores it.
  @Test func anIgnoredHangupStaysIgnored() throws {
    let tool = try Tool.shell("trap '' HUP; exec wfanout --listen :0")
    try tool.waitForDiagnostics("listening on ")
    tool.send(SIGHUP)
    tool.send(SIGTERM)
    let outcome = try tool.waitForEnd()
    #expect(outcome.status == 128 + SIGTERM)
    #expect(!outcome.diagnostics.contains("SIGHUP"))
  }

  @Test func endsWithItsTerminal() throws {
    // The input does not end with the terminal.
    let command = "mkfifo pipe; echo $$ >pid; exec wfanout --listen :0 <>pipe 2>log"
    let terminal = try Tool.shell("exec script -qfec '\(command)' /dev/null", in: directory.url)
    try eventually("a server") { (try? directory.read("log"))?.contains("listening") == true }
    let text = try directory.read("pid").trimmingCharacters(in: .whitespacesAndNewlines)
    let pid = try #require(pid_t(text))
    kill(pid, SIGHUP)
    try eventually("a message") { try directory.read("log").contains("need a restart") }
    terminal.send(SIGKILL)
    try eventually("the end") { !isRunning(pid) }
  }

  /// A zombie has no command line.
  private func isRunning(_ pid: pid_t) -> Bool {
    let text = try? String(contentsOf: URL(filePath: "/proc/\(pid)/cmdline"), encoding: .utf8)
    return text?.isEmpty == false
  }
}
