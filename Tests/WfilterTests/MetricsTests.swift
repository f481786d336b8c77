// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@Suite(.timeLimit(.minutes(10))) struct MetricsTests {
  @Test(arguments: [["true"], ["--track", "true"]]) func servesItsCounts(_ arguments: [String]) throws {
    let directory = try TemporaryDirectory()
    let socket = directory.path("metrics")
    let tool = try Tool.start("wfilter", ["--metrics", "unix:\(socket)"] + arguments)
    tool.write(Stream.pod("ADDED", "a", "Running") + "\n" + "nonsense\n")
    try tool.waitForLines(1)
    try eventually("both lines are counted") {
      let scrape = try Tool.shell("curl -s --unix-socket '\(socket)' http://localhost/metrics").waitForEnd()
      return scrape.lines.contains("wfilter_lines_total 2")
        && scrape.lines.contains("wfilter_lines_written_total 1")
        && scrape.lines.contains("wfilter_lines_malformed_total 1")
    }
    tool.closeInput()
    #expect(try tool.waitForEnd().status == 0)
  }
}
