// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import KwatchCore

/// Detection of silent connections.
@Suite struct HeartbeatTests {
  @Test func probesASilentServerAndGivesUp() {
    var heartbeat = Heartbeat(at: .zero)
    #expect(heartbeat.deadline == .seconds(30))
    #expect(heartbeat.timer(.seconds(29), isWaiting: true) == .none)
    heartbeat.activity(at: .seconds(20))
    #expect(heartbeat.timer(.seconds(49), isWaiting: true) == .none)
    #expect(heartbeat.timer(.seconds(50), isWaiting: true) == .ask)
    #expect(heartbeat.timer(.seconds(64), isWaiting: true) == .none)
    #expect(heartbeat.timer(.seconds(65), isWaiting: true) == .giveUp)
    // The timer starts again: a client that has reconnected gets the same time.
    #expect(heartbeat.deadline == .seconds(95))
  }

  @Test func treatsAnyResponseAsASignOfLife() {
    var heartbeat = Heartbeat(at: .zero)
    #expect(heartbeat.timer(.seconds(30), isWaiting: true) == .ask)
    heartbeat.activity(at: .seconds(44))
    #expect(heartbeat.timer(.seconds(45), isWaiting: true) == .none)
    #expect(heartbeat.deadline == .seconds(74))
  }

  @Test func sendsNoHeartbeatWithoutAWatch() {
    var heartbeat = Heartbeat(at: .zero)
    #expect(heartbeat.timer(.seconds(40), isWaiting: false) == .none)
    #expect(heartbeat.deadline == .seconds(70))
  }

  @Test func endsTheWatchOfADeadPeer() {
    let harness = MachineHarness.watching()
    #expect(harness.isWatchOpen)
    harness.send(.peerDied)
    #expect(harness.cancelled == 1)
    #expect(harness.healths.last == "watch degraded disconnect")
    #expect(!harness.isWatchOpen)
    // A scope that already waits for its next try is not disturbed again.
    harness.send(.peerDied)
    #expect(harness.cancelled == 1)
    harness.wait()
    #expect(harness.wasFresh)
    #expect(harness.requests() == ["probe 11"])
  }
}
