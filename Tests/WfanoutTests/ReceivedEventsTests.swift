// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import WfanoutCore

struct ReceivedEventsTests {
  private static func batch(_ ids: [EventID]) -> Batch {
    var batch = Batch(firstPosition: 0)
    for id in ids {
      let source = #"{"epoch":\#(id.epoch),"sequence":\#(id.sequence)}"#
      batch.append(Array(#"{"type":"ADDED","object":{"metadata":{}},"source":\#(source)}"#.utf8))
    }
    batch.seal(epoch: 1)
    return batch
  }

  private static let ids =
    (10...13).map { EventID(epoch: 7, sequence: $0) } + [EventID(epoch: 8, sequence: 1)]

  @Test func endAfterTheirLast() {
    let batch = Self.batch(Self.ids)
    var received = ReceivedEvents(EventID(epoch: 7, sequence: 11))
    #expect(received.next(in: batch, from: 0) == 2)
    #expect(received.next(in: batch, from: 3) == 3)
    #expect(received.next(in: batch, from: 5) == nil)
    var all = ReceivedEvents(EventID(epoch: 7, sequence: 20))
    #expect(all.next(in: batch, from: 0) == 4, "another stream")
    #expect(all.next(in: Self.batch(Array(Self.ids.prefix(4))), from: 0) == nil)
    var none = ReceivedEvents(EventID(epoch: 6, sequence: 20))
    #expect(none.next(in: batch, from: 0) == 0)
  }

  @Test func aSequenceIsOfTheStreamOfTheNextEvent() {
    var received = ReceivedEvents(epoch: nil, sequence: 14)
    #expect(received.last == nil)
    #expect(received.next(in: Self.batch(Array(Self.ids.prefix(4))), from: 0) == nil)
    #expect(received.last == EventID(epoch: 7, sequence: 14))
    #expect(received.next(in: Self.batch(Self.ids), from: 0) == 4)
  }

  /// A live stream that begins after the command that was to print everything before it.
  @Test func areFollowedByTheNextEventIfNothingElseProvesIt() {
    let batch = Self.batch(Self.ids)
    func mayLack(_ epoch: UInt64?, _ sequence: UInt64, mustAdjoin: Bool = true, before start: Int = 0) -> Bool
    {
      ReceivedEvents(epoch: epoch, sequence: sequence, mustAdjoin: mustAdjoin).mayLack(
        before: start, of: batch)
    }
    #expect(mayLack(7, 8) && mayLack(nil, 8) && mayLack(7, 10, before: 2))
    #expect(!mayLack(7, 9) && !mayLack(nil, 9) && !mayLack(7, 12) && !mayLack(6, 1))
    #expect(!mayLack(7, 8, mustAdjoin: false) && !mayLack(7, 8, before: 5))
  }

  /// The versions of objects, and sequences that no replica can have sent.
  @Test func otherNumbersMeanNothing() {
    var plain = Batch(firstPosition: 0)
    plain.append(Array(#"{"type":"ADDED","object":{}}"#.utf8))
    plain.seal(epoch: 1)
    var received = ReceivedEvents(epoch: nil, sequence: 12)
    #expect(received.next(in: plain, from: 0) == 0)
    var far = ReceivedEvents(epoch: nil, sequence: .max)
    #expect(far.next(in: Self.batch(Self.ids), from: 0) == 0)
  }
}
