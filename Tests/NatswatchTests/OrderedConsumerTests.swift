// SPDX-License-Identifier: Apache-2.0

import JSON
import Testing

@testable import NatswatchCore

@Suite struct OrderedConsumerTests: OrderedConsumerTesting {
  @Test func newMessagesStartAfterTheLast() {
    var machine = OrderedConsumer(start: .newOnly, coversStream: true)
    #expect(machine.plan(stream(first: 3, last: 10), now: .zero) == .create(.sequence(11)))
    #expect(machine.frontier == 10)
  }

  @Test func otherStartsUseTheSequenceThatTheServerReports() {
    for (start, delivery) in [
      (OrderedConsumer.Start.all, OrderedConsumer.Delivery.all), (.last, .last), (.since(5), .time(5)),
    ] {
      var machine = OrderedConsumer(start: start, coversStream: true)
      let info = stream(first: 3, last: 10)
      #expect(machine.plan(info, now: .zero) == .create(delivery))
      #expect(machine.created(consumer(at: 6), info, now: .zero) == .proceed)
      #expect(machine.frontier == 6)
      // A consumer that is created again before the first message starts at this sequence, not by its policy.
      #expect(machine.plan(info, now: .seconds(1)) == .create(.sequence(7)))
    }
  }

  @Test func deliversOnceAndInOrder() {
    var machine = following(2)
    #expect(machine.message(message(3, 1), now: .zero) == .deliver)
    #expect(machine.message(message(4, 2), now: .zero) == .deliver)
    #expect(machine.message(message(4, 3), now: .zero) == .skip)
    guard case .recreate = machine.message(message(6, 5), now: .zero) else {
      Issue.record("a missing consumer sequence went unnoticed")
      return
    }
    #expect(machine.frontier == 4)
    #expect(machine.plan(stream(first: 1, last: 10), now: .zero) == .create(.sequence(5)))
  }

  @Test func anExpiredPositionIsGone() {
    var machine = OrderedConsumer(start: .after(5), coversStream: true)
    let info = stream(first: 100, last: 200)
    #expect(machine.plan(info, now: .zero) == .create(.sequence(6)))
    #expect(machine.created(consumer(at: 99), info, now: .zero) == .gone(.expired(after: 5, first: 100)))
  }

  @Test func theMessageBeforeTheFirstIsAValidPosition() {
    var machine = OrderedConsumer(start: .after(99), coversStream: true)
    let info = stream(first: 100, last: 200)
    _ = machine.plan(info, now: .zero)
    #expect(machine.created(consumer(at: 99), info, now: .zero) == .proceed)
    var empty = OrderedConsumer(start: .after(200), coversStream: true)
    let purged = stream(first: 201, last: 200)
    _ = empty.plan(purged, now: .zero)
    #expect(empty.created(consumer(at: 200), purged, now: .zero) == .proceed)
  }

  @Test func aPositionAheadOfTheStreamIsGone() {
    var machine = OrderedConsumer(start: .after(11), coversStream: true)
    #expect(machine.plan(stream(first: 1, last: 10), now: .zero) == .gone(.ahead(after: 11, last: 10)))
  }

  @Test func waitsForALeaderThatCatchesUp() {
    var machine = following(9)
    _ = machine.message(message(10, 1), now: .zero)
    #expect(machine.plan(stream(first: 1, last: 9), now: .zero) == .lookAgain)
    #expect(machine.plan(stream(first: 1, last: 9), now: .seconds(3)) == .lookAgain)
    #expect(machine.plan(stream(first: 1, last: 9), now: .seconds(6)) == .gone(.ahead(after: 10, last: 9)))
  }

  /// A process that starts with a stored position has delivered nothing yet.
  @Test func aReplicatedStreamMayCatchUpWithAPositionOfAnEarlierRun() {
    var machine = OrderedConsumer(start: .after(11), coversStream: true)
    let behind = stream(first: 1, last: 10, replicas: 3)
    #expect(machine.plan(behind, now: .zero) == .lookAgain)
    #expect(machine.plan(stream(first: 1, last: 11, replicas: 3), now: .seconds(1)) == .create(.sequence(12)))
    #expect(machine.created(consumer(at: 10), behind, now: .seconds(2)) == .lookAgain)
    #expect(machine.plan(behind, now: .seconds(8)) == .gone(.ahead(after: 11, last: 10)))
  }

  @Test func aRecreatedStreamIsGoneAtAnySequence() {
    var machine = following(5)
    let other = stream(first: 1, last: 500, created: "2026-01-02T00:00:00Z")
    #expect(machine.plan(other, now: .zero) == .gone(.recreated(stream: "S")))
    #expect(machine.created(consumer(at: 5), other, now: .zero) == .gone(.recreated(stream: "S")))
    #expect(machine.prove(other, now: .zero) == .gone(.recreated(stream: "S")))
    var resumed = OrderedConsumer(start: .after(5), epoch: "1", coversStream: true)
    #expect(resumed.plan(stream(first: 1, last: 10), now: .zero) == .gone(.recreated(stream: "S")))
  }

  @Test func aGapIsGoneWhenMessagesExpired() {
    var machine = following(2)
    #expect(machine.message(message(8, 1), now: .seconds(1)) == .prove)
    #expect(
      machine.prove(stream(first: 8, last: 10), now: .seconds(1)) == .gone(.expired(after: 2, first: 8)))
  }

  @Test func aGapIsCompactionWhenTheFrontHasNotMoved() {
    var machine = following(2)
    #expect(machine.message(message(8, 1), now: .seconds(1)) == .prove)
    #expect(machine.prove(stream(first: 1, last: 10, deleted: 5), now: .seconds(1)) == .proceed)
    #expect(machine.message(message(8, 1), now: .seconds(1), isProven: true) == .deliver)
    #expect(machine.unprovenFrom == nil && machine.frontier == 8)
  }

  /// A sequence without a successor, which only a broken server sends.
  @Test func theLastNumberIsNoSequence() {
    var machine = following(2)
    guard case .recreate = machine.message(message(.max, 1), now: .zero),
      case .recreate = machine.idle(lastConsumer: 0, lastStream: .max, now: .zero)
    else {
      Issue.record("2^64 - 1 was accepted")
      return
    }
    #expect(JSONValue.number("18446744073709551615").unsigned == nil)
    #expect(JSONValue.number("18446744073709551614").unsigned == UInt64.max - 1)
  }

  @Test func proofsAreSparse() {
    var machine = following(1, deleted: 2)
    #expect(machine.message(message(3, 1), now: .milliseconds(20)) == .deliver)
    #expect(machine.resumable == 1 && machine.frontier == 3)
    #expect(machine.message(message(5, 2), now: .milliseconds(30)) == .deliver)
    #expect(!machine.isProofDue(now: .milliseconds(50)))
    #expect(machine.isProofDue(now: .milliseconds(150)))
    #expect(
      machine.prove(stream(first: 3, last: 10), now: .milliseconds(150))
        == .gone(.expired(after: 1, first: 3)))
    #expect(machine.prove(stream(first: 2, last: 10, deleted: 2), now: .milliseconds(150)) == .proceed)
    #expect(machine.resumable == 5)
  }

  @Test func filteredGapsAreNormalUnlessTheTailLags() {
    var machine = following(2, coversStream: false)
    #expect(machine.message(message(6, 1), now: .seconds(1)) == .deliver)
    var behind = following(2, coversStream: false, pending: 4)
    #expect(behind.message(message(6, 1, pending: 3), now: .seconds(1)) == .prove)
    var stalled = following(2, coversStream: false)
    stalled.flowControl(now: .seconds(1))
    #expect(stalled.message(message(6, 1), now: .seconds(1)) == .prove)
    #expect(
      stalled.prove(stream(first: 5, last: 10), now: .seconds(1)) == .gone(.expired(after: 2, first: 5)))
  }

  @Test func heartbeatsMoveTheFrontier() {
    var machine = following(2, coversStream: false)
    #expect(machine.idle(lastConsumer: 0, lastStream: 9, now: .seconds(5)) == .deliver)
    #expect(machine.frontier == 9)
    #expect(machine.idle(lastConsumer: 0, lastStream: 9, now: .seconds(10)) == .skip)
    guard case .recreate = machine.idle(lastConsumer: 1, lastStream: 10, now: .seconds(10)) else {
      Issue.record("a lost message went unnoticed")
      return
    }
  }

  @Test func aHeartbeatPastUnseenMessagesNeedsProof() {
    var machine = following(2)
    #expect(machine.idle(lastConsumer: 0, lastStream: 9, now: .seconds(5)) == .prove)
    #expect(
      machine.prove(stream(first: 10, last: 9), now: .seconds(5)) == .gone(.expired(after: 2, first: 10)))
  }

  @Test func silenceHasADeadline() {
    var machine = following(2)
    #expect(machine.deadline == .seconds(12.5))
    _ = machine.idle(lastConsumer: 0, lastStream: 2, now: .seconds(10))
    #expect(machine.deadline == .seconds(22.5))
  }

  @Test func strictTakesRemovalsForLoss() {
    var machine = OrderedConsumer(start: .after(2), coversStream: true, isStrict: true)
    let info = stream(first: 1, last: 10, deleted: 2)
    _ = machine.plan(info, now: .zero)
    #expect(machine.created(consumer(at: 2, pending: 7), info, now: .zero) == .gone(.removed(after: 2)))
    var whole = following(2, strict: true)
    #expect(whole.message(message(4, 1), now: .zero) == .prove)
    #expect(whole.prove(stream(first: 1, last: 10, deleted: 1), now: .zero) == .gone(.removed(after: 2)))
    var filtered = OrderedConsumer(start: .after(2), coversStream: false, isStrict: true)
    let listed = stream(first: 1, last: 10, deleted: 1, list: [5])
    _ = filtered.plan(listed, now: .zero)
    #expect(filtered.created(consumer(at: 2), listed, now: .zero) == .gone(.removed(after: 2)))
  }

  /// A message after the end, which is not written, still shows which messages are missing before it.
  @Test func gapsBeforeTheEndAreProven() {
    var machine = following(2, deleted: 1)
    #expect(!machine.needsProof(before: nil) && !machine.needsProof(before: 3))
    #expect(machine.needsProof(before: 7))
    #expect(
      machine.prove(stream(first: 7, last: 10), before: 7, now: .zero) == .gone(.expired(after: 2, first: 7)))
    // The message after a gap was written before the gap was proven.
    #expect(machine.prove(stream(first: 1, last: 10, deleted: 1), now: .zero) == .proceed)
    #expect(machine.message(message(5, 1), now: .zero) == .deliver)
    #expect(machine.needsProof(before: nil))
  }

  @Test func lossesAreReportedOnce() {
    var strict = OrderedConsumer(start: .after(2), coversStream: true, isStrict: true)
    let holes = stream(first: 1, last: 10, deleted: 1, list: [5])
    _ = strict.plan(holes, now: .zero)
    let verdict = strict.created(consumer(at: 2, pending: 7), holes, now: .zero)
    #expect(verdict == .gone(.removed(after: 2)))
    strict = strict.continued(after: .removed(after: 2))
    #expect(strict.plan(holes, now: .zero) == .create(.sequence(3)) && strict.wantsDeleted)
    #expect(strict.created(consumer(at: 2, pending: 7), holes, now: .zero) == .proceed)
    #expect(strict.message(message(3, 1), now: .zero) == .deliver)
    #expect(strict.message(message(4, 2), now: .zero) == .deliver)
    #expect(strict.message(message(6, 3), now: .zero) == .prove)
    #expect(strict.prove(holes, before: 6, now: .zero) == .proceed)
    #expect(strict.message(message(6, 3), now: .zero, isProven: true) == .deliver)
    // A new hole is reported.
    #expect(strict.message(message(12, 4), now: .zero) == .prove)
    let more = stream(first: 1, last: 12, deleted: 2, list: [5, 11])
    #expect(strict.prove(more, before: 12, now: .zero) == .gone(.removed(after: 6)))
    // Lines after the gap were written before it was proven.
    var late = following(2, deleted: 1)
    #expect(late.prove(stream(first: 1, last: 10, deleted: 1), now: .zero) == .proceed)
    #expect(late.message(message(9, 1), now: .zero) == .deliver)
    late = late.continued(after: .expired(after: 2, first: 8))
    #expect(late.plan(stream(first: 8, last: 10), now: .zero) == .create(.sequence(10)))
  }

  @Test func lastPerSubjectContinuesWithItsPolicy() {
    var machine = OrderedConsumer(start: .lastPerSubject, coversStream: true)
    let info = stream(first: 1, last: 10)
    #expect(machine.plan(info, now: .zero) == .create(.lastPerSubject))
    #expect(machine.created(consumer(at: 2, pending: 3), info, now: .zero) == .proceed)
    #expect(machine.message(message(3, 1, pending: 2), now: .zero) == .deliver)
    #expect(machine.message(message(7, 2, pending: 1), now: .zero) == .deliver)
    #expect(machine.plan(info, now: .zero) == .create(.lastPerSubject))
    #expect(machine.created(consumer(at: 2, pending: 3), info, now: .zero) == .proceed)
    #expect(machine.message(message(3, 1, pending: 2), now: .zero) == .skip)
    #expect(machine.message(message(7, 2, pending: 1), now: .zero) == .skip)
    #expect(machine.message(message(10, 3), now: .zero) == .deliver)
    #expect(machine.plan(stream(first: 1, last: 12), now: .zero) == .create(.sequence(11)))
  }

  /// Messages that are removed from the front before the first pass reaches them are missing.
  @Test func aFirstPassThatIsOvertakenIsGone() {
    func pass(pending: UInt64) -> OrderedConsumer {
      var machine = OrderedConsumer(start: .lastPerSubject, coversStream: true)
      let info = stream(first: 3, last: 10)
      #expect(machine.plan(info, now: .zero) == .create(.lastPerSubject))
      #expect(machine.created(consumer(at: 2, pending: pending), info, now: .zero) == .proceed)
      #expect(machine.message(message(4, 1), now: .zero) == .deliver && machine.isProofDue(now: .zero))
      #expect(machine.prove(info, before: 0, now: .zero) == .proceed)
      return machine
    }
    let gone = OrderedConsumer.Verdict.gone(.expired(after: 4, first: 9))
    var machine = pass(pending: 4)
    #expect(machine.message(message(9, 2), now: .zero) == .deliver && machine.isProofDue(now: .seconds(1)))
    #expect(machine.prove(stream(first: 9, last: 12), before: 0, now: .zero) == .proceed)
    #expect(machine.message(message(12, 3), now: .zero) == .prove)
    #expect(machine.prove(stream(first: 9, last: 12), before: 12, now: .zero) == gone)
    // All messages of the pass arrived, or the first sequence did not change.
    machine = pass(pending: 2)
    #expect(machine.message(message(9, 2), now: .zero) == .deliver)
    #expect(machine.prove(stream(first: 9, last: 12), before: 0, now: .zero) == .proceed)
    #expect(machine.message(message(12, 3), now: .zero) == .deliver)
    machine = pass(pending: 4)
    #expect(machine.message(message(9, 2), now: .zero) == .deliver)
    #expect(machine.message(message(12, 3), now: .zero) == .prove)
    #expect(machine.prove(stream(first: 4, last: 12), before: 12, now: .zero) == .proceed)
    #expect(machine.message(message(12, 3), now: .zero, isProven: true) == .deliver)
    // The last message of the pass is the last one of the stream.
    machine = pass(pending: 3)
    #expect(machine.message(message(10, 2), now: .zero) == .prove)
    let purged = stream(first: 10, last: 12)
    #expect(machine.prove(purged, before: 10, now: .zero) == .gone(.expired(after: 4, first: 10)))
    machine = pass(pending: 2)
    #expect(machine.message(message(10, 2), now: .zero) == .deliver)
    // The rest was purged, so only a heartbeat arrives.
    machine = pass(pending: 4)
    #expect(machine.idle(lastConsumer: 1, lastStream: 10, now: .zero) == .prove)
    let empty = stream(first: 11, last: 10)
    #expect(machine.prove(empty, before: 11, now: .zero) == .gone(.expired(after: 4, first: 11)))
    #expect(machine.needsProof(before: 11) && !machine.needsProof(before: 9))
  }

  /// Servers before 2.10 deliver the next message in place of each removed one, so 9 arrives several times.
  @Test func repeatedMessagesDoNotFillAFirstPass() {
    var machine = OrderedConsumer(start: .lastPerSubject, coversStream: true)
    let before = stream(first: 1, last: 10)
    #expect(machine.plan(before, now: .zero) == .create(.lastPerSubject))
    #expect(machine.created(consumer(at: 0, pending: 10), before, now: .zero) == .proceed)
    #expect(machine.message(message(1, 1), now: .zero) == .deliver)
    #expect(machine.message(message(9, 2), now: .zero) == .deliver)
    for number: UInt64 in 3...9 {
      #expect(machine.message(message(9, number), now: .zero) == .skip)
    }
    #expect(machine.message(message(10, 10), now: .zero) == .prove)
    let gone = OrderedConsumer.Verdict.gone(.expired(after: 1, first: 9))
    #expect(machine.prove(stream(first: 9, last: 10), before: 10, now: .zero) == gone)
  }

  /// A first pass that is interrupted continues with the rest of its range, then delivers every message after
  /// its end.
  @Test func aFirstPassThatIsCutContinuesBySequence() {
    var machine = OrderedConsumer(start: .lastPerSubject, coversStream: true)
    let before = stream(first: 1, last: 10)
    #expect(machine.plan(before, now: .zero) == .create(.lastPerSubject))
    #expect(machine.created(consumer(at: 0, pending: 10), before, now: .zero) == .proceed)
    #expect(machine.message(message(4, 1), now: .zero) == .deliver)
    let after = stream(first: 1, last: 13)
    #expect(machine.plan(after, now: .seconds(1)) == .create(.lastPerSubject))
    #expect(machine.created(consumer(at: 0, pending: 9), after, now: .seconds(1)) == .proceed)
    #expect(machine.message(message(4, 1), now: .seconds(1)) == .skip)
    #expect(machine.message(message(9, 2), now: .seconds(1)) == .deliver)
    // Fewer messages than were pending. The state of the stream shows whether some were removed.
    #expect(machine.message(message(13, 3), now: .seconds(1)) == .prove)
    #expect(machine.prove(after, before: 13, now: .seconds(1)) == .proceed)
    guard case .recreate = machine.message(message(13, 3), now: .seconds(1), isProven: true) else {
      Issue.record("13 would hide 11 and 12, which are of the same subject")
      return
    }
    #expect(machine.plan(after, now: .seconds(2)) == .create(.sequence(11)))
  }

  /// The range of the pass is set by the first request, even if its first consumer is lost.
  @Test func aFirstPassKeepsItsEnd() {
    var machine = OrderedConsumer(start: .lastPerSubject, coversStream: true)
    #expect(machine.plan(stream(first: 1, last: 10), now: .zero) == .create(.lastPerSubject))
    let after = stream(first: 1, last: 13)
    #expect(machine.plan(after, now: .seconds(1)) == .create(.lastPerSubject))
    #expect(machine.created(consumer(at: 0, pending: 9), after, now: .seconds(1)) == .proceed)
    #expect(machine.message(message(13, 1), now: .seconds(1)) == .prove)
    #expect(machine.prove(after, before: 13, now: .seconds(1)) == .proceed)
    guard case .recreate = machine.message(message(13, 1), now: .seconds(1), isProven: true) else {
      Issue.record("13 is after the end of the pass")
      return
    }
  }
}
