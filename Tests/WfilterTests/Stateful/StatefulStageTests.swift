import Events
// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import WfilterCore

struct StatefulStageTests {
  @Test func passesLinesUnchangedWithoutFlags() {
    var stage = StageUnderTest { _ in }
    #expect(stage.line("{}", key: nil) == ["{}"])
    #expect(stage.line("{}", key: nil, matched: false) == [])
    #expect(stage.line(event(.bookmark, "b"), key: nil, type: .bookmark) == [event(.bookmark, "b")])
    #expect(stage.stage.deadline == nil)
  }

  @Test func changesOnlyTheType() {
    var stage = StageUnderTest { $0.tracks = true }
    let line =
      #"{ "type" : "MODIFIED" , "n":1.0, "object":{"type":"MODIFIED","metadata":{"name":"a"},"spec":{}}}"#
    let retyped = { (type: String) in
      #"{ "type" : "\#(type)" , "n":1.0, "object":{"type":"MODIFIED","metadata":{"name":"a"},"spec":{}}}"#
    }
    #expect(stage.line(line, key: "a", type: .modified) == [retyped("ADDED")])
    #expect(stage.line(line, key: "a", type: .modified) == [line])
    #expect(stage.line(line, key: "a", matched: false, type: .modified) == [retyped("DELETED")])
    #expect(stage.line(line, key: "a", matched: false, type: .modified) == [])
  }

  @Test func handlesADeletionWithoutABody() {
    var stage = StageUnderTest { $0.tracks = true }
    let bare =
      #"{"type":"DELETED","object":{"kind":"Pod","apiVersion":"v1","metadata":{"name":"a","namespace":"n","uid":"u","resourceVersion":"9"}}}"#
    #expect(stage.line(bare, key: "u", type: .deleted) == [])
    _ = stage.event(.added, key: "u", matched: true)
    #expect(stage.line(bare, key: "u", matched: false, type: .deleted) == [bare])
    #expect(stage.event(.deleted, key: "v", matched: true) == [event(.deleted, "v")])
  }

  @Test func doesNotTrackLinesWithoutAKey() {
    var stage = StageUnderTest { $0.tracks = true }
    #expect(stage.line(event(.added, "a"), key: nil, type: .added) == [event(.added, "a")])
    #expect(stage.line(event(.added, "b"), key: nil, type: .added) == [event(.added, "b")])
    #expect(stage.line(event(.modified, "b"), key: nil, matched: false, type: .modified) == [])
  }

  @Test func tracksPrintedLinesAndNotReplacedOnes() {
    var stage = StageUnderTest {
      $0.tracks = true
      $0.debounce = .milliseconds(300)
    }
    // The object started and stopped matching before anything was printed, so nothing is printed.
    #expect(stage.event(.added, key: "a", matched: true) == [])
    #expect(stage.event(.modified, key: "a", matched: false, at: 100) == [])
    #expect(stage.tick(at: 1000) == [])
    // The object was created and changed during the wait, so it is printed as ADDED.
    #expect(stage.event(.added, key: "b", matched: true, at: 1000) == [])
    #expect(stage.event(.modified, key: "b", matched: true, at: 1100) == [])
    #expect(stage.tick(at: 1400) == [event(.added, "b")])
    // The object stopped and started matching during the wait, so it is printed as a change.
    #expect(stage.event(.modified, key: "b", matched: false, at: 2000) == [])
    #expect(stage.event(.modified, key: "b", matched: true, at: 2100) == [])
    #expect(stage.tick(at: 2400) == [event(.modified, "b")])
    #expect(stage.event(.deleted, key: "b", matched: true, at: 3000) == [event(.deleted, "b")])
    #expect(stage.event(.modified, key: "c", matched: false, at: 3000) == [])
    #expect(stage.stage.deadline == nil)
  }

  @Test func keepsABookmarkAfterTheLinesBeforeIt() {
    var stage = StageUnderTest { $0.debounce = .milliseconds(300) }
    #expect(stage.event(.added, key: "a", matched: true) == [])
    #expect(stage.line(event(.bookmark, "1"), key: nil, type: .bookmark, at: 10) == [])
    #expect(stage.event(.added, key: "b", matched: true, at: 200) == [])
    #expect(stage.line(event(.bookmark, "2"), key: nil, type: .bookmark, at: 250) == [])
    #expect(stage.line(event(.status, "s"), key: nil, type: .status, at: 260) == [event(.status, "s")])
    #expect(stage.tick(at: 300) == [event(.added, "a"), event(.bookmark, "1")])
    #expect(stage.tick(at: 500) == [event(.added, "b"), event(.bookmark, "2")])
    #expect(stage.line(event(.bookmark, "3"), key: nil, type: .bookmark, at: 600) == [event(.bookmark, "3")])
  }

  @Test func printsHeldLinesBeforeAnErrorAndAtTheEnd() {
    var stage = StageUnderTest { $0.throttle = .seconds(10) }
    #expect(stage.event(.added, key: "a", matched: true) == [event(.added, "a")])
    #expect(stage.event(.modified, key: "a", matched: true, at: 1) == [])
    #expect(
      stage.line(event(.error, "e"), key: nil, type: .error, at: 2) == [
        event(.modified, "a"), event(.error, "e"),
      ])
    #expect(stage.event(.modified, key: "a", matched: true, at: 3) == [])
    #expect(stage.line(event(.bookmark, "1"), key: nil, type: .bookmark, at: 4) == [])
    #expect(stage.end() == [event(.modified, "a"), event(.bookmark, "1")])
    #expect(stage.end() == [])
  }

  @Test func dedupesTogetherWithTracking() {
    var stage = StageUnderTest {
      $0.tracks = true
      $0.dedupe = "v"
      $0.window = .seconds(60)
    }
    func next(_ type: EventType, _ matched: Bool) -> [String] {
      stage.line(event(type, "a"), key: "a", matched: matched, value: "v", type: type)
    }
    #expect(next(.added, true) == [event(.added, "a")])
    #expect(next(.modified, true) == [])
    #expect(next(.modified, false) == [event(.deleted, "a")])
    // The reader has seen the deletion, so the same value is new.
    #expect(next(.modified, true) == [event(.added, "a")])
    #expect(next(.deleted, true) == [event(.deleted, "a")])
    #expect(stage.stage.counts.deduplicated == 1)
  }

  @Test func reportsSilenceBetweenLines() {
    var stage = StageUnderTest { $0.silence = .seconds(1) }
    _ = stage.event(.added, key: "a", matched: true)
    _ = stage.event(.added, key: "b", matched: false)
    #expect(stage.stage.deadline == at(1000).instant)
    _ = stage.tick(at: 1000)
    #expect(stage.notices.count == 1)
    #expect(stage.event(.modified, key: "a", matched: true, at: 2000) == [event(.modified, "a")])
    #expect(stage.notices.count == 2)
  }

  @Test func reportsTooManyKeysOnce() {
    var stage = StageUnderTest {
      $0.tracks = true
      $0.keysLimit = 2
    }
    for key in ["a", "b", "c", "d"] { _ = stage.event(.added, key: key, matched: true) }
    #expect(stage.notices == [.keysLimitReached])
    #expect(stage.stage.counts.evicted == 2)
  }
}
