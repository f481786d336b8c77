// SPDX-License-Identifier: Apache-2.0
import Foundation
import Glibc
import Synchronization
import TestSupport
import Testing

/// `-o table` on a terminal: the built kwatch in a pseudo-terminal, against scripted answers.
@Suite(.timeLimit(.minutes(15))) struct LiveTableTests {
  private let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  private static let columns =
    #""columnDefinitions":[{"name":"Name","priority":0},{"name":"Status","priority":0},{"name":"Node","priority":1},{"name":"Age","priority":0}]"#

  private static func row(_ name: String, _ status: String, _ version: Int, namespace: String = "default")
    -> String
  {
    #"{"cells":["\#(name)","\#(status)","node-\#(name)","5m"],"object":{"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/v1","metadata":{"name":"\#(name)","namespace":"\#(namespace)","uid":"u-\#(name)","resourceVersion":"\#(version)"}}}"#
  }

  private static func table(_ rows: [String]) -> String {
    #"{"kind":"Table","apiVersion":"meta.k8s.io/v1","metadata":{"resourceVersion":"10"},\#(columns),"rows":[\#(rows.joined(separator: ","))]}"#
  }

  private static func event(_ type: String, _ row: String) -> String {
    #"{"type":"\#(type)","object":{"kind":"Table","apiVersion":"meta.k8s.io/v1","columnDefinitions":null,"rows":[\#(row)]}}"#
      + "\n"
  }

  /// A server with two pods. It sends each of `events` when the event's file exists.
  private func server(_ events: [String]) throws -> FakeAPIServer {
    let directory = directory
    let watches = Atomic<Int>(0)
    return try FakeAPIServer { request, reply in
      switch request.path {
      case "/api/v1": return reply.whole(FakeAPIServer.core)
      case let path where path.contains("/configmaps"):
        if path.contains("watch=true") {
          reply.head()
          return reply.hold()
        }
        return reply.whole(Self.table([Self.row("cm", "Kept", 3)]))
      case let path where path.contains("watch=true"): break
      default:
        return reply.whole(Self.table([Self.row("web", "Pending", 2), Self.row("db", "Running", 1)]))
      }
      reply.head()
      guard watches.add(1, ordering: .relaxed).newValue == 1 else { return reply.hold() }
      for (index, event) in events.enumerated() {
        while !FileManager.default.fileExists(atPath: directory.path("event-\(index)")) { usleep(10_000) }
        reply.send(event)
      }
      reply.hold()
    }
  }

  /// Starts kwatch in a pseudo-terminal of script(1).
  private func start(
    _ arguments: String, _ server: FakeAPIServer, before: String = "", rows: Int = 24, columns: Int = 80,
    environment: [String: String] = [:]
  ) throws -> RunningTool {
    let command = "stty rows \(rows) cols \(columns); \(before) exec kwatch \(arguments)"
    return try Tool.shell(
      "exec script -qfec \"$COMMAND\" /dev/null",
      environment: try server.kubeconfig(in: directory.url).merging(
        ["COMMAND": command, "TERM": "xterm"].merging(environment) { $1 }
      ) { $1 })
  }

  private func wait(
    _ what: String, _ tool: RunningTool, within deadline: Duration = .seconds(20), _ isTrue: (Screen) -> Bool
  ) throws -> Screen {
    var screen = Screen("")
    do {
      try eventually(what, within: deadline) {
        screen = Screen(tool.soFar.output)
        return isTrue(screen)
      }
    } catch { Issue.record("\(what): \(screen.text) \(tool.soFar.diagnostics)") }
    return screen
  }

  private func letGo(_ index: Int) throws { try directory.write("", to: "event-\(index)") }

  @Test func updatesRowsInPlace() throws {
    let server = try server([
      Self.event("MODIFIED", Self.row("web", "Running", 11)),
      Self.event("ADDED", Self.row("api", "Pending", 12)),
      Self.event("DELETED", Self.row("db", "Running", 13)),
    ])
    let tool = try start("pods -o table", server)
    var screen = try wait("the list", tool) { $0.text.count >= 3 }
    // Sorted by name, with the server's columns of priority 0.
    #expect(screen.text.prefix(3) == ["NAME   STATUS    AGE", "db     Running   5m", "web    Pending   5m"])
    #expect(screen.text(with: "9").isEmpty)

    try letGo(0)
    screen = try wait("the change", tool) { $0.text.contains("web    Running   5m") }
    #expect(screen.text.count { $0.hasPrefix("web") } == 1)
    #expect(screen.text(with: "33") == ["web    Running   5m"])
    try letGo(1)
    screen = try wait("the new row", tool) { $0.text.count { $0.hasPrefix("api") } == 1 }
    #expect(screen.text.filter { !$0.isEmpty }.map { String($0.prefix(3)) } == ["NAM", "api", "db ", "web"])
    try letGo(2)
    screen = try wait("the row struck out", tool) { $0.text(with: "9").count == 1 }
    #expect(screen.text(with: "9") == ["db     Running   5m"])
    screen = try wait("the row gone", tool) { !$0.text.contains { $0.hasPrefix("db") } }
    #expect(screen.unknown.isEmpty)

    // After Ctrl-C the last table stays on the screen.
    tool.write("\u{3}")
    let outcome = try tool.waitForEnd()
    #expect(outcome.status == 130)
    #expect(Screen(outcome.output).text.filter { !$0.isEmpty && !$0.contains("^C") }.count == 3)
  }

  @Test func fitsTheTerminalAndItsNewSize() throws {
    let server = try server([])
    let resize = directory.path("resize")
    let tool = try start(
      "pods -o wide", server,
      before: "(until [ -e '\(resize)' ]; do sleep 0.05; done; stty -F /dev/tty rows 24 cols 12) & ",
      columns: 80)
    var screen = try wait("the list", tool) { $0.text.contains { $0.hasPrefix("web") } }
    #expect(screen.text.contains { $0.hasPrefix("NAME   STATUS    NODE       AGE") })
    try directory.write("", to: "resize")
    screen = try wait("the narrow picture", tool) { $0.text.contains { $0.hasSuffix("…") } }
    #expect(screen.text.allSatisfy { $0.count <= 12 })
  }

  @Test func showsTheRowsThatFitAndSeveralTables() throws {
    let server = try server([])
    let low = try start("pods -o table", server, rows: 4)
    let screen = try wait("the list", low) { $0.text.contains { $0.contains("more") } || $0.text.count > 3 }
    #expect(screen.text.filter { !$0.isEmpty }.count <= 4)
    let both = try start("pods,configmaps -o table", server)
    let two = try wait("two tables", both) {
      $0.text.contains { $0.hasPrefix("cm") } && $0.text.contains { $0.hasPrefix("web") }
    }
    #expect(two.text.contains { $0.contains("pods") && $0.contains("fake") })
    #expect(two.text.contains { $0.contains("configmaps") })
  }

  /// A terminal of 20 x 5 has room for one table and a line with the number of the others.
  @Test func drawsNoMoreThanASmallTerminalHolds() throws {
    let server = try server([])
    let tool = try start("pods,configmaps -o table", server, rows: 5, columns: 20)
    let screen = try wait("one table", tool) { $0.text.contains { $0.hasPrefix("… and 1 more ta") } }
    #expect(screen.text.filter { !$0.isEmpty }.count <= 4)
    #expect(screen.text.allSatisfy { $0.count <= 20 })
  }

  /// After Ctrl-Z and fg, the shell has written below the table. The next table is drawn below that.
  @Test func drawsBelowTheOutputOfTheShell() throws {
    let server = try server([Self.event("ADDED", Self.row("api", "Pending", 12))])
    let tool = try start("pods -o table", server, before: "echo $$ >'\(directory.path("pid"))';")
    _ = try wait("the list", tool) { $0.text.contains { $0.hasPrefix("web") } }
    let text = try String(contentsOfFile: directory.path("pid"), encoding: .utf8)
    let pid = try #require(pid_t(text.trimmingCharacters(in: .whitespacesAndNewlines)))
    kill(pid, SIGSTOP)
    kill(pid, SIGCONT)
    // script(1) may have stopped with kwatch. It continues kwatch once more when it is continued itself.
    let screen = try wait("a second picture", tool) {
      tool.send(SIGCONT)
      return $0.text.count { $0.hasPrefix("NAME") } >= 2
    }
    #expect(screen.text.count { $0.hasPrefix("web") } == screen.text.count { $0.hasPrefix("NAME") })
    try letGo(0)
    // Changes are drawn in the last table.
    let last = try wait("the change", tool) { $0.text.contains { $0.hasPrefix("api") } }
    #expect(last.text.count { $0.hasPrefix("NAME") } >= 2)
    #expect(last.text.count { $0.hasPrefix("api") } == 1)
  }

  /// Names, labels and columns are untrusted: anyone who may create objects chooses them. They must not
  /// control the terminal.
  @Test func letsNoControlSequenceThrough() throws {
    let evil = #"a\u001b[2Jb\u009b31mc\u0007\b\u007f\u202ed\u2066e\u2028"#
    let columns = #"[{"name":"Na\u001b[31mme","priority":0},{"name":"X\u202eY","priority":0}]"#
    let row =
      #"{"cells":["\#(evil)","\#(evil)"],"object":{"metadata":{"name":"\#(evil)","namespace":"\#(evil)","uid":"u","resourceVersion":"1"}}}"#
    let server = try FakeAPIServer { request, reply in
      switch request.path {
      case "/api/v1": reply.whole(FakeAPIServer.core)
      case let path where path.contains("watch=true"):
        reply.head()
        reply.hold()
      default:
        reply.whole(
          #"{"kind":"Table","apiVersion":"meta.k8s.io/v1","metadata":{"resourceVersion":"1"},"columnDefinitions":\#(columns),"rows":[\#(row)]}"#
        )
      }
    }
    for arguments in ["pods -A -o table", "pods -A -o wide --list-only"] {
      let tool = try start(arguments, server)
      let screen = try wait("the row", tool) { $0.text.contains { $0.contains("a?[2Jb?31mc") } }
      #expect(screen.unknown.isEmpty)
      for scalar in "\u{7}\u{8}\u{7F}\u{9B}\u{202E}\u{2066}\u{2028}".unicodeScalars {
        #expect(!tool.soFar.output.unicodeScalars.contains(scalar))
      }
    }
  }

  @Test func printsLinesIfTheCursorCannotBeMoved() throws {
    let server = try server([])
    let tool = try start("pods -o table --list-only", server, environment: ["TERM": "dumb"])
    let outcome = try tool.waitForEnd()
    #expect(outcome.status == 0)
    #expect(outcome.output.contains("ADDED"))
    #expect(!outcome.output.contains("\u{1B}"))
    let live = try start("pods -o table --list-only", server, environment: ["NO_COLOR": "1"])
    let plain = try live.waitForEnd()
    #expect(plain.status == 0)
    #expect(Screen(plain.output).text.contains("db     Running   5m"))
  }
}
