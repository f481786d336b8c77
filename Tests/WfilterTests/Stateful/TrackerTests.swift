import Events
// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import WfilterCore

struct TrackerTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var name: String
    /// The type, and whether the object matches. In the case's name, `-` marks an event without a body.
    var events: [(EventType, Bool)]
    /// The types that are printed; nil for a dropped line.
    var expected: [EventType?]
    var hasBody = true
    var testDescription: String { name }
  }

  static let cases: [Case] = [
    Case(
      name: "passes a life", events: [(.added, true), (.modified, true), (.deleted, true)],
      expected: [.added, .modified, .deleted]),
    Case(
      name: "a change into the filter enters", events: [(.added, false), (.modified, true)],
      expected: [nil, .added]),
    Case(
      name: "a change out of it leaves", events: [(.added, true), (.modified, false), (.modified, false)],
      expected: [.added, .deleted, nil]),
    Case(
      name: "what left is deleted in silence",
      events: [(.added, true), (.modified, false), (.deleted, false)], expected: [.added, .deleted, nil]),
    Case(
      name: "in and out again", events: [(.added, true), (.modified, false), (.modified, true)],
      expected: [.added, .deleted, .added]),
    Case(
      name: "never matched", events: [(.added, false), (.modified, false), (.deleted, false)],
      expected: [nil, nil, nil]),
    Case(
      name: "a deletion without its body", events: [(.added, true), (.deleted, false)],
      expected: [.added, .deleted], hasBody: false),
    Case(
      name: "one of an unknown object, which a negative condition would match",
      events: [(.deleted, true)], expected: [nil], hasBody: false),
    Case(
      name: "a deletion of an object told before this process began", events: [(.deleted, true)],
      expected: [.deleted]),
    Case(
      name: "ADDED once more after a list", events: [(.added, true), (.added, true), (.deleted, true)],
      expected: [.added, .modified, .deleted]),
    Case(
      name: "ADDED once more, and out of the filter", events: [(.added, true), (.added, false)],
      expected: [.added, .deleted]),
    Case(
      name: "made again", events: [(.added, true), (.deleted, true), (.added, true)],
      expected: [.added, .deleted, .added]),
    Case(
      name: "metrics are not tracked", events: [(.metrics, true), (.metrics, false), (.metrics, true)],
      expected: [.metrics, nil, .metrics]),
  ]

  @Test(arguments: cases) func printsTheEventsOfASelectorWatch(_ c: Case) {
    var tracker = Tracker(limit: 10)
    var verdicts: [EventType?] = []
    for (type, matched) in c.events {
      verdicts.append(tracker.event(type, key: KeyHash("a"), matched: matched, hasBody: c.hasBody))
    }
    #expect(verdicts == c.expected)
  }

  @Test func forgetsBeyondItsLimit() {
    var tracker = Tracker(limit: 2)
    for key in [1, 2, 3] as [UInt8] {
      #expect(tracker.event(.added, key: KeyHash([key]), matched: true, hasBody: true) == .added)
    }
    #expect(tracker.evictions == 1 && tracker.count == 2)
    #expect(tracker.event(.modified, key: KeyHash("a"), matched: true, hasBody: true) == .added)
  }

  /// A naive watch compares the object before and after each change, as the API server's cacher does. The
  /// tracker must give the same events. When they are folded, each matching object is added once, changed
  /// only while it exists, and deleted once.
  @Test(arguments: [1, 2, 3, 4, 5] as [UInt64]) func equalsANaiveSelectorWatch(_ seed: UInt64) {
    var numbers = SeededNumbers(seed: seed)
    var tracker = Tracker(limit: 1000)
    var truth: [UInt8: Bool] = [:]
    var folded: Set<UInt8> = []
    for _ in 0..<20_000 {
      let key = UInt8.random(in: 0..<30, using: &numbers)
      let before = truth[key]
      let isDeleted = before != nil && Int.random(in: 0..<4, using: &numbers) == 0
      let after = isDeleted ? nil : Bool.random(using: &numbers)
      truth[key] = after
      let isRelisted = Int.random(in: 0..<20, using: &numbers) == 0
      let type: EventType = isDeleted ? .deleted : before == nil || isRelisted ? .added : .modified
      // A deletion has the object's last state or no object. Without an object the condition may have any
      // value.
      let hasBody = !isDeleted || Bool.random(using: &numbers)
      let matched = after ?? (hasBody ? before == true : Bool.random(using: &numbers))

      let expected: EventType? =
        switch (before ?? false, after ?? false) {
        case (false, false): nil
        case (false, true): .added
        case (true, true): .modified
        case (true, false): .deleted
        }
      let verdict = tracker.event(type, key: KeyHash([key]), matched: matched, hasBody: hasBody)
      #expect(verdict == expected)
      switch verdict {
      case .added: #expect(folded.insert(key).inserted)
      case .modified: #expect(folded.contains(key))
      case .deleted: #expect(folded.remove(key) != nil)
      default: break
      }
      #expect(folded.contains(key) == (after ?? false))
    }
    #expect(folded == Set(truth.filter(\.value).keys))
  }
}
