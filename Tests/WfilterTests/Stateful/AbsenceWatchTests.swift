import Events
// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import WfilterCore

struct AbsenceWatchTests {
  @Test func reportsSilenceAndReturnOnce() {
    var watch = AbsenceWatch(silence: .seconds(90), limit: 10)
    let key = KeyHash("controller-1")
    let text = Array("controller-1".utf8)
    for second in [0, 30, 60] {
      #expect(watch.line(of: key, text: text, isDeletion: false, now: at(second * 1000)) == nil)
    }
    #expect(watch.deadline == at(150_000).instant)
    #expect(watch.tick(now: at(149_999)) == nil)
    let silent = watch.tick(now: at(150_000))
    #expect(
      silent.map { String(decoding: $0.json, as: UTF8.self) } == """
        {"tool":"wfilter","scope":{"key":"controller-1"},"mode":"streaming","health":"unhealthy",\
        "reason":"awaiting","since":"2027-01-15T08:02:30.000Z","connected":true,"delivering":false,\
        "polling":{"enabled":false,"intervalSeconds":10},"lastEvent":"2027-01-15T08:01:00.000Z",\
        "resourceVersion":"","reconnects":0,"resyncs":0,"errors":0}
        """)
    #expect(watch.tick(now: at(400_000)) == nil)
    #expect(watch.deadline == nil)
    let back = watch.line(of: key, text: text, isDeletion: false, now: at(500_000))
    #expect(
      back?.health == .healthy && back?.reason == StreamStatus.Reason.none && back?.isDelivering == true)
    #expect(watch.line(of: key, text: text, isDeletion: false, now: at(501_000)) == nil)
  }

  @Test func doesNotMissADeletedKey() {
    var watch = AbsenceWatch(silence: .seconds(1), limit: 10)
    _ = watch.line(of: KeyHash("1"), text: [1], isDeletion: false, now: at(0))
    _ = watch.line(of: KeyHash("1"), text: [1], isDeletion: true, now: at(500))
    _ = watch.line(of: KeyHash("2"), text: [2], isDeletion: true, now: at(500))
    #expect(watch.deadline == nil)
    #expect(watch.tick(now: at(5000)) == nil)
  }

  @Test func keepsEachKeysOwnTime() {
    var watch = AbsenceWatch(silence: .seconds(1), limit: 10)
    for (key, time) in [(1, 0), (2, 300), (1, 700), (3, 900)] as [(UInt8, Int)] {
      _ = watch.line(of: KeyHash([key]), text: [key], isDeletion: false, now: at(time))
    }
    var silent: [String] = []
    while let status = watch.tick(now: at(1750)) { silent += status.scope.map(\.value) }
    #expect(silent == ["\u{2}", "\u{1}"])
    #expect(watch.deadline == at(1900).instant)
  }

  @Test func forgetsTheLongestSilentBeyondItsLimit() {
    var watch = AbsenceWatch(silence: .seconds(1), limit: 2)
    for key in [1, 2, 3] as [UInt8] {
      _ = watch.line(of: KeyHash([key]), text: [key], isDeletion: false, now: at(Int(key)))
    }
    var count = 0
    while watch.tick(now: at(5000)) != nil { count += 1 }
    #expect(count == 2 && watch.evictions == 1)
  }

  /// Against a list of all keys in the order of their last lines.
  @Test(arguments: 0..<20 as Range<UInt64>) func agreesWithAPlainList(_ seed: UInt64) {
    var numbers = SeededNumbers(seed: seed)
    var watch = AbsenceWatch(silence: .seconds(1), limit: 5)
    var known: [(key: UInt8, last: Int, isSilent: Bool)] = []
    var time = 0
    for _ in 0..<2000 {
      time += Int.random(in: 0...300, using: &numbers)
      let key = UInt8.random(in: 1...8, using: &numbers)
      let isDeletion = Int.random(in: 0..<8, using: &numbers) == 0
      let wasSilent = known.first { $0.key == key }?.isSilent ?? false
      let isKnown = known.contains { $0.key == key }
      known.removeAll { $0.key == key }
      if !isDeletion {
        if !isKnown, known.count == 5 { known.removeFirst() }
        known.append((key, time, false))
      }
      let back = watch.line(of: KeyHash([key]), text: [key], isDeletion: isDeletion, now: at(time))
      #expect((back != nil) == wasSilent)
      guard Bool.random(using: &numbers) else { continue }
      var due: [UInt8] = []
      for index in known.indices where !known[index].isSilent && known[index].last + 1000 <= time {
        due.append(known[index].key)
        known[index].isSilent = true
      }
      var silent: [UInt8] = []
      while let status = watch.tick(now: at(time)) { silent += status.scope.flatMap { $0.value.utf8 } }
      #expect(silent == due)
      #expect(watch.deadline == known.first { !$0.isSilent }.map { at($0.last + 1000).instant })
    }
  }
}
