// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@Suite(.timeLimit(.minutes(10))) struct PromptnessTests {
  static let line = Stream.pod("ADDED", "a", "Running")

  @Test(arguments: ["1", "2", "8"]) func writesALineWhileItsInputStaysOpenAndIdle(_ jobs: String) throws {
    let tool = try Tool.start("wfilter", ["-j", jobs, "true"])
    for count in 1...3 {
      tool.write(Self.line + "\n")
      #expect(try tool.waitForLines(count).count == count)
    }
    tool.closeInput()
    #expect(try tool.waitForEnd().status == 0)
  }

  /// Available lines are printed before wfilter waits for the next file.
  @Test(arguments: [["-j", "1"], ["-j", "2"], ["--dedupe", "metadata.name"]])
  func writesAFilesLinesBeforeItWaitsForTheNext(_ flags: [String]) throws {
    let folder = try TemporaryDirectory()
    let file = try folder.write(Self.line + "\n", to: "lines")
    let tool = try Tool.start("wfilter", flags + ["true", file, "-"])
    #expect(try tool.waitForLines(1) == [Self.line])
    tool.closeInput()
    #expect(try tool.waitForEnd().status == 0)
  }

  @Test(arguments: [["-j", "2"], ["--dedupe", "metadata.name"], ["--debounce", "60s"]])
  func writesLinesBeforeAMissingFile(_ flags: [String]) throws {
    let folder = try TemporaryDirectory()
    let file = try folder.write(Self.line + "\n", to: "lines")
    let outcome = try Tool.run("wfilter", flags + ["true", file, file + ".missing"])
    #expect(outcome.lines == [Self.line])
    #expect(outcome.status == 66)
  }

  @Test func endsAfterTheTimeLimit() throws {
    let tool = try Tool.start("wfilter", ["-e", "-m1", "--timeout", "200ms", "false"])
    tool.write(Self.line + "\n")
    #expect(try tool.waitForEnd().status == 124)
  }

  @Test(arguments: ["1", "2"]) func endsWithTheFirstMatchWhileItsInputStaysOpen(_ jobs: String) throws {
    let tool = try Tool.start("wfilter", ["-j", jobs, "-e", "-m1", "--timeout", "60s", "true"])
    tool.write(Self.line + "\n")
    let outcome = try tool.waitForEnd()
    #expect(outcome.status == 0 && outcome.lines == [Self.line])
  }

  /// When a block is full, the run continues with several threads. All lines must be printed in order and
  /// promptly.
  @Test(arguments: ["1", "2", "3", "8"]) func keepsTheOrderOnAllCores(_ jobs: String) throws {
    let tool = try Tool.start("wfilter", ["-j", jobs, "n % 3 == 0"])
    let padding = String(repeating: "p", count: 100)
    let lines = (0..<40_000).map { #"{"n":\#($0),"p":"\#(padding)"}"# }
    tool.write(lines.map { $0 + "\n" }.joined())
    let expected = lines.enumerated().filter { $0.offset % 3 == 0 }.map(\.element)
    #expect(try tool.waitForLines(expected.count) == expected)
    tool.write(lines[3] + "\n")
    #expect(try tool.waitForLines(expected.count + 1).last == lines[3])
    tool.closeInput()
    #expect(try tool.waitForEnd().status == 0)
  }

  @Test func endsEarlyAmongManyLines() throws {
    let lines = (0..<100_000).map { #"{"n":\#($0)}"# }
    let outcome = try Stream.filter(["-m", "5", "n >= 70000"], lines)
    #expect(outcome.lines == Array(lines[70_000..<70_005]))
    let failed = try Stream.filter(["--fail-if", "n == 90000", "n >= 89990"], lines)
    #expect(failed.status == 1)
    #expect(failed.lines == Array(lines[89_990..<90_000]))
  }
}
