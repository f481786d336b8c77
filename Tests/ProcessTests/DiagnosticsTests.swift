// SPDX-License-Identifier: Apache-2.0
import Glibc
import Synchronization
import Testing

@testable import Process

@Suite struct DiagnosticsTests {
  /// A class, because an escaping closure cannot capture a Mutex.
  private final class Lines: Sendable { let text = Mutex<[String]>([]) }

  private func logged(at level: Diagnostics.Level) -> [String] {
    let lines = Lines()
    let diagnostics = Diagnostics(tool: "kwatch", level: level).diverted { line in
      lines.text.withLock { $0.append(line) }
    }
    diagnostics.error("e")
    diagnostics.warning("w")
    diagnostics.info("i")
    diagnostics.debug("d")
    return lines.text.withLock { $0 }
  }

  @Test func eachLevelPrintsItsMessages() {
    let all = ["kwatch: error: e", "kwatch: warning: w", "kwatch: i", "kwatch: debug: d"]
    #expect(logged(at: .silent) == [])
    #expect(logged(at: .quiet) == Array(all[..<1]))
    #expect(logged(at: .normal) == Array(all[..<3]))
    #expect(logged(at: .verbose) == all)
  }

  @Test func aMessageThatIsNotLoggedIsNotComposed() {
    Diagnostics(tool: "kwatch").debug(
      { () -> String in
        Issue.record("composed")
        return ""
      }())
  }

  @Test func hostileTextStaysInsideItsMessage() async throws {
    let result = await #expect(processExitsWith: .success, observing: [\.standardErrorContent]) {
      Diagnostics(tool: "wfilter").error("line 1: \u{1B}[2J\nwfilter: error: forged")
    }
    let text = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
    // The second line is indented, so that it cannot be taken for a message of its own.
    #expect(text.contains("\n  wfilter: error: forged\n"), "\(text.debugDescription)")
    #expect(text.contains("wfilter: error: line 1: "))
    #expect(!text.contains("\u{1B}"))
  }

  @Test func aClosedStderrDoesNotStopTheTool() async {
    await #expect(processExitsWith: .success) {
      signal(SIGPIPE, SIG_IGN)
      guard let pipe = PipeEnds() else { exit(1) }
      close(pipe.reader)
      dup2(pipe.writer, STDERR_FILENO)
      Diagnostics(tool: "wfilter").error("nobody reads this")
      exit(0)
    }
  }
}
