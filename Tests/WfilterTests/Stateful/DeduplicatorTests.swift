// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import WfilterCore

struct DeduplicatorTests {
  @Test func passesAValueOnceInAWindow() {
    var deduplicator = Deduplicator(window: .seconds(120), limit: 100)
    func isNew(_ value: String, _ seconds: Int) -> Bool {
      deduplicator.isNew(key: nil, value: KeyHash(value), isDeletion: false, now: at(seconds * 1000).instant)
    }
    #expect(isNew("id1", 0) && isNew("id2", 0))
    #expect(!isNew("id1", 1) && !isNew("id2", 60) && !isNew("id1", 119))
    // Repetitions do not extend the window.
    #expect(isNew("id1", 120))
    #expect(deduplicator.dropped == 3)
  }

  @Test func keepsKeysApart() {
    var deduplicator = Deduplicator(window: .seconds(1), limit: 100)
    for (key, value) in [("a", "bc"), ("ab", "c"), ("", "abc")] {
      let isNew = deduplicator.isNew(
        key: KeyHash(key), value: KeyHash(value), isDeletion: false, now: at(0).instant)
      #expect(isNew)
    }
  }

  /// The steps: whether the line is a DELETED, its value, and whether it passes.
  static let lives: [[(Bool, String, Bool)]] = [
    [(false, "v", true), (true, "v", true), (true, "v", false)],
    [(false, "v", true), (true, "v", true), (false, "v", true), (true, "v", true), (false, "v", true)],
    [(true, "v", true), (true, "w", true), (true, "v", false), (false, "v", true), (false, "v", false)],
  ]

  @Test(arguments: 0..<3) func startsAgainAfterADeletion(_ number: Int) {
    var deduplicator = Deduplicator(window: .seconds(60), limit: 100)
    for (step, (isDeletion, value, passes)) in Self.lives[number].enumerated() {
      let isNew = deduplicator.isNew(
        key: KeyHash("k"), value: KeyHash(value), isDeletion: isDeletion, now: at(step).instant)
      #expect(isNew == passes, "step \(step)")
    }
  }

  @Test func forgetsExpiredValues() {
    var deduplicator = Deduplicator(window: .seconds(1), limit: 1000)
    for step in 0..<5000 {
      _ = deduplicator.isNew(
        key: nil, value: KeyHash("\(step)"), isDeletion: false, now: at(step * 100).instant)
    }
    #expect(deduplicator.count == 10 && deduplicator.evictions == 0)
  }

  @Test func remembersNoMoreThanItsLimit() {
    var deduplicator = Deduplicator(window: .seconds(1), limit: 5)
    for step in 0..<10 {
      _ = deduplicator.isNew(key: nil, value: KeyHash("\(step)"), isDeletion: false, now: at(0).instant)
    }
    #expect(deduplicator.count == 5 && deduplicator.evictions == 5)
  }
}
