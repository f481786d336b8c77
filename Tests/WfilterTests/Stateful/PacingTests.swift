import Events
// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import WfilterCore

/// Debouncer and Throttle: which line of a key is printed, and when.
struct PacingTests {
  private func held(_ key: UInt8, _ text: String, _ type: EventType? = .modified) -> HeldLine {
    HeldLine(key: KeyHash([key]), line: Line(text), matched: true, type: type)
  }

  /// Feeds lines `(time, text)` of one key, with a tick every 10 ms, and returns the output as `time text`.
  private func run(_ lines: [(Int, String, EventType)], until end: Int) -> [String] {
    var debouncer = Debouncer(
      quiet: .milliseconds(300), maximumWait: .seconds(2), limit: 10, byteLimit: 1000)
    var (out, released): ([String], [HeldLine]) = ([], [])
    for time in stride(from: 0, through: end, by: 10) {
      for (_, text, type) in lines where lines.contains(where: { $0.0 == time && $0.1 == text }) {
        debouncer.line(held(1, text, type), now: at(time).instant, into: &released)
      }
      debouncer.tick(now: at(time).instant, into: &released)
      out += released.map { "\(time) \($0.line.text)" }
      released = []
    }
    return out
  }

  @Test func returnsTheNewestLineAfterSilence() {
    let burst = [
      (0, "a", EventType.added), (100, "b", .modified), (350, "c", .modified), (1000, "d", .modified),
    ]
    #expect(run(burst, until: 2000) == ["650 c", "1300 d"])
  }

  @Test func returnsALineAfterTheMaximumWait() {
    let constant = (0..<50).map { ($0 * 100, "\($0)", EventType.modified) }
    #expect(run(constant, until: 6000) == ["2000 19", "4000 39", "5200 49"])
  }

  @Test func returnsADeletionAtOnce() {
    let lines: [(Int, String, EventType)] = [
      (0, "a", .added), (50, "gone", .deleted), (60, "again", .added), (70, "later", .modified),
    ]
    #expect(run(lines, until: 1000) == ["50 gone", "370 later"])
  }

  @Test func returnsLinesEarlyWithoutRoom() {
    var debouncer = Debouncer(quiet: .seconds(1), maximumWait: .seconds(2), limit: 2, byteLimit: 8)
    var released: [HeldLine] = []
    for (key, text) in [(1, "aa"), (2, "bb"), (1, "AA"), (3, "cc")] as [(UInt8, String)] {
      debouncer.line(held(key, text), now: at(0).instant, into: &released)
    }
    #expect(released.map(\.line.text) == ["AA"])  // one key too many: the first to wait
    debouncer.line(held(3, "cccccccc"), now: at(1).instant, into: &released)
    #expect(released.map(\.line.text) == ["AA", "bb"])  // too many bytes
    debouncer.end(into: &released)
    #expect(released.map(\.line.text) == ["AA", "bb", "cccccccc"])
    #expect(debouncer.evictions == 2 && debouncer.held.superseded == 2 && debouncer.held.deadline == nil)
  }

  /// The last line of each key before a silence is printed exactly once, no line waits longer than the
  /// maximum, and no line is printed after a newer line of its key.
  @Test(arguments: [1, 2, 3, 4] as [UInt64]) func deliversEveryBurstsLastLine(_ seed: UInt64) {
    var numbers = SeededNumbers(seed: seed)
    let (quiet, most) = (30, 100)
    var debouncer = Debouncer(
      quiet: .milliseconds(quiet), maximumWait: .milliseconds(most), limit: 1000, byteLimit: 1 << 20)
    var arrivals: [KeyHash: [(time: Int, number: Int)]] = [:]
    var deliveries: [KeyHash: [(time: Int, number: Int)]] = [:]
    var released: [HeldLine] = []
    var number = 0
    for time in 0..<20_000 {
      for key in 0..<5 as Range<UInt8> where Int.random(in: 0..<(20 + 15 * Int(key)), using: &numbers) == 0 {
        number += 1
        arrivals[KeyHash([key]), default: []].append((time, number))
        debouncer.line(held(key, "\(number)"), now: at(time).instant, into: &released)
      }
      debouncer.tick(now: at(time).instant, into: &released)
      for line in released { deliveries[line.key, default: []].append((time, Int(line.line.text) ?? 0)) }
      released = []
    }
    debouncer.end(into: &released)
    for line in released { deliveries[line.key, default: []].append((20_000, Int(line.line.text) ?? 0)) }
    for (key, came) in arrivals {
      let went = deliveries[key] ?? []
      #expect(went.map(\.number) == Set(went.map(\.number)).sorted(), "in order, none twice")
      let delivered = Set(went.map(\.number))
      for (index, line) in came.enumerated() {
        let isLast = index + 1 == came.count || came[index + 1].time - line.time > quiet
        if isLast { #expect(delivered.contains(line.number)) }
        // This line, or a newer one of its key, is printed within the maximum.
        #expect(went.contains { $0.number >= line.number && $0.time <= line.time + most })
      }
    }
  }

  @Test func throttlesWithItsTrailingEdge() {
    var throttle = Throttle(interval: .seconds(1), limit: 10, byteLimit: 1000)
    var out: [String] = []
    var released: [HeldLine] = []
    let lines = [(0, "a"), (100, "b"), (200, "c"), (1500, "d"), (2500, "e"), (4000, "f")]
    for time in stride(from: 0, through: 6000, by: 100) {
      for (_, text) in lines.filter({ $0.0 == time }) {
        throttle.line(held(1, text), now: at(time).instant, into: &released)
      }
      throttle.tick(now: at(time).instant, into: &released)
      out += released.map { "\(time) \($0.line.text)" }
      released = []
    }
    #expect(out == ["0 a", "1000 c", "2000 d", "3000 e", "4000 f"])
    #expect(throttle.held.superseded == 1)
  }

  @Test func throttlesEachKeyAndLetsDeletionsPass() {
    var throttle = Throttle(interval: .seconds(1), limit: 10, byteLimit: 1000)
    var released: [HeldLine] = []
    throttle.line(held(1, "a1"), now: at(0).instant, into: &released)
    throttle.line(held(2, "b1"), now: at(1).instant, into: &released)
    throttle.line(held(1, "a2"), now: at(2).instant, into: &released)
    throttle.line(held(1, "gone", .deleted), now: at(3).instant, into: &released)
    throttle.line(held(1, "again", .added), now: at(4).instant, into: &released)
    #expect(released.map(\.line.text) == ["a1", "b1", "gone", "again"])
  }

  /// Also if there are more keys than are kept.
  @Test(arguments: [1, 2, 3] as [UInt64]) func throttlesInOrderBeyondTheLimit(_ seed: UInt64) {
    var numbers = SeededNumbers(seed: seed)
    var throttle = Throttle(interval: .milliseconds(50), limit: 3, byteLimit: 1 << 20)
    var released: [HeldLine] = []
    var (latest, shown): ([KeyHash: Int], [KeyHash: Int]) = ([:], [:])
    for time in 0..<3000 {
      let key = UInt8.random(in: 0..<6, using: &numbers)
      latest[KeyHash([key])] = time
      throttle.line(held(key, "\(time)"), now: at(time).instant, into: &released)
      if time == 2999 { throttle.end(into: &released) }
      for line in released {
        let number = Int(line.line.text) ?? 0
        #expect(number > shown[line.key] ?? -1)
        shown[line.key] = number
      }
      released = []
    }
    #expect(shown == latest)
  }

  /// For any timing of lines, at most one line of a key is printed in an interval, and the last line always
  /// is.
  @Test(arguments: [1, 2, 3] as [UInt64]) func throttlesToTheInterval(_ seed: UInt64) {
    var numbers = SeededNumbers(seed: seed)
    var throttle = Throttle(interval: .milliseconds(50), limit: 1000, byteLimit: 1 << 20)
    var released: [HeldLine] = []
    var (last, latest, shown): ([KeyHash: Int], [KeyHash: String], [KeyHash: String]) = ([:], [:], [:])
    for time in 0..<10_000 {
      let key = UInt8.random(in: 0..<20, using: &numbers)
      if Int.random(in: 0..<3, using: &numbers) == 0 {
        latest[KeyHash([key])] = "\(time)"
        throttle.line(held(key, "\(time)"), now: at(time).instant, into: &released)
      }
      throttle.tick(now: at(time).instant, into: &released)
      for line in released {
        if let before = last[line.key] { #expect(time - before >= 50) }
        last[line.key] = time
        shown[line.key] = line.line.text
      }
      released = []
    }
    throttle.end(into: &released)
    for line in released { shown[line.key] = line.line.text }
    #expect(shown == latest)
  }
}
