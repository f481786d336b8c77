// SPDX-License-Identifier: Apache-2.0
import Foundation
import Glibc
import TestSupport
import Testing

/// A long random run with changes and all kinds of failures between a client and an API server.
///
/// `WATCHUTILS_SOAK=1` runs it, for `WATCHUTILS_SOAK_SECONDS` (1800); `WATCHUTILS_SEED` repeats a run's choices.
@Suite(.enabled(if: ClusterTesting.isSoaking), .timeLimit(.minutes(15))) struct SoakTests {
  struct Generator: RandomNumberGenerator {
    var state: UInt64
    // SplitMix64, which is small and gives the same numbers on every machine.
    mutating func next() -> UInt64 {
      state &+= 0x9E37_79B9_7F4A_7C15
      var value = state
      value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
      value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
      return value ^ (value >> 31)
    }
  }

  @Test func foldsToTheTrueStateWhateverFails() throws {
    guard let cluster = try ClusterTesting.start("a long random run") else { return }
    let environment = ProcessInfo.processInfo.environment
    let seed = environment["WATCHUTILS_SEED"].flatMap { UInt64($0) } ?? UInt64.random(in: 0..<1_000_000)
    let seconds = environment["WATCHUTILS_SOAK_SECONDS"].flatMap { Int($0) } ?? 1800
    say("seed \(seed), \(seconds) s")
    var random = Generator(state: seed)
    let relay = try Relay(to: Int(cluster.port))
    let kubeconfig = try cluster.relayed(through: relay.port)
    let tool = try Tool.start(
      "kwatch", ["configmaps", "--status", "stderr", "--verify", "45s", "--watch-timeout", "20s"],
      environment: ["KUBECONFIG": kubeconfig])
    var names: Set<String> = []
    var serial = 0
    var faults: [String: Int] = [:]
    let end = ContinuousClock.now + .seconds(seconds)
    while ContinuousClock.now < end {
      for _ in 0..<Int.random(in: 1...30, using: &random) {
        serial += 1
        let victim = names.sorted().randomElement(using: &random)
        switch (Int.random(in: 0..<4, using: &random), victim) {
        case (0, let name?):
          try cluster.delete(name)
          names.remove(name)
        case (1, let name?), (2, let name?): try cluster.change(name, "\(serial)")
        default:
          try cluster.create("cm-\(serial)")
          names.insert("cm-\(serial)")
        }
      }
      let fault = try inject(cluster, relay, tool, &random)
      faults[fault, default: 0] += 1
      relay.mode = .open
      guard Int.random(in: 0..<4, using: &random) == 0 else { continue }
      try cluster.expectTruth(tool, within: .seconds(150))
      guard FoldedStream(tool.lines).faults.isEmpty, tool.isRunning else { break }
    }
    try cluster.expectTruth(tool, within: .seconds(150))
    let told = FoldedStream(tool.lines)
    say("\(serial) changes, \(told.counts), faults \(faults)")
    #expect(tool.isRunning)
    tool.send(SIGTERM)
    #expect(try tool.waitForEnd().status == 128 + SIGTERM)
  }

  private func inject(
    _ cluster: KubeCluster, _ relay: Relay, _ tool: RunningTool, _ random: inout Generator
  ) throws -> String {
    func pause(_ most: Double) { Thread.sleep(forTimeInterval: Double.random(in: 0...most, using: &random)) }
    switch Int.random(in: 0..<12, using: &random) {
    case 0, 1, 2:
      relay.cutConnections()
      return "cut"
    case 3:
      relay.mode = .refusing
      pause(8)
      return "refused"
    case 4:
      relay.mode = .holding
      pause(40)
      return "held"
    case 5:
      try cluster.killServer()
      pause(3)
      try cluster.startServer()
      return "killed"
    case 6:
      try cluster.stopServer()
      pause(8)
      try cluster.startServer()
      return "restarted"
    case 7:
      tool.send(SIGHUP)
      return "hangup"
    case 8:
      // kwatch is stopped during a restart. After that the server no longer knows its resourceVersion.
      tool.send(SIGSTOP)
      try cluster.stopServer()
      try cluster.startServer()
      pause(3)
      tool.send(SIGCONT)
      return "asleep"
    default:
      pause(5)
      return "quiet"
    }
  }

  private func say(_ text: String) { FileHandle.standardError.write(Data("soak: \(text)\n".utf8)) }
}
