// SPDX-License-Identifier: Apache-2.0

import Process
import Testing

@testable import NatswatchCore

@Suite struct PublishWindowTests {
  private func entry(_ text: String) -> PublishWindow.Entry {
    PublishWindow.Entry(subject: "a", payload: Array(text.utf8), identifier: text)
  }

  @Test func keepsOrderAndForgetsWhatIsAcknowledged() {
    var window = PublishWindow(countLimit: 3)
    let numbers = ["a", "b", "c"].map { window.add(entry($0), now: .zero) }
    #expect(numbers == [1, 2, 3] && window.isFull && window.outstanding == 3 && window.bytes == 3)
    #expect(window.acknowledge(2, now: .seconds(1))?.identifier == "b")
    #expect(window.acknowledge(2, now: .seconds(1)) == nil)
    #expect(window.acknowledge(9, now: .zero) == nil)
    #expect(window.isFull, "the oldest holds the window")
    #expect(window.unacknowledged.map(\.number) == [1, 3])
    window.acknowledge(1, now: .seconds(2))
    #expect(!window.isFull && window.waitingSince == .seconds(2))
    #expect(window.add(entry("d"), now: .seconds(3)) == 4)
    window.acknowledge(4, now: .seconds(3))
    window.acknowledge(3, now: .seconds(3))
    #expect(window.isEmpty && window.waitingSince == nil && window.bytes == 0)
  }

  @Test func numbersStayRightOverLongRuns() {
    var window = PublishWindow(countLimit: 5000)
    for round: UInt64 in 0..<20_000 {
      #expect(window.add(entry("x"), now: .zero) == round + 1)
      if round >= 3000 { #expect(window.acknowledge(round - 2999, now: .zero) != nil) }
    }
    #expect(window.outstanding == 3000 && window.firstNumber == 17_001)
  }

  @Test func isBoundedInBytes() {
    var window = PublishWindow(countLimit: 100, byteLimit: 10)
    _ = window.add(entry("0123456789ab"), now: .zero)
    #expect(window.isFull)
    window.acknowledge(1, now: .zero)
    #expect(!window.isFull)
  }
}

@Suite struct RateLimiterTests {
  @Test func keepsTheRateAndAllowsBursts() {
    var limiter = RateLimiter(rate: 100, burst: 5, now: .zero)
    for _ in 0..<5 { #expect(limiter.take(now: .zero) == .zero) }
    #expect(limiter.take(now: .zero) == .milliseconds(10))
    #expect(limiter.take(now: .milliseconds(10)) == .milliseconds(10))
    #expect(limiter.take(now: .seconds(10)) == .zero)
  }

  @Test(arguments: [("100/s", 100.0), ("600/m", 10), ("7200/h", 2), ("5", 5), ("0.5/s", 0.5)])
  func readsRates(_ text: String, _ rate: Double) { #expect(RateLimiter.parse(text) == rate) }

  @Test(arguments: ["", "0", "-1/s", "10/d", "x", "1/s/s", "inf"]) func refusesOthers(_ text: String) {
    #expect(RateLimiter.parse(text) == nil)
  }
}

@Suite struct PublishAcknowledgementTests {
  private func read(_ text: String) -> PublishAcknowledgement {
    var text = text
    return text.withUTF8 { bytes in unsafe PublishAcknowledgement(bytes) }
  }

  @Test func parsesAcknowledgements() {
    #expect(read(#"{"stream":"S", "seq":12}"#) == .stored)
    #expect(read(#"{"stream":"S","domain":"hub","seq":12}"#) == .stored)
    #expect(read(#"{"stream":"S","seq":12,"duplicate": true}"#) == .duplicate)
    #expect(
      read(#"{"error":{"code":400,"err_code":10054,"description":"too large"},"stream":"S","seq":0}"#)
        == .refused("too large (400/10054)"))
    #expect(
      read(#"{"error":{"code":503,"err_code":10077,"description":"busy"}}"#)
        == .refusedForNow("busy (503/10077)"))
    let inProcess = "duplicate message id is in process"
    #expect(
      read(#"{"error":{"code":409,"err_code":10158,"description":"\#(inProcess)"}}"#)
        == .refusedForNow("\(inProcess) (409/10158)"))
    #expect(
      read(#"{"error":{"code":503,"err_code":10077,"description":"maximum messages exceeded"}}"#)
        == .full("maximum messages exceeded (503/10077)"))
    #expect(read("nonsense") != .stored && read("") != .stored)
  }
}
