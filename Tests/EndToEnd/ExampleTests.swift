// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport
import Testing

/// The scripts in examples/ with the built wfilter and a `kwatch` that is a shell script.
@Suite(.timeLimit(.minutes(2))) struct ExampleTests {
  private static let examples = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: "examples").path

  /// Ends when its reader ends, as the real kwatch does.
  private static let untilItsReaderLeaves = "\nwhile sleep 0.05; do echo 2>/dev/null || exit 141; done"

  private static func event(_ type: String, _ ready: String, phase: String = "Running") -> String {
    #"{"type":"\#(type)","object":{"kind":"Pod","metadata":{"name":"a","namespace":"d","uid":"u"},"spec":{"containers":[{"env":[{"name":"P","value":"s"}]}]},"status":{"phase":"\#(phase)","conditions":[{"type":"Ready","status":"\#(ready)"}]}}}"#
  }

  /// Runs a script with a `kwatch` that runs `commands`.
  private func run(_ script: String, kwatch commands: String) throws -> Tool.Outcome {
    let folder = try TemporaryDirectory()
    let kwatch = folder.url.appending(path: "kwatch")
    try Data("#!/bin/bash\n\(commands)\n".utf8).write(to: kwatch)
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: kwatch.path)
    let path = "\(folder.url.path):" + (Tool.baseEnvironment["PATH"] ?? "")
    return try Tool.shell("\(Self.examples)/\(script)", environment: ["PATH": path]).waitForEnd()
  }

  private func lines(_ lines: String...) -> String { lines.map { "echo '\($0)'" }.joined(separator: "\n") }

  @Test func waitsUntilAnObjectIsReady() throws {
    let outcome = try run(
      "wait-for-ready.sh pods/a",
      kwatch: lines(Self.event("ADDED", "False"), Self.event("MODIFIED", "True")) + Self.untilItsReaderLeaves)
    #expect(outcome.status == 0 && outcome.lines == [#""Pod/a is ready""#])
  }

  @Test func addsUpWhatTheWorkloadUses() throws {
    func usage(_ name: String, _ containers: (cpu: String, memory: String)...) -> String {
      let texts = containers.map { #"{"name":"c","usage":{"cpu":"\#($0.cpu)","memory":"\#($0.memory)"}}"# }
      return
        #"{"type":"METRICS","object":{"kind":"PodMetrics","metadata":{"name":"\#(name)"},"containers":[\#(texts.joined(separator: ","))]}}"#
    }
    let outcome = try run(
      "workload-usage.sh app=web -A",
      kwatch: #"[ "$*" = "pods.metrics.k8s.io -l app=web --until-now -A" ] || exit 64"# + "\n"
        + lines(usage("a", ("250m", "10Mi"), ("1500000n", "1Gi")), usage("b", ("1", "524288Ki"))))
    #expect(outcome.status == 0, "\(outcome.diagnostics)")
    #expect(outcome.lines == ["1.252 \(10 << 20 + 1 << 30 + 512 << 20) 2"])
    // Without pods the usage is zero.
    #expect(try run("workload-usage.sh app=web", kwatch: "").lines == ["0.000 0 0"])
    // If kwatch fails, no usage is printed.
    let failed = try run("workload-usage.sh app=web", kwatch: "exit 66")
    #expect(failed.status == 66 && failed.lines.isEmpty)
  }

  @Test(arguments: ["wait-for-ready.sh", "workload-usage.sh", "activities.sh 0"])
  func refusesMissingArguments(_ command: String) throws {
    let outcome = try run(command, kwatch: "")
    #expect(outcome.status == 64 && outcome.lines.isEmpty, "\(outcome)")
  }

  @Test func endsItsWaitWhenTheObjectIsDeleted() throws {
    let outcome = try run(
      "wait-for-ready.sh pods/a 60s",
      kwatch: lines(Self.event("ADDED", "False"), Self.event("DELETED", "True")) + Self.untilItsReaderLeaves)
    #expect(outcome.status == 1 && outcome.lines == [])
  }

  @Test func endsItsWaitWhenTheTimeIsOver() throws {
    let outcome = try run(
      "wait-for-ready.sh pods/a 200ms",
      kwatch: lines(Self.event("ADDED", "False")) + Self.untilItsReaderLeaves)
    #expect(outcome.status == 124)
  }

  @Test func endsItsWaitWithTheStatusOfKwatch() throws {
    #expect(try run("wait-for-ready.sh nosuch/a", kwatch: "exit 66").status == 66)
  }

  @Test func printsTransitions() throws {
    let outcome = try run(
      "transitions.sh pods status.phase -A",
      kwatch: lines(
        Self.event("ADDED", "False", phase: "Pending"), Self.event("MODIFIED", "False", phase: "Pending"),
        Self.event("MODIFIED", "True")))
    #expect(outcome.lines == [#"["d","a","Pending","Running"]"#])
  }

  @Test func reducesAndRedacts() throws {
    let events = lines(Self.event("ADDED", "False", phase: "Pending"), Self.event("MODIFIED", "True"))
    let outcome = try run("calm.sh < <(kwatch)", kwatch: events)
    #expect(
      outcome.lines == [
        Self.event("MODIFIED", "True").replacingOccurrences(of: #""value":"s""#, with: #""value":"***""#)
      ])
  }

  @Test func reportsAHeartbeatThatStops() throws {
    // The last beat comes when the silence has been reported.
    let beats = #"""
      for i in 1 2 3; do echo '{"id":"a"}'; sleep 0.05; done
      until grep -q unhealthy "${0%/*}/reports"; do sleep 0.05; done
      echo '{"id":"a"}'
      """#
    let outcome = try run(
      #"dead-man.sh id 500ms < <(kwatch) | tee "$(dirname "$(command -v kwatch)")/reports""#, kwatch: beats)
    #expect(outcome.lines.count == 2)
    #expect(outcome.lines.first?.contains(#""scope":{"key":"a"}"#) == true)
    #expect(outcome.lines.first?.contains(#""health":"unhealthy","reason":"awaiting""#) == true)
    #expect(outcome.lines.last?.contains(#""health":"healthy""#) == true)
  }
}
