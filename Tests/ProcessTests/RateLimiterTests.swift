// SPDX-License-Identifier: Apache-2.0

import Process
import Testing

@Suite struct RateLimiterTests {
  @Test func waitsVeryLongAtAVeryLowRate() throws {
    let rate = try #require(RateLimiter.parse("1e-300/h"))
    var limiter = RateLimiter(rate: rate, burst: 1, now: .zero)
    #expect(limiter.take(now: .zero) == .zero)
    #expect(limiter.takeIfThere(now: .seconds(1)) == .seconds(1e9))
    #expect(limiter.take(now: .seconds(1)) == .seconds(1e9))
  }
}
