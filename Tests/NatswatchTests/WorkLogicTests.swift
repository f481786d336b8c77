// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import NatswatchCore

@Suite struct RetryScheduleTests {
  @Test func doublesFromOneSecondToFiveMinutesThenBuries() {
    let schedule = RetrySchedule()
    let delays = (1...12).map { schedule.decision(afterAttempt: $0) }
    let seconds = [1, 2, 4, 8, 16, 32, 64, 128, 256, 300]
    #expect(delays == seconds.map { .retry(after: .seconds($0)) } + [.deadLetter, .deadLetter])
  }

  @Test func aDeliveryBehindTheLastTryIsNotHandled() {
    let schedule = RetrySchedule(retries: 2)
    #expect(!schedule.isExhausted(beforeAttempt: 3) && schedule.isExhausted(beforeAttempt: 4))
    #expect(RetrySchedule(retries: 0).decision(afterAttempt: 1) == .deadLetter)
    #expect(
      RetrySchedule(retries: .max - 1).decision(afterAttempt: 1_000_000) == .retry(after: .seconds(300)))
  }
}

@Suite struct CircuitBreakerTests {
  @Test func opensProbesAndCloses() {
    var breaker = CircuitBreaker(threshold: 2, openFor: .seconds(30))
    #expect(breaker.mayPull(now: .zero) == true)
    #expect(breaker.failed(now: .zero) == false)
    #expect(breaker.failed(now: .seconds(1)) == true)
    #expect(breaker.mayPull(now: .seconds(30)) == false)
    #expect(breaker.mayPull(now: .seconds(31)) == true)
    #expect(breaker.mayPull(now: .seconds(31)) == false)
    breaker.returnLeave(now: .seconds(32))
    #expect(breaker.mayPull(now: .seconds(32)) == true)
    #expect(breaker.failed(now: .seconds(33)) == true)
    #expect(breaker.mayPull(now: .seconds(62)) == false)
    #expect(breaker.mayPull(now: .seconds(63)) == true)
    breaker.succeeded()
    #expect(breaker.state == .closed)
    #expect(breaker.mayPull(now: .seconds(63)) == true)
    let opened = breaker.failed(now: .seconds(64))
    #expect(!opened)
  }

  @Test func neverOpensUnlessAsked() {
    var breaker = CircuitBreaker(threshold: nil)
    for second in 0..<1000 { #expect(breaker.failed(now: .seconds(second)) == false) }
    #expect(breaker.mayPull(now: .zero) == true)
  }
}

@Suite struct DuplicateFilterTests {
  @Test func remembersWhatWasHandledForAWhile() {
    var filter = DuplicateFilter(window: .seconds(120), limit: 2)
    #expect(filter.begin([1], now: .zero) == .new)
    #expect(filter.begin([1], now: .zero) == .busy)
    filter.end([1], succeeded: false, now: .zero)
    #expect(filter.begin([1], now: .zero) == .new)
    filter.end([1], succeeded: true, now: .seconds(1))
    #expect(filter.begin([1], now: .seconds(120)) == .duplicate)
    #expect(filter.begin([1], now: .seconds(121)) == .new)
    for value: UInt8 in 2...5 {
      _ = filter.begin([value], now: .seconds(122))
      filter.end([value], succeeded: true, now: .seconds(122))
    }
    #expect(filter.begin([2], now: .seconds(122)) == .new)
    #expect(filter.begin([5], now: .seconds(122)) == .duplicate)
  }
}

@Suite struct WorkSettingsTests {
  @Test func deadLettersKeepTheDots() {
    var settings = WorkSettings(subjects: [], durable: "d", command: [])
    #expect(settings.deadLetterSubject(for: "a.b") == nil)
    settings.deadLetters = "streamspace.dlq.{subject}"
    #expect(settings.deadLetterSubject(for: "session.create") == "streamspace.dlq.session.create")
    #expect(WorkSettings.replacing("{token:2}", in: "{a}{token:2}{", with: "x") == "{a}x{")
  }
}
