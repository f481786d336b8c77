// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// `--timeout` is checked against a clock, whatever the input does.
@Suite(.timeLimit(.minutes(10))) struct TimeoutTests {
  static let commands = [
    "yes '{\"a\":1}' | wfilter --timeout 200ms -j1 -c 'a == 2'",
    "yes '{\"a\":1}' | wfilter --timeout 200ms -j4 -c 'a == 2'",
    "yes '{\"a\":1}' | wfilter --timeout 200ms --dedupe a -c true",
    "yes '{\"a\":1}' | wfilter --timeout 200ms --explain 'a == 2' 2>/dev/null",
    "wfilter --timeout 200ms -j1 'a == 2' $(for i in $(seq 3000); do echo small; done)",
    "wfilter --timeout 200ms -j1 'a == 2' </dev/zero",
    "wfilter --timeout 200ms true < <(echo '{\"a\":1}'; for i in $(seq 100); do printf '{'; sleep .1; done)",
    // One of many lines takes long, so the run ends in the middle of the block.
    "yes '{\"a\":[1,2,3,4,5,6,7,8,9]}' | wfilter --timeout 200ms 'a.all(i, a.all(j, a.all(k, a.all(l, a.all(m, i+j+k+l+m > 0)))))' >/dev/null",
    // The reader does not read.
    "wfilter --timeout 200ms true < <(yes '{\"a\":1}') | sleep 5",
  ]

  @Test(arguments: commands) func endsInTime(_ command: String) throws {
    let folder = try TemporaryDirectory()
    try folder.write(String(repeating: #"{"a":1}"# + "\n", count: 10_000), to: "small")
    let start = ContinuousClock.now
    let outcome = try Tool.shell(command, in: folder.url).waitForEnd()
    #expect(outcome.status == 124, "\(outcome.status) \(outcome.diagnostics)")
    // Alone it takes less than a second, but other suites share the cores.
    #expect(ContinuousClock.now - start < .seconds(15))
  }

  @Test func printsHeldLinesInTimeWhileALineArrivesSlowly() throws {
    let tool = try Tool.start("wfilter", ["--key", "k", "--debounce", "100ms", "true"])
    tool.write(#"{"k":1}"# + "\n")
    let start = ContinuousClock.now
    while tool.lines.isEmpty, ContinuousClock.now - start < .seconds(20) {
      tool.write(" ")
      Thread.sleep(forTimeInterval: 0.02)
    }
    #expect(tool.lines == [#"{"k":1}"#])
    #expect(ContinuousClock.now - start < .seconds(10))
  }
}
