// SPDX-License-Identifier: Apache-2.0
import Foundation
import Glibc
import TestSupport
import Testing

/// SIGHUP asks for a new list, unless the terminal is gone.
@Suite(.timeLimit(.minutes(5))) struct HangupTests {
  @Test func endsWithItsTerminal() throws {
    let directory = try TemporaryDirectory()
    let server = try FakeAPIServer { request, reply in
      if request.path == "/api/v1" { return reply.whole(FakeAPIServer.core) }
      if request.path.contains("sendInitialEvents") { return reply.whole("{}", status: 422) }
      guard request.path.contains("watch=true") else { return reply.whole(FakeServerTests.empty) }
      reply.head()
      reply.hold()
    }
    defer { server.close() }
    func lists() -> Int { server.paths.filter { $0.contains("configmaps?limit") }.count }
    let pidFile = directory.path("pid")
    var environment = try server.kubeconfig(in: directory.url)
    environment["COMMAND"] = "echo $$ >'\(pidFile)'; exec kwatch configmaps >'\(directory.path("out"))'"
    let terminal = try Tool.shell("exec script -qfec \"$COMMAND\" /dev/null", environment: environment)
    try eventually("a watch") { server.paths.contains { $0.contains("resourceVersion=5") } }
    let text = try directory.read("pid").trimmingCharacters(in: .whitespacesAndNewlines)
    let pid = try #require(pid_t(text))
    let before = lists()
    kill(pid, SIGHUP)
    try eventually("another list") { lists() > before }
    #expect(isRunning(pid))
    terminal.send(SIGKILL)
    try eventually("the end") { !isRunning(pid) }
  }

  /// A zombie has no command line.
  private func isRunning(_ pid: pid_t) -> Bool {
    let text = try? String(contentsOf: URL(filePath: "/proc/\(pid)/cmdline"), encoding: .utf8)
    return text?.isEmpty == false
  }
}
