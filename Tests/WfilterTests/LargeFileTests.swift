// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

/// Large files are read in parts by several threads. The output must not show it.
@Suite(.timeLimit(.minutes(10))) struct LargeFileTests {
  private static let lines: [String] = (0..<30_000).map { number in
    switch number % 9_973 {
    case 7: #"{"n":\#(number),"#
    case 11: #"{"n":\#(number),"p":"\#(String(repeating: "p", count: 300_000))"}"#
    default: #"{"n":\#(number),"p":"\#(String(repeating: "p", count: number % 150))"}"#
    }
  }

  @Test(arguments: ["1", "2", "5"]) func arePrintedUnchanged(_ jobs: String) throws {
    let folder = try TemporaryDirectory()
    let text = "\u{FEFF}" + Self.lines.joined(separator: "\n")
    let files = try ["first", "second"].map { try folder.write(text, to: $0) }
    let outcome = try Tool.run("wfilter", ["-j", jobs, "n % 7 != 0 || true"] + files)
    let whole = Self.lines.filter { $0.hasSuffix("}") }
    #expect(outcome.lines == whole + whole)
    // Line numbers start at 1 in each file.
    let told = outcome.diagnostics.split(separator: "\n").map { $0.split(separator: ":")[3] }
    #expect(told == (0..<2).flatMap { _ in [" line 8", " line 9981", " line 19954", " line 29927"] })
  }

  @Test(arguments: ["1", "3"]) func endEarlyWhenEnoughHasMatched(_ jobs: String) throws {
    let folder = try TemporaryDirectory()
    let file = try folder.write(Self.lines.joined(separator: "\n") + "\n", to: "lines")
    let outcome = try Tool.run("wfilter", ["-j", jobs, "-m", "3", "n >= 20000", file])
    #expect(outcome.lines == Array(Self.lines[20_000..<20_003]))
    #expect(outcome.status == 0)
    let failed = try Tool.run("wfilter", ["-j", jobs, "--on-error", "fail", "n >= 19950", file])
    #expect(failed.status == 65)
    #expect(failed.diagnostics.contains("line 8:"))
  }

  /// Faults before and after a line of more than 64 MiB, which is dropped, keep their numbers.
  @Test(arguments: [["-j", "1"], ["-j", "2"], ["--dedupe", "n"]])
  func countALineThatIsTooLong(_ flags: [String]) throws {
    let folder = try TemporaryDirectory()
    let long = String(repeating: "p", count: 65 << 20)
    let few = Array(Self.lines[..<10])
    let file = try folder.write((few + [long] + few).joined(separator: "\n") + "\n", to: "lines")
    let outcome = try Tool.run("wfilter", flags + ["--stats", "true", file])
    let told = outcome.diagnostics.split(separator: "\n").dropLast().map { $0.split(separator: ":")[3] }
    #expect(Set(told) == [" line 8", " line 19", " 1 line longer than 64 MiB dropped, up to line 11"])
    #expect(outcome.lines.count == (flags.contains("-j") ? 18 : 9))
  }

  /// A line of more than 64 MiB is reported wherever it is, and ends a run with `--on-error fail`.
  @Test(arguments: ["1", "2"], [0, 1, 2]) func reportALineThatIsTooLong(_ jobs: String, _ place: Int) throws {
    let folder = try TemporaryDirectory()
    var lines = [#"{"n":1}"#, #"{"n":2}"#]
    lines.insert(String(repeating: "p", count: 65 << 20), at: place)
    let file = try folder.write(lines.joined(separator: "\n") + "\n", to: "lines")
    let dropped = try Tool.run("wfilter", ["-j", jobs, "true", file])
    #expect(dropped.status == 0 && dropped.lines.count == 2)
    #expect(dropped.diagnostics.contains("1 line longer than 64 MiB dropped, up to line \(place + 1)"))
    let failed = try Tool.run("wfilter", ["-j", jobs, "--on-error", "fail", "true", file])
    #expect(failed.status == 65 && failed.lines.count == place)
    #expect(failed.diagnostics.contains("1 line longer than 64 MiB dropped, up to line \(place + 1)"))
  }

  @Test func restOfStandardInputIsRead() throws {
    let folder = try TemporaryDirectory()
    try folder.write(Self.lines[20...].joined(separator: "\n") + "\n", to: "lines")
    let outcome = try Tool.shell("{ read -r first; wfilter -j 3 -c 'n >= 0'; cat; } <lines", in: folder.url)
      .waitForEnd()
    #expect(outcome.output == "\(Self.lines[21...].count { $0.hasSuffix("}") })\n")
  }
}
