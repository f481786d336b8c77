// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import Process

@Suite struct BackoffTests {
  @Test func boundsDoubleUpToTheMaximum() {
    var backoff = Backoff(initial: .seconds(1), maximum: .seconds(30))
    let bounds = (0..<7).map { _ in
      let bound = backoff.bound
      _ = backoff.next(random: 0.5)
      return bound
    }
    #expect(bounds == [1, 2, 4, 8, 16, 30, 30].map { .seconds($0) })
    backoff.reset()
    #expect(backoff.bound == .seconds(1))
  }

  @Test func aWaitIsAtLeastTheFloorAndBelowItsBound() {
    var backoff = Backoff(floor: .milliseconds(50))
    #expect(backoff.next(random: 0) == .milliseconds(50))
    #expect(backoff.next(random: 0.75) == .milliseconds(1500))
    #expect(backoff.attempts == 2)
  }

  @Test func retryAfterIsTheMinimum() {
    var backoff = Backoff()
    #expect(backoff.next(retryAfter: .seconds(7), random: 0.5) == .seconds(7))
    #expect(backoff.next(retryAfter: .milliseconds(1), random: 0.5) == .seconds(1))
  }

  @Test func manyFailuresDoNotOverflow() {
    var backoff = Backoff(initial: .seconds(1), maximum: .seconds(1 << 40))
    for _ in 0..<1000 { _ = backoff.next(random: 0.9) }
    #expect(backoff.bound == .seconds(1 << 40))
  }
}
