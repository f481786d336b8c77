// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import WfanoutCore

struct BackoffsTests {
  let failure = UpstreamEnding(status: 1, message: "exit status 1")

  @Test func waitsTwiceAsLongAfterEachCrash() {
    var backoffs = Backoffs()
    var now = Duration.zero
    var delays: [Duration] = []
    for _ in 0..<7 {
      backoffs.ended("k", failure, after: .zero, now: now)
      let delay = backoffs.wait("k", now: now)?.delay ?? .zero
      delays.append(delay)
      now += delay
    }
    #expect(delays == [1, 2, 4, 8, 16, 30, 30].map { .seconds($0) })
    #expect(backoffs.wait("k", now: now) == nil, "the time has passed")
    #expect(backoffs.wait("other", now: .zero) == nil)
  }

  @Test func startsAgainAfterALongRunOrALongTime() {
    var backoffs = Backoffs()
    for _ in 0..<3 { backoffs.ended("k", failure, after: .zero, now: .zero) }
    backoffs.ended("k", failure, after: Backoffs.healthyRun, now: .zero)
    #expect(backoffs.wait("k", now: .zero) == nil)
    for _ in 0..<3 { backoffs.ended("k", failure, after: .zero, now: .zero) }
    backoffs.ended("k", failure, after: .zero, now: .seconds(100))
    #expect(backoffs.wait("k", now: .seconds(100))?.delay == .seconds(1))
  }

  @Test func isBounded() {
    var backoffs = Backoffs()
    for number in 0..<5000 { backoffs.ended("\(number)", failure, after: .zero, now: .zero) }
    #expect(backoffs.wait("4999", now: .zero) != nil)
    #expect(backoffs.count <= 1001)
  }
}
