// SPDX-License-Identifier: Apache-2.0
import Glibc
import Testing

@testable import Process

/// The progress line, on a pseudo-terminal.
@Suite(.timeLimit(.minutes(5))) struct ProgressTests {
  /// Both ends of a pseudo-terminal.
  private final class Terminal {
    let ours: Int32
    let theirs: Int32

    init() throws {
      ours = unsafe open("/dev/ptmx", O_RDWR | O_NOCTTY | O_NONBLOCK)
      // TIOCSPTLCK and TIOCGPTN of <asm/ioctls.h> unlock the other end and return its number.
      var lock: Int32 = 0
      var number: Int32 = 0
      try #require(
        unsafe ours >= 0 && ioctl(ours, 0x4004_5431, &lock) == 0 && ioctl(ours, 0x8004_5430, &number) == 0)
      theirs = unsafe open("/dev/pts/\(number)", O_RDWR | O_NOCTTY)
      try #require(theirs >= 0)
    }

    deinit {
      close(ours)
      close(theirs)
    }

    /// What has been written so far.
    func text() -> String {
      var bytes = [UInt8](repeating: 0, count: 4096)
      let count = unsafe read(ours, &bytes, bytes.count)
      return String(decoding: bytes[..<max(count, 0)], as: UTF8.self)
    }
  }

  /// Neither end of a pipe is a terminal.
  private func pipe() -> [Int32] {
    var ends: [Int32] = [0, 0]
    _ = unsafe Glibc.pipe(&ends)
    return ends
  }

  @Test func isOneLineThatDisappearsAtTheEnd() async throws {
    let terminal = try Terminal()
    let ends = pipe()
    defer { ends.forEach { close($0) } }
    let progress = try #require(Progress(tool: "t", total: 100, output: ends[1], errors: terminal.theirs))
    var text = ""
    var lines: Int64 = 0
    while text.isEmpty {
      lines += 1
      progress.update(lines: lines, done: 50)
      text = terminal.text()
      await Task.yield()
    }
    #expect(text.hasPrefix("\rt: ") && text.hasSuffix("\u{1B}[K"))
    #expect(text.contains("lines") && text.contains("50 %") && text.contains("left"))
    progress.finish()
    #expect(terminal.text() == "\r\u{1B}[K")
  }

  @Test func isNotShownInPipesAndLogs() throws {
    let terminal = try Terminal()
    let ends = pipe()
    defer { ends.forEach { close($0) } }
    #expect(Progress(tool: "t", isQuiet: true, output: ends[1], errors: terminal.theirs) == nil)
    #expect(Progress(tool: "t", output: terminal.theirs, errors: terminal.theirs) == nil)
    #expect(Progress(tool: "t", output: ends[1], errors: ends[1]) == nil)
  }

  @Test(arguments: [
    (0.0, "0"), (950, "950"), (1_234, "1.2 k"), (37_000, "37 k"), (4_000_000, "4.0 M"), (2.5e9, "2.5 G"),
  ]) func writesAmounts(_ value: Double, _ text: String) {
    #expect(ProgressText.amount(value) == text)
  }

  @Test(arguments: [(12.0, "12 s"), (200, "3 min 20 s"), (7_500, "2 h 5 min")])
  func writesTimes(_ seconds: Double, _ text: String) {
    #expect(ProgressText.time(seconds) == text)
  }

  @Test func estimatesTheRemainingTime() {
    let line = ProgressText.line(
      tool: "wfilter", elapsed: .seconds(10), lines: 1_000_000, done: 25, total: 100, columns: 80)
    #expect(line == "wfilter: 1.0 M lines, 100 k/s, 25 %, 30 s left")
  }

  @Test func fitsTheTerminal() {
    let line = ProgressText.line(
      tool: "wfilter", elapsed: .seconds(10), lines: 1_000_000, done: 0, total: nil, columns: 24)
    #expect(line == "wfilter: 1.0 M lines, 1")
  }
}
