// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import NatswatchCore

@Suite struct ConnectionTroubleTests {
  @Test func theFirstAttemptIsMadeAtOnce() {
    var trouble = ConnectionTrouble()
    trouble.begin(.seconds(100))
    #expect(!trouble.isOver && trouble.nextAttempt == .seconds(100))
    trouble.fail(.seconds(101), random: 1)
    #expect(trouble.nextAttempt == .seconds(101) + .milliseconds(100))
    trouble.fail(.seconds(102), random: 1)
    #expect(trouble.nextAttempt == .seconds(102) + .milliseconds(200))
  }

  @Test func aConnectionThatIsLostAtOnceContinuesTheTrouble() {
    var trouble = ConnectionTrouble()
    var now = Duration.seconds(100)
    var waits: [Duration] = []
    var reports = 0
    for _ in 1...7 {
      trouble.begin(now, random: 1)
      if trouble.isReportDue(now) { reports += 1 }
      waits.append(trouble.nextAttempt - now)
      now = trouble.nextAttempt
      trouble.end(now)
      now += .milliseconds(1)
    }
    #expect(waits == [0, 100, 200, 400, 800, 1600, 2000].map { .milliseconds($0) })
    #expect(reports == 1)
    now += ConnectionTrouble.proof
    trouble.begin(now, random: 1)
    #expect(trouble.nextAttempt == now && trouble.isReportDue(now))
    #expect(!trouble.isReportDue(now + .seconds(59)) && trouble.isReportDue(now + .seconds(60)))
  }
}
