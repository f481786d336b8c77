// SPDX-License-Identifier: Apache-2.0

import Process
import Testing

@Suite struct RateLimiterTests {
  @Test func waitsLongAtAVeryLowRate() throws {
    let rate = try #require(RateLimiter.parse("1e-300/h"))
    var limiter = RateLimiter(rate: rate, burst: 1, now: .zero)
    #expect(limiter.take(now: .zero) == .zero)
    #expect(limiter.takeIfThere(now: .seconds(1)) == .seconds(1e9))
    #expect(limiter.take(now: .seconds(1)) == .seconds(1e9))
  }

  @Test func keepsTheRateAfterABurst() {
    var limiter = RateLimiter(rate: 10, burst: 2, now: .zero)
    let waits = (0..<4).map { _ in limiter.take(now: .zero) }
    #expect(waits == [.zero, .zero, .milliseconds(100), .milliseconds(200)])
    // The two tokens that were taken in advance are repaid first.
    #expect(limiter.takeIfThere(now: .milliseconds(200)) == .milliseconds(100))
    #expect(limiter.takeIfThere(now: .milliseconds(300)) == nil)
  }

  @Test func aPauseFillsItUpToTheBurst() {
    var limiter = RateLimiter(rate: 10, burst: 2, now: .zero)
    _ = limiter.take(now: .zero)
    #expect(!limiter.isFull(now: .milliseconds(50)))
    #expect(limiter.isFull(now: .milliseconds(100)))
    #expect((0..<3).map { _ in limiter.take(now: .seconds(60)) } == [.zero, .zero, .milliseconds(100)])
  }

  @Test(arguments: [("100/s", 100.0), ("600/m", 10), ("36/h", 0.01), ("5", 5), ("0.5/s", 0.5)])
  func readsARate(_ text: String, _ rate: Double) { #expect(RateLimiter.parse(text) == rate) }

  @Test(arguments: ["", "0", "-1/s", "1/d", "1/s/s", "/s", "x/s", "inf/s", "nan", "1/"])
  func refusesInvalidRates(_ text: String) { #expect(RateLimiter.parse(text) == nil) }
}
