// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import WfanoutCore

struct HeartbeatTests {
  var heartbeat = Heartbeat(interval: 30, timeout: 10, now: 100)

  @Test mutating func aSilentClientIsPingedOnceAndGivenUp() {
    #expect(heartbeat.tick(129, isReading: true) == nil)
    #expect(heartbeat.tick(130, isReading: true) == .ping)
    #expect(heartbeat.tick(139, isReading: true) == nil)
    #expect(heartbeat.tick(140, isReading: true) == .giveUp)
  }

  @Test mutating func anyFrameIsASignOfLife() {
    _ = heartbeat.tick(130, isReading: true)
    heartbeat.heard(at: 135)
    #expect(heartbeat.tick(164, isReading: true) == nil)
    #expect(heartbeat.tick(165, isReading: true) == .ping)
  }

  @Test mutating func aConnectionThatIsNotReadFromIsNotSilent() {
    #expect(heartbeat.tick(150, isReading: false) == nil)
    #expect(heartbeat.tick(179, isReading: true) == nil)
    #expect(heartbeat.tick(180, isReading: true) == .ping)
  }
}
