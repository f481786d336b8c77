// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@testable import NatswatchCore

@Suite struct RetryScheduleTests {
  @Test func doublesFromOneSecondToFiveMinutesThenBuries() {
    let schedule = RetrySchedule()
    let delays = (1...12).map { schedule.decision(afterTries: $0) }
    let seconds = [1, 2, 4, 8, 16, 32, 64, 128, 256, 300]
    #expect(delays == seconds.map { .retry(after: .seconds($0)) } + [.deadLetter, .deadLetter])
  }

  @Test func takesAnyNumberOfRetries() {
    #expect(RetrySchedule(retries: 0).decision(afterTries: 1) == .deadLetter)
    #expect(RetrySchedule(retries: .max - 1).decision(afterTries: 1_000_000) == .retry(after: .seconds(300)))
  }
}

@Suite struct CircuitBreakerTests {
  /// What the breaker allows at a time: the number of messages to request, and whether the first and second
  /// of them may be handled.
  private func allows(_ breaker: inout CircuitBreaker, _ seconds: Int) -> [Int] {
    let count = breaker.allowance(4, now: .seconds(seconds))
    return [count, breaker.admits() ? 1 : 0, breaker.admits() ? 1 : 0]
  }

  @Test func opensProbesAndCloses() {
    var breaker = CircuitBreaker(threshold: 2, openFor: .seconds(30))
    #expect(allows(&breaker, 0) == [4, 1, 1])
    #expect(breaker.failed(now: .zero) == false)
    #expect(breaker.failed(now: .seconds(1)) == true)
    #expect(allows(&breaker, 30) == [0, 0, 0])
    #expect(allows(&breaker, 31) == [1, 1, 0], "one probe, whatever else arrives")
    breaker.abandoned()
    #expect(allows(&breaker, 32) == [1, 1, 0])
    #expect(breaker.failed(now: .seconds(33)) == true)
    #expect(allows(&breaker, 62) == [0, 0, 0])
    #expect(allows(&breaker, 63) == [1, 1, 0])
    breaker.succeeded()
    #expect(allows(&breaker, 63) == [4, 1, 1])
    #expect(breaker.failed(now: .seconds(64)) == false)
  }

  @Test func failuresOfHandlersThatWereRunningDoNotProlongThePause() {
    var breaker = CircuitBreaker(threshold: 1, openFor: .seconds(30))
    #expect(breaker.failed(now: .zero) == true)
    #expect(breaker.failed(now: .seconds(10)) == false)
    #expect(allows(&breaker, 30) == [1, 1, 0])
  }

  @Test func neverOpensByDefault() {
    var breaker = CircuitBreaker(threshold: nil)
    for second in 0..<1000 { #expect(breaker.failed(now: .seconds(second)) == false) }
    #expect(breaker.allowance(7, now: .zero) == 7)
  }
}

@Suite struct PullCreditTests {
  @Test func countsOutstandingMessages() {
    var credit = PullCredit()
    credit.asked(3, token: 1, now: .zero)
    credit.asked(2, token: 2, now: .zero)
    for _ in 0..<4 { credit.delivered() }
    #expect(credit.outstanding == 1)
    credit.delivered()
    credit.delivered()
    #expect(credit.outstanding == 0)
  }

  @Test func correctsItsCountByTheServers() {
    var credit = PullCredit()
    credit.asked(3, token: 1, now: .zero)
    credit.asked(2, token: 2, now: .zero)
    credit.delivered()  // charged to 1, but answered 2
    credit.ended(1, pending: 3)
    #expect(credit.outstanding == 1)
    credit.ended(9, pending: 1)
    #expect(credit.outstanding == 1)
    credit.ended(2, pending: 1)
    #expect(credit.outstanding == 0)
  }

  @Test func dropsRequestsThatTheServerHasLost() {
    var credit = PullCredit()
    credit.asked(3, token: 1, now: .zero)
    let early = credit.expire(now: .seconds(10))
    #expect(!early && credit.outstanding == 3)
    let late = credit.expire(now: .seconds(13))
    #expect(late && credit.outstanding == 0)
  }
}

@Suite struct LineHandlerTests {
  @Test(arguments: [
    ("ok", LineHandler.Line.answer(.ok, sequence: nil)), ("ok 17", .answer(.ok, sequence: 17)),
    (" ok\r", .answer(.ok, sequence: nil)), ("retry", .answer(.retry(reason: ""), sequence: nil)),
    ("retry 3 no disk", .answer(.retry(reason: "no disk"), sequence: 3)),
    ("drop bad input", .answer(.drop(reason: "bad input"), sequence: nil)),
    ("drop 3  a  b ", .answer(.drop(reason: "a  b"), sequence: 3)),
    ("ok then", .other(Array("ok then".utf8))), ("okay", .other(Array("okay".utf8))),
    (#"{"a":1}"#, .other(Array(#"{"a":1}"#.utf8))),
  ]) func readsAnswers(_ text: String, _ line: LineHandler.Line) {
    #expect(LineHandler.parse(Array(text.utf8)) == line)
  }

  @Test func readsAnswersAtAnySplit() {
    let bytes = Array("ok 1\nretry 2 x\n\ndrop\n".utf8)
    for (first, second) in everySplit(of: bytes) {
      var handler = LineHandler()
      let lines = handler.lines(Array(first)) + handler.lines(Array(second))
      #expect(lines.count == 3, "\(first.count)")
      #expect(
        lines.first == .answer(.ok, sequence: 1) && lines.last == .answer(.drop(reason: ""), sequence: nil))
    }
  }
}

@Suite struct DeadLetterTests {
  private func letter(_ size: Int, headers: HeaderBlock.Headers = []) -> DeadLetter {
    let metadata = DeliveryMetadata(
      deliveries: 1, streamSequence: 7, consumerSequence: 1, time: 0, pending: 0)
    let delivery = Delivery(
      subject: "w.x", payload: Array(repeating: 0x20, count: size), headers: headers, metadata: metadata)
    let info = StreamInfo(
      config: .init(name: "S"), created: "2026-01-02T03:04:05Z",
      state: .init(messages: 0, first_seq: 0, last_seq: 0))
    let queue = WorkQueue(dryRunOn: info, WorkSettings(subjects: [], durable: "D", command: []))
    return DeadLetter(delivery: delivery, subject: "dlq.w.x", reason: "a\nb", tries: 3, queue: queue)
  }

  @Test func dropsTheLeastImportantFirst() throws {
    let headers: HeaderBlock.Headers = [
      ("X-Big", [HeaderValue(String(repeating: "h", count: 500))]), ("Nats-Msg-Id", ["i"]),
    ]
    let letter = letter(1000, headers: headers)
    let full = letter.entry(.full)
    #expect(full.headers.map(\.name).contains("X-Big") && !full.headers.map(\.name).contains("Nats-Msg-Id"))
    #expect(full.headers.contains { $0.name == "Natswatch-Durable" && $0.value == "D" })
    #expect(full.headers.contains { $0.name == "Natswatch-Error" && $0.value == "a b" })
    #expect(full.identifier.contains(".D."))
    let forms = [2000, full.wireSize, full.wireSize - 1, 1000, 999].map {
      letter.fitting($0, hasJournal: true)?.form
    }
    #expect(forms == [.full, .full, .brief, .bare, .withoutPayload])
    #expect(letter.fitting(999, hasJournal: false) == nil)
    #expect(letter.fitting(5000, from: .bare, hasJournal: false)?.entry.headers.isEmpty == true)
  }
}

@Suite struct TryCountsTests {
  @Test func keepsTheLargestCount() {
    var counts = TryCounts(stream: "S", durable: "D", consumerEpoch: "1", replicas: 1)
    #expect(counts.known(5) == 0 && counts.subject(5) == "$KV.natswatch-tries.S.D.1.5")
    counts.note(2, for: 5)
    counts.note(1, for: 5)
    #expect(counts.known(5) == 2)
    counts.forget(5)
    #expect(counts.known(5) == 0)
  }

  @Test func toleratesSomeRefusals() {
    #expect(
      TryCounts.concerns(
        denial: #"Permissions Violation for Publish to "$JS.API.STREAM.CREATE.KV_natswatch-tries""#))
    #expect(
      TryCounts.concerns(denial: #"Permissions Violation for Publish to "$KV.natswatch-tries.S.D.1.5""#))
    #expect(!TryCounts.concerns(denial: #"Permissions Violation for Publish to "$JS.ACK.S.D.1.1.1.1.0""#))
  }
}

@Suite struct DuplicateFilterTests {
  @Test func remembersHandledMessagesForAWhile() {
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

  @Test func deadLettersMayBeInTheSameStreamButNotBecomeWork() throws {
    let source = try #require(SubjectPattern("streamspace.*.*.kubernetes"))
    var settings = WorkSettings(subjects: [source], durable: "d", command: [])
    settings.deadLetters = "streamspace.dlq.{subject}"
    #expect(throws: Never.self) { try settings.checkOutlets() }
    settings.subjects = [try #require(SubjectPattern("streamspace.>"))]
    #expect(throws: NATSError.self) { try settings.checkOutlets() }
    settings.deadLetters = "dlq..{subject}"
    #expect(throws: NATSError.self) { try settings.checkOutlets() }
  }
}
