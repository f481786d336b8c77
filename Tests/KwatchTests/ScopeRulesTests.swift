// SPDX-License-Identifier: Apache-2.0
import Events
import Testing

@testable import KwatchCore

/// The rules of a scope's data, each without the machine.
@Suite struct ScopeRulesTests {
  // MARK: - Pages of a list

  private static func listing() -> Listing {
    Listing(transfer: Transfer(id: 1, sentAt: .zero), purpose: .initial, version: .mostRecent)
  }

  @Test func aListHasTheVersionOfItsFirstPage() {
    var listing = Self.listing()
    let first = listing.page(
      ListMeta(resourceVersion: "10", continuation: "x"), objects: 0, limit: 500)
    #expect(first == .next(.list(.mostRecent, continuation: "x", limit: 500)))
    #expect(!listing.isFirstPage)
    let last = listing.page(ListMeta(resourceVersion: "12"), objects: 0, limit: 500)
    #expect(last == .whole(resourceVersion: "10"))
  }

  @Test func aRepeatedTokenIsAnEndlessList() {
    var listing = Self.listing()
    _ = listing.page(ListMeta(resourceVersion: "1", continuation: "x"), objects: 1, limit: 1)
    let second = listing.page(ListMeta(continuation: "x"), objects: 2, limit: 1)
    #expect(second == .repeated)
  }

  @Test func aPageOfOnlyKnownObjectsIsAnEndlessListAndAnEmptyPageIsNot() {
    var listing = Self.listing()
    for (index, objects) in [1, 1, 2].enumerated() {
      if objects > index { listing.noteItem(at: .zero) }
      let step = listing.page(ListMeta(continuation: "t\(index)"), objects: objects, limit: 1)
      #expect(step == .next(.list(.mostRecent, continuation: "t\(index)", limit: 1)), "page \(index)")
    }
    listing.noteItem(at: .zero)
    let last = listing.page(ListMeta(continuation: "t3"), objects: 2, limit: 1)
    #expect(last == .repeated)
  }

  // MARK: - The end of a watch

  struct End: Sendable, CustomTestStringConvertible {
    var lived: Duration
    var sawEvent: Bool
    var isProven: Bool
    var expected: Watch.Ending
    var testDescription: String {
      "\(lived)\(sawEvent ? ", event" : "")\(isProven ? ", proven" : "") → \(expected)"
    }
  }

  @Test(arguments: [
    End(lived: .milliseconds(900), sawEvent: false, isProven: true, expected: .atOnce),
    End(lived: .milliseconds(900), sawEvent: true, isProven: false, expected: .beforeProof),
    End(lived: .seconds(8), sawEvent: false, isProven: false, expected: .beforeProof),
    End(lived: .seconds(9), sawEvent: false, isProven: false, expected: .silent),
    End(lived: .seconds(2), sawEvent: false, isProven: true, expected: .silent),
    End(
      lived: .milliseconds(400), sawEvent: true, isProven: true, expected: .early(wait: .milliseconds(600))),
    End(lived: .seconds(1), sawEvent: true, isProven: true, expected: .planned),
  ])
  func tellsTheMeaningOfACleanEnd(_ end: End) {
    var watch = Watch(transfer: Transfer(id: 1, sentAt: .zero), timeoutSeconds: 10)
    watch.transfer.open(at: .seconds(5))
    if end.sawEvent { watch.noteEvent(at: .seconds(5)) }
    #expect(watch.ending(at: .seconds(5) + end.lived, isProven: end.isProven) == end.expected)
  }

  @Test func aBookmarkJustBeforeTheTimeoutIsNotOneOfThoseOfEachMinute() {
    var watch = Watch(transfer: Transfer(id: 1, sentAt: .zero), timeoutSeconds: 100)
    #expect(!watch.isMidway(at: .seconds(1)))
    watch.transfer.open(at: .seconds(1))
    #expect(watch.isMidway(at: .seconds(85)))
    #expect(!watch.isMidway(at: .seconds(86)))
  }

  @Test func aSlowReaderIsNotASilentServer() {
    var transfer = Transfer(id: 1, sentAt: .seconds(1))
    transfer.excuse(.seconds(10), at: .seconds(12))
    #expect(transfer.sentAt == .seconds(11))
    transfer.open(at: .seconds(13))
    transfer.excuse(.seconds(10), at: .seconds(25))
    #expect(transfer.openedAt == .seconds(23))
    #expect(transfer.lastActivity == .seconds(25))
  }

  // MARK: - Retries

  private static let failure = ScopeError(kind: .transport, message: "test")

  private static func record(_ change: (inout ScopeSettings) -> Void = { _ in }) -> FailureRecord {
    var settings = ScopeSettings()
    change(&settings)
    return FailureRecord(settings)
  }

  @Test func reportsTheFirstFailureTheFourthAndThenOneAMinute() {
    var record = Self.record { $0.allowsPolling = false }
    var reported: [Int] = []
    for second in 0..<130 {
      let retry = record.retry(Self.failure, isSynced: true, at: .seconds(second), random: 0.5)
      if retry?.isWorthWarning == true { reported.append(second) }
    }
    #expect(reported == [0, 3, 63, 123])
  }

  @Test func reportsAWatchThatWorksForMomentsFiveTimesAMinute() {
    var record = Self.record()
    var reported: [Int] = []
    for second in 0..<130 {
      let retry = record.retry(Self.failure, isSynced: true, at: .seconds(second), random: 0.5)
      if retry?.isWorthWarning == true { reported.append(second) }
      record.watchWorked(at: .seconds(second))
    }
    #expect(reported == Array(0..<5) + Array(60..<65) + Array(120..<125))
  }

  /// Otherwise a server whose watches break after each event would get several requests a second.
  @Test func onlyAWatchThatWorkedForAWhileIsTriedAgainAtOnce() throws {
    var record = Self.record()
    var delays: [Duration] = []
    var now = Duration.zero
    for life in [0, 10, 900, 900, 900, 900, 1_000, 60_000] {
      record.watchWorked(at: now)
      now += .milliseconds(life)
      let retry = record.retry(Self.failure, isSynced: true, at: now, random: 0.5)
      delays.append(try #require(retry).delay)
      // Lists would leave out what happened between them.
      #expect(retry?.polls == false)
    }
    #expect(
      delays == [.milliseconds(500), .seconds(1), .seconds(2), .seconds(4), .seconds(5), .seconds(5)]
        + [.milliseconds(500), .milliseconds(500)])
  }

  @Test func listsReplaceABrokenWatchAfterExactlyFiveSeconds() throws {
    var record = Self.record()
    var now = Duration.seconds(100)
    var waits = 0
    while true {
      let next = record.retry(Self.failure, isSynced: true, at: now, random: 0.5)
      let retry = try #require(next)
      now += retry.delay
      waits += 1
      if retry.polls { break }
      #expect(!retry.isLasting)
    }
    #expect(now == .seconds(105))
    #expect(waits > 1)
    // A new connection each time, and once.
    let fresh = [record.takeFreshConnection(), record.takeFreshConnection()]
    #expect(fresh == [true, false])
  }

  @Test func retriesAreSpent() {
    var record = Self.record { $0.retryLimit = 1 }
    let isSpent = (0..<2).map { _ in record.retry(Self.failure, isSynced: false, at: .zero, random: 0) == nil
    }
    #expect(isSpent == [false, true])
  }

  @Test func onlyTheSecond410WithinTenSecondsWaits() {
    var record = Self.record()
    let expiries = [1, 20, 25, 26].map { record.noteGone(at: .seconds($0), random: 0.5) }
    #expect(
      expiries == [
        .listNow, .listNow, .listAfter(.milliseconds(500), isWorthWarning: false),
        .listAfter(.seconds(1), isWorthWarning: true),
      ])
  }

  @Test func waitsForALaggingServerForThirtySecondsAndReportsTheSecondResponse() {
    var record = Self.record()
    for start in [0, 100] {
      let lags = [0, 1, 29, 30].map { record.noteLag(at: .seconds(start + $0), retryAfter: nil) }
      #expect(
        lags == [
          .wait(.seconds(1), isWorthWarning: false), .wait(.seconds(1), isWorthWarning: true),
          .wait(.seconds(1), isWorthWarning: false), .lasting,
        ])
    }
    // Once the server has caught up, the next lag is a new one.
    _ = record.noteLag(at: .seconds(200), retryAfter: nil)
    record.clearLag()
    let next = record.noteLag(at: .seconds(240), retryAfter: .seconds(3))
    #expect(next == .wait(.seconds(3), isWorthWarning: false))
  }

  @Test func waitsForALaggingServerAsLongAsItAsksButNoLongerThanThirtySeconds() {
    var record = Self.record()
    let lags = [0, 20, 30].map { record.noteLag(at: .seconds($0), retryAfter: .seconds(86400)) }
    #expect(
      lags == [
        .wait(.seconds(30), isWorthWarning: true), .wait(.seconds(10), isWorthWarning: false), .lasting,
      ])
  }

  // MARK: - The picture

  @Test func onlyAListThatRepairsAGapNamesAVersion() {
    var picture = Picture(skipsInitial: false)
    #expect(picture.version(for: .resync) == .mostRecent)
    _ = picture.complete(.initial, "10", at: .seconds(3))
    #expect(picture.isSynced)
    #expect(picture.version(for: .resync) == .notOlderThan("10"))
    #expect(picture.version(for: .poll) == .mostRecent)
    picture.bookmark("")
    picture.bookmark("12")
    #expect(picture.version(for: .resync) == .notOlderThan("12"))
    picture.allowOlderList()
    #expect(picture.version(for: .resync) == .mostRecent)
    _ = picture.complete(.resync, "5", at: .seconds(4))
    #expect(picture.version(for: .resync) == .notOlderThan("5"))
  }
}
