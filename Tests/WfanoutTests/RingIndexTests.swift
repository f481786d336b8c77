// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import WfanoutCore

/// Batches and their index, with a count of the batches that searches examine.
final class TestRing {
  private let batches: [Batch]
  private var index = RingIndex()
  private(set) var lookups = 0

  init(_ batches: [Batch], start: Int = 0) {
    self.batches = batches
    for batch in batches { index.append(batch) }
    index.removeEvents(before: start)
  }

  private func batch(at position: Int) -> Batch? {
    lookups += 1
    var (low, high) = (0, batches.count)
    while low < high {
      let middle = (low + high) / 2
      if batches[middle].endPosition <= position { low = middle + 1 } else { high = middle }
    }
    return low < batches.count && batches[low].firstPosition <= position ? batches[low] : nil
  }

  func place(of id: EventID) -> StartPoint { index.place(of: id, batch: batch) }
  func place(ofVersion version: String) -> StartPoint { index.place(ofVersion: version, batch: batch) }
}

struct RingIndexTests {
  private static func batches(_ ids: [(epoch: Int, sequence: Int)], each size: Int) -> [Batch] {
    stride(from: 0, to: ids.count, by: size).map { first in
      var batch = Batch(firstPosition: first)
      for id in ids[first..<min(first + size, ids.count)] {
        let object = #"{"metadata":{"resourceVersion":"\#(id.sequence)"}}"#
        let source = #"{"epoch":\#(id.epoch),"sequence":\#(id.sequence)}"#
        batch.append(Array(#"{"type":"ADDED","object":\#(object),"source":\#(source)}"#.utf8))
      }
      batch.seal(epoch: 1)
      return batch
    }
  }

  /// The expected place, found by looking at each event from the newest to the oldest.
  private static func slowPlace(
    _ wanted: (epoch: Int, sequence: Int), _ ids: [(epoch: Int, sequence: Int)], _ start: Int
  ) -> StartPoint {
    let id = EventID(epoch: UInt64(wanted.epoch), sequence: UInt64(wanted.sequence))
    let here = (start..<ids.count).filter { ids[$0].epoch == wanted.epoch }
    guard let newest = here.last, let oldest = here.first else { return .reset(.unknown) }
    if let exact = here.last(where: { ids[$0].sequence == wanted.sequence }) { return .position(exact + 1) }
    if wanted.sequence > ids[newest].sequence { return .after(id) }
    guard let following = here.first(where: { ids[$0].sequence > wanted.sequence }) else {
      return .reset(.unknown)
    }
    let distance = ids[oldest].sequence - wanted.sequence
    return distance <= 1 ? .position(following) : .reset(.expired)
  }

  @Test func findsTheSameAsALinearSearch() {
    var generator = RandomInputTests.Generator(state: 14)
    for _ in 0..<300 {
      var ids: [(epoch: Int, sequence: Int)] = []
      var next = [10, 10, 10]
      for _ in 0..<Int.random(in: 1...40, using: &generator) {
        let epoch = Int.random(in: 1...2, using: &generator)
        ids.append((epoch, next[epoch]))
        next[epoch] += Int.random(in: -1...4, using: &generator)
      }
      let start = Int.random(in: 0..<ids.count, using: &generator)
      let size = Int.random(in: 1...5, using: &generator)
      let ring = TestRing(Self.batches(ids, each: size), start: start)
      for epoch in 1...3 {
        for sequence in 0..<60 {
          let id = EventID(epoch: UInt64(epoch), sequence: UInt64(sequence))
          #expect(ring.place(of: id) == Self.slowPlace((epoch, sequence), ids, start))
        }
      }
      for version in 0..<60 {
        let newest = ids.indices.last { $0 >= start && ids[$0].sequence == version }
        let expected = newest.map { StartPoint.position($0 + 1) } ?? .reset(.expired)
        #expect(ring.place(ofVersion: "\(version)") == expected)
      }
    }
  }

  @Test func aSearchExaminesFewBatches() {
    let ids = (0..<50_000).map { (epoch: 7, sequence: 100_000 + $0 * 2) }
    let ring = TestRing(Self.batches(ids, each: 1), start: 10_000)
    for sequence in [0, 99_999, 100_001, 120_000, 150_001, 199_998, 300_000] {
      for epoch in [UInt64(7), 8] {
        _ = ring.place(of: EventID(epoch: epoch, sequence: UInt64(sequence)))
        _ = ring.place(ofVersion: "\(sequence)")
      }
    }
    #expect(ring.lookups < 400)
  }
}
