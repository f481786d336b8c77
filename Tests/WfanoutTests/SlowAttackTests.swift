// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport
import Testing

/// slowhttptest(1) against a running server. Clients that send or read as slowly as possible are
/// disconnected, and other clients are not affected.
@Suite(.timeLimit(.minutes(3))) struct SlowAttackTests {
  struct Attack: Sendable, CustomTestStringConvertible {
    var flag: String
    var testDescription: String
  }

  static let attacks = [
    Attack(flag: "-H", testDescription: "header fields that never end"),
    Attack(flag: "-B", testDescription: "a body that never ends"),
    Attack(flag: "-X", testDescription: "answers that are never read"),
  ]

  @Test(arguments: attacks) func isClosedWithoutDelayingOthers(attack: Attack) throws {
    let program = "/usr/bin/slowhttptest"
    guard FileManager.default.isExecutableFile(atPath: program) else {
      return notTested("\(attack)", because: "no slowhttptest here (Debian package slowhttptest)")
    }
    let fanout = try Fanout(["--stall", "1s"], configuration: "request-timeout: 1s")
    let healthy = try fanout.listening("/events", ["-H", "Accept: application/x-ndjson"])
    // A hundred connections send a few bytes a second each, for half a minute if the server allows it.
    let attacker = try Tool.shell(
      "exec \(program) \(attack.flag) -c 100 -r 100 -i 1 -l 30 -p 3 -w 512 -y 1024 -u \(fanout.url)/events")
    if attack.flag == "-X" {
      // Counts all that have connected. On a busy machine the first ones are disconnected before the last
      // ones arrive.
      try eventually("they have listened", within: .seconds(60)) {
        let metrics = try fanout.curl("/metrics").output
        return metrics.matches(of: /sse_connections_total (\d+)/).contains { Int($0.1) ?? 0 > 100 }
      }
    }
    let lines = (0..<400).map { #"{"n":\#($0),"pad":"\#(String(repeating: "x", count: 1000))"}"# }
    var next = 0
    while attacker.isRunning, next < 40 {
      let batch = lines.map { $0.replacingOccurrences(of: #""n":"#, with: #""n":\#(next)"#) }
      fanout.feed(batch)
      next += 1
      try healthy.wait(for: "batch \(next)", .seconds(20)) { $0.soFar.output.hasSuffix(batch[399] + "\n") }
    }
    if attack.flag == "-X" {
      try eventually("they are gone", within: .seconds(60)) {
        try fanout.curl("/metrics").output.contains("wfanout_clients 1\n")
      }
    }
    let outcome = try attacker.waitForEnd(.seconds(90))
    // A client that hardly reads does not notice that its connection is closed.
    #expect(
      attack.flag == "-X" || outcome.output.contains("No open connections left"),
      "\(outcome.output.suffix(2000))")
    #expect(healthy.lines.filter { !$0.isEmpty }.count == next * 400)
  }
}
