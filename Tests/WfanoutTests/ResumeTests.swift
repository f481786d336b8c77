// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import WfanoutCore

struct ResumeTests {
  /// Ids of this wfanout: epoch 9, sequences 101…106, in batches of two at positions 100…105.
  func own() -> [Batch] {
    stride(from: 100, through: 104, by: 2).map { first in
      var batch = Batch(firstPosition: first)
      for index in 0..<2 { batch.append(Array(pod("p", version: first + index).utf8)) }
      batch.seal(epoch: 9)
      return batch
    }
  }

  func source(_ sequences: [Int]) -> [Batch] {
    var batch = Batch(firstPosition: 50)
    for sequence in sequences { batch.append(Array(message(sequence).utf8)) }
    batch.seal(epoch: 9)
    return [batch]
  }

  func place(_ epoch: UInt64, _ sequence: UInt64, _ batches: [Batch]) -> StartPoint {
    TestRing(batches).place(of: EventID(epoch: epoch, sequence: sequence))
  }

  @Test func ownIDsHaveTheirPlaces() {
    func place(_ sequence: UInt64) -> StartPoint {
      Resume.place(after: sequence, oldest: 100, published: 106)
    }
    for sequence in UInt64(100)...106 { #expect(place(sequence) == .position(Int(sequence))) }
    #expect(place(99) == .reset(.expired))
    #expect(place(107) == .reset(.unknown))
    #expect(place(.max) == .reset(.unknown))
    #expect(
      Resume.place(after: 0, oldest: 0, published: 0) == .position(0), "nothing has come yet, nothing is lost"
    )
  }

  @Test func foreignNumbersAreReset() {
    #expect(place(8, 103, source([20])) == .reset(.unknown))
    #expect(place(8, 103, []) == .reset(.unknown))
  }

  @Test func idsOfAnotherReplicaHaveAPlace() {
    let epoch: UInt64 = 1_700_000_000_000_000_000
    let batches = source([20, 25, 30])
    #expect(place(epoch, 25, batches) == .position(52))
    #expect(place(epoch, 27, batches) == .position(52))
    #expect(place(epoch, 30, batches) == .position(53))
    #expect(place(epoch, 31, batches) == .after(EventID(epoch: epoch, sequence: 31)))
    #expect(place(epoch, 19, batches) == .position(50))
    #expect(place(epoch, 18, batches) == .reset(.expired))
    #expect(place(epoch, 30 + Resume.lead + 1, batches) == .reset(.unknown))
  }

  @Test func findsAResourceVersionByItsText() {
    #expect(TestRing(own()).place(ofVersion: "103") == .position(104))
    #expect(TestRing(own()).place(ofVersion: "99") == .reset(.expired))
  }

  @Test(arguments: [
    "", "-", "1-", "-1", "1", "1-2-3", "a-1", "1- 2", "+1-2", "18446744073709551616-1", "１-2",
  ])
  func refusesInvalidIDs(text: String) {
    #expect(EventID(text) == nil)
  }

  @Test func idsRoundTripThroughText() {
    let id = EventID(epoch: .max, sequence: 0)
    #expect(EventID(id.description) == id)
  }
}

struct OverflowTests {
  @Test func aQueueOfAHundredKeepsTheLastHundred() {
    let rule = OverflowRule(policy: .dropOldest, queueLimit: 100)
    #expect(rule.catchUp(position: 0, ring: 0..<250) == .skip(to: 150, dropped: 150))
    #expect(rule.catchUp(position: 150, ring: 0..<250) == .goOn)
  }

  @Test func withoutAQueueTheRingIsTheLimit() {
    let rule = OverflowRule(policy: .dropOldest, queueLimit: nil)
    #expect(rule.catchUp(position: 5, ring: 5..<500) == .goOn)
    #expect(rule.catchUp(position: 4, ring: 5..<500) == .skip(to: 5, dropped: 1))
  }

  @Test func eachPolicyHasItsResult() {
    #expect(
      OverflowRule(policy: .reset, queueLimit: 10).catchUp(position: 0, ring: 0..<20) == .reset(dropped: 10))
    #expect(
      OverflowRule(policy: .disconnect, queueLimit: 10).catchUp(position: 0, ring: 0..<20) == .disconnect)
    let newest = OverflowRule(policy: .dropNewest, queueLimit: 10)
    #expect(newest.catchUp(position: 0, ring: 0..<20) == .stop(at: 10))
    #expect(newest.catchUp(position: 15, ring: 0..<20) == .goOn)
    #expect(newest.catchUp(position: 0, ring: 5..<20) == .skip(to: 5, dropped: 5))
    #expect(OverflowRule(policy: .block, queueLimit: 10).catchUp(position: 0, ring: 0..<20) == .goOn)
  }
}
