// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(10))) struct OracleTests {
  /// A bounded run of Fuzz/filter-oracle.py with fixed seeds: random and mutated lines, compared with
  /// Python's json and with jq.
  @Test func agreesWithPythonAndJQ() throws {
    let script = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appending(path: "Fuzz/filter-oracle.py").path
    let run = try Tool.shell(
      "command -v python3 >/dev/null || exit 99; python3 '\(script)' '\(Tool.path("wfilter"))' --lines 400 --rounds 2"
    )
    let outcome = try run.waitForEnd(.seconds(100))
    if outcome.status == 99 {
      notTested("wfilter against Python's json", because: "there is no python3")
      return
    }
    #expect(outcome.status == 0, "\(outcome)")
    #expect(outcome.output.contains("verdicts compared"))
  }
}
