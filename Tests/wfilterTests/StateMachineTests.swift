// SPDX-License-Identifier: Apache-2.0

import Testing
import Watch

@testable import wfilter

private let start = ContinuousClock.now
private func at(_ milliseconds: Int) -> ContinuousClock.Instant { start + .milliseconds(milliseconds) }
private func key(_ text: String) -> KeyHash { KeyHash(Array(text.utf8)) }
private func line(_ text: String) -> [UInt8] { Array(text.utf8) }
private func texts(_ lines: [[UInt8]]) -> [String] { lines.map { String(decoding: $0, as: UTF8.self) } }

@Suite struct KeyTableTests {
  @Test func keepsOrderAndLimit() {
    var table = KeyTable<Int>(limit: 2)
    #expect(table.append(key("a"), 1) == nil)
    #expect(table.append(key("b"), 2) == nil)
    if let place = table.place(of: key("a")) { table.moveToEnd(place) }
    #expect(table.append(key("c"), 3) == 2)
    #expect(table.place(of: key("b")) == nil)
    #expect(table.first.map { table[$0] } == 1)
    if let place = table.place(of: key("a")) { table.remove(place) }
    #expect(table.first.map { table[$0] } == 3)
    #expect(table.count == 1)
  }
}

@Suite struct TrackerTests {
  @Test func entersAndLeavesAsASelectorWatchDoes() {
    var tracker = Tracker(limit: 10)
    #expect(tracker.decide(key("a"), .added, matches: false) == .drop)
    #expect(tracker.decide(key("a"), .modified, matches: true) == .passAs(.added))
    #expect(tracker.decide(key("a"), .modified, matches: true) == .pass)
    #expect(tracker.decide(key("a"), .modified, matches: false) == .passAs(.deleted))
    #expect(tracker.decide(key("a"), .deleted, matches: false) == .drop)
    #expect(tracker.decide(key("b"), .added, matches: true) == .pass)
    #expect(tracker.decide(key("b"), .added, matches: true) == .passAs(.modified))
    #expect(tracker.decide(key("b"), .deleted, matches: false) == .pass)
    #expect(tracker.count == 0)
    #expect(!tracker.hasForgotten)
  }

  @Test func forgetsTheOldestBeyondItsLimit() {
    var tracker = Tracker(limit: 1)
    #expect(tracker.decide(key("a"), .added, matches: true) == .pass)
    #expect(tracker.decide(key("b"), .added, matches: true) == .pass)
    #expect(tracker.hasForgotten)
    #expect(tracker.decide(key("a"), .modified, matches: false) == .drop)
  }
}

@Suite struct DeduplicatorTests {
  @Test func forgetsAfterTheWindow() {
    var deduplicator = Deduplicator(window: .seconds(1), limit: 10)
    #expect(deduplicator.isRepetition(key("a"), at: at(0)) == false)
    #expect(deduplicator.isRepetition(key("a"), at: at(500)) == true)
    #expect(deduplicator.isRepetition(key("b"), at: at(500)) == false)
    #expect(deduplicator.isRepetition(key("a"), at: at(1000)) == false)
    #expect(deduplicator.count == 2)
  }
}

@Suite struct ThrottleTests {
  // row 1.30: the last state within an interval is always told.
  @Test func keepsTheTrailingEdge() {
    var throttle = Throttle(interval: .seconds(1), limit: 10)
    #expect(texts(throttle.offer(key("a"), line("1"), at: at(0))) == ["1"])
    #expect(throttle.offer(key("a"), line("2"), at: at(100)).isEmpty)
    #expect(throttle.offer(key("a"), line("3"), at: at(200)).isEmpty)
    #expect(texts(throttle.offer(key("b"), line("x"), at: at(300))) == ["x"])
    #expect(throttle.deadline == at(1000))
    #expect(throttle.due(at: at(999)).isEmpty)
    #expect(texts(throttle.due(at: at(1000))) == ["3"])
    #expect(throttle.offer(key("a"), line("4"), at: at(1500)).isEmpty)
    #expect(texts(throttle.due(at: at(2000))) == ["4"])
    #expect(throttle.due(at: at(4000)).isEmpty)
    #expect(throttle.deadline == nil)
  }

  @Test func losesNothingForWantOfRoom() {
    var throttle = Throttle(interval: .seconds(1), limit: 1)
    _ = throttle.offer(key("a"), line("1"), at: at(0))
    _ = throttle.offer(key("a"), line("2"), at: at(1))
    #expect(texts(throttle.offer(key("b"), line("3"), at: at(2))) == ["2", "3"])
    #expect(throttle.hasRunOver)
  }
}

@Suite struct DebouncerTests {
  @Test func passesTheLastOnceQuiet() {
    var debouncer = Debouncer(quiet: .milliseconds(300), maximumWait: nil, limit: 10)
    #expect(debouncer.offer(key("a"), line("1"), at: at(0)).isEmpty)
    #expect(debouncer.offer(key("a"), line("2"), at: at(200)).isEmpty)
    #expect(debouncer.deadline == at(500))
    #expect(texts(debouncer.due(at: at(500))) == ["2"])
    #expect(debouncer.deadline == nil)
  }

  // row 1.31: under constant load a line still passes.
  @Test func doesNotStarve() {
    var debouncer = Debouncer(quiet: .milliseconds(300), maximumWait: .seconds(2), limit: 10)
    var passed: [String] = []
    for time in stride(from: 0, to: 5000, by: 100) {
      _ = debouncer.offer(key("a"), line("\(time)"), at: at(time))
      passed += texts(debouncer.due(at: at(time)))
    }
    passed += texts(debouncer.drain())
    #expect(passed == ["2000", "4100", "4900"])
  }

  @Test func keepsTheOrderOfArrival() {
    var debouncer = Debouncer(quiet: .milliseconds(300), maximumWait: .seconds(1), limit: 2)
    _ = debouncer.offer(key("a"), line("a"), at: at(0))
    _ = debouncer.offer(key("b"), line("b"), at: at(1))
    #expect(texts(debouncer.offer(key("c"), line("c"), at: at(2))) == ["a"])
    #expect(debouncer.hasRunOver)
    #expect(texts(debouncer.due(at: at(2000))) == ["b", "c"])
  }
}

@Suite struct AbsenceWatchTests {
  // row 2.18: silence is told once, and so is the return.
  @Test func tellsSilenceAndReturnOnce() {
    var watch = AbsenceWatch(patience: .seconds(90), limit: 10)
    #expect(watch.hear(key("a"), line("a"), at: at(0)) == nil)
    #expect(watch.hear(key("b"), line("b"), at: at(50_000)) == nil)
    #expect(watch.deadline == at(90_000))
    #expect(watch.due(at: at(90_000)) == [AbsenceWatch.Change(key: line("a"), isSilent: true)])
    #expect(watch.due(at: at(120_000)).isEmpty)
    #expect(
      watch.hear(key("a"), line("a"), at: at(130_000)) == AbsenceWatch.Change(key: line("a"), isSilent: false)
    )
    #expect(watch.due(at: at(150_000)) == [AbsenceWatch.Change(key: line("b"), isSilent: true)])
  }
}
