// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport
import Testing

/// Three replicas of `natswatch | wfanout` behind a load balancer, on a JetStream cluster of three nodes.
/// Replicas and nodes are killed at random. Every client resumes at another replica, and no event is lost or
/// repeated.
///
/// It runs for half a minute, or with `WATCHUTILS_SOAK=1` for `WATCHUTILS_SOAK_SECONDS` (1800).
/// `WATCHUTILS_SEED` repeats a run's choices; `WATCHUTILS_KUBERNETES_PYTHON` is a Python with the module
/// `kubernetes`.
@Suite(.timeLimit(.minutes(45))) struct ReplicaTests {
  @Test func everyClientResumesAtAnotherReplicaWithoutLossOrRepetition() throws {
    guard let server = NATSServer.Version.current.binary ?? NATSServer.Version.debian.binary else {
      return notTested("replicas", because: "nats-server is missing: run 'make test-dependencies'")
    }
    let environment = ProcessInfo.processInfo.environment
    let isSoak = environment["WATCHUTILS_SOAK"] == "1"
    let seconds = isSoak ? environment["WATCHUTILS_SOAK_SECONDS"].flatMap { Int($0) } ?? 1800 : 20
    let seed = environment["WATCHUTILS_SEED"] ?? "\(Int.random(in: 0..<1_000_000))"
    let script = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .appending(path: "Fixtures/replicas.py").path
    let python = environment["WATCHUTILS_KUBERNETES_PYTHON"].map { " --python '\($0)'" } ?? ""
    let run = try Tool.shell(
      "exec python3 '\(script)' --nats-server '\(server)' --seconds \(seconds) --seed \(seed)\(python)")
    let outcome = try run.waitForEnd(.seconds(seconds + 300))
    #expect(outcome.status == 0, "seed \(seed): \(outcome.output) \(outcome.diagnostics.suffix(2000))")
    let absent = outcome.output.split(separator: "\"absent\": [").last?.prefix { $0 != "]" } ?? ""
    for client in ["kubectl", "python"] where absent.contains(client) {
      notTested("\(client) as a client of the replicas", because: "this machine does not have it")
    }
    let resumes = outcome.output.firstMatch(of: /"resumes": (\d+)/).flatMap { Int($0.1) }
    #expect(resumes ?? 0 > 0, "seed \(seed): \(outcome.output)")
  }
}
