// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import WfanoutCore

struct RingTests {
  struct Run: RingElement {
    var firstPosition: Int
    var endPosition: Int
    var byteCount: Int
  }

  @Test func keepsTheNewestWithinItsBytes() {
    var ring = Ring<Run>(byteLimit: 100)
    #expect(ring.start == 0 && ring.end == 0)
    for index in 0..<10 {
      let dropped = ring.append(Run(firstPosition: index * 3, endPosition: index * 3 + 3, byteCount: 30))
      #expect(dropped == (index < 3 ? 0 : 3))
    }
    #expect(ring.start == 21)
    #expect(ring.end == 30)
    #expect(ring.byteCount == 90)
  }

  @Test func keepsTheNewestOfAnySize() {
    var ring = Ring<Run>(byteLimit: 10)
    ring.append(Run(firstPosition: 0, endPosition: 1, byteCount: 5))
    ring.append(Run(firstPosition: 1, endPosition: 2, byteCount: 500))
    #expect(ring.start == 1)
    #expect(ring.element(at: 1)?.byteCount == 500)
  }

  @Test func findsTheSegmentOfEveryPosition() {
    var ring = Ring<Run>(byteLimit: 1000)
    var position = 0
    for index in 0..<500 {
      let count = index % 5 + 1
      ring.append(Run(firstPosition: position, endPosition: position + count, byteCount: 10))
      position += count
    }
    for wanted in ring.start..<ring.end {
      let element = ring.element(at: wanted)
      #expect(element.map { ($0.firstPosition..<$0.endPosition).contains(wanted) } == true)
    }
    #expect(ring.element(at: ring.start - 1) == nil)
    #expect(ring.element(at: ring.end) == nil)
    #expect(ring.count == 100)
  }
}

struct BatchTests {
  func batch(_ lines: [String], first: Int = 0) -> Batch {
    var batch = Batch(firstPosition: first)
    for line in lines { batch.append(Array(line.utf8)) }
    batch.seal(epoch: 9)
    return batch
  }

  func line(_ batch: Batch, _ index: Int) -> String {
    String(decoding: batch.bytes[batch.line(index)], as: UTF8.self)
  }

  @Test func keepsLinesUnchanged() {
    let batch = batch([#"{"a": 1.0}"#, "", "not JSON", "\r", "{}\r"])
    #expect((0..<batch.count).map { line(batch, $0) } == [#"{"a": 1.0}"#, "not JSON", "{}"])
    #expect(batch.endPosition == 3)
  }

  @Test func aCarriageReturnInsideCannotEndAField() {
    #expect(line(batch(["{\"a\":\r1}"]), 0) == "{\"a\": 1}")
  }

  @Test func repairsInvalidUTF8() {
    var batch = Batch(firstPosition: 0)
    batch.append([0x22, 0xFF, 0xC3, 0xA9, 0x22])
    #expect(line(batch, 0) == "\"\u{FFFD}é\"")
    #expect(batch.mended == 1)
  }

  @Test func idsComeFromTheSource() {
    let batch = batch([pod("a"), message(41), message(43)], first: 10)
    #expect(batch.ids.map(\.description) == ["9-11", "1700000000000000000-41", "1700000000000000000-43"])
  }
}
