// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import NatswatchCore

/// Servers that pass over messages that the stream contains.
@Suite struct OrderedConsumerSkipTests: OrderedConsumerTesting {
  /// A consumer of a cluster says, while the leader changes, that it has examined a message that it has not delivered.
  @Test func anotherConsumerDeliversWhatOneHasPassedOver() {
    var machine = following(2)
    let whole = stream(first: 1, last: 10)
    for second in 1...5 {
      let now = Duration.seconds(second)
      #expect(machine.idle(lastConsumer: 0, lastStream: 3, now: now) == .prove)
      #expect(machine.prove(whole, before: 4, now: now) == .lookAgain)
      #expect(machine.plan(whole, now: now) == .create(.sequence(3)))
      #expect(machine.created(consumer(at: 2, pending: 8), whole, now: now) == .proceed)
    }
    #expect(machine.message(message(3, 1), now: .seconds(5)) == .deliver)
    #expect(machine.message(message(5, 2), now: .seconds(9)) == .prove)
    let verdict = machine.prove(whole, before: 5, now: .seconds(9))
    #expect(verdict == .lookAgain, "another message has its own time")
  }

  /// A server that delivers nothing, but says in its heartbeats that it has examined everything: NATS 2.15 with
  /// sequences near 2^63.
  @Test func messagesThatTheServerPassesOverAreGone() {
    var silent = following(2)
    #expect(silent.idle(lastConsumer: 0, lastStream: 10, now: .zero) == .prove)
    let whole = stream(first: 1, last: 10)
    #expect(silent.prove(whole, before: 11, now: .zero) == .lookAgain)
    #expect(silent.prove(whole, before: 11, now: .seconds(5)) == .gone(.skipped(after: 2, before: 11)))
    silent = silent.continued(after: .skipped(after: 2, before: 11))
    #expect(silent.plan(whole, now: .seconds(5)) == .create(.sequence(11)))
    var skipping = following(2)
    #expect(skipping.message(message(5, 1), now: .seconds(1)) == .prove)
    #expect(skipping.prove(whole, before: 5, now: .seconds(1)) == .lookAgain)
    #expect(skipping.prove(whole, before: 5, now: .seconds(6)) == .gone(.skipped(after: 2, before: 5)))
    var filtered = following(2, coversStream: false, pending: 1)
    #expect(filtered.message(message(5, 1), now: .seconds(1)) == .prove)
    #expect(filtered.prove(whole, before: 5, now: .seconds(1)) == .proceed)
  }

  /// A gap in a stream from which messages had been removed is passed before it is proven.
  @Test func aPassedGapIsProvenAlsoByTheNextConsumer() {
    let whole = stream(first: 1, last: 10)
    for isAnother in [false, true] {
      var late = following(2, deleted: 1)
      #expect(late.message(message(5, 1), now: .zero) == .deliver)
      let verdict =
        isAnother
        ? late.created(consumer(at: 5), whole, now: .seconds(1))
        : late.prove(whole, before: 0, now: .seconds(1))
      #expect(verdict == .gone(.skipped(after: 2, before: 6)))
      let expired = late.created(consumer(at: 5), stream(first: 5, last: 10, deleted: 1), now: .seconds(1))
      #expect(expired == .gone(.expired(after: 2, first: 5)))
      let compacted = stream(first: 1, last: 10, deleted: 2)
      #expect(late.created(consumer(at: 5), compacted, now: .seconds(1)) == .proceed)
      #expect(late.resumable == 5)
    }
  }

  /// Where nothing had been removed, another consumer may deliver what is missing: nothing after the gap is written.
  @Test func aGapInAWholeStreamIsProvenAtOnce() {
    var machine = following(2)
    let compacted = stream(first: 1, last: 10, deleted: 1)
    #expect(machine.message(message(3, 1), now: .milliseconds(1)) == .deliver)
    #expect(machine.message(message(5, 2), now: .milliseconds(2)) == .prove)
    #expect(machine.prove(stream(first: 1, last: 10), before: 5, now: .milliseconds(2)) == .lookAgain)
    #expect(machine.prove(compacted, before: 5, now: .milliseconds(2)) == .proceed)
    #expect(machine.message(message(5, 2), now: .milliseconds(2), isProven: true) == .deliver)
    #expect(
      machine.message(message(7, 3), now: .milliseconds(3)) == .deliver, "proofs are sparse from now on")
  }

  /// With a filter, only a search can tell a passed-over match from a gap.
  @Test func aMatchBeforeAGapsEndHasBeenPassedOver() {
    let whole = stream(first: 1, last: 10, replicas: 3)
    var single = following(2, coversStream: false)
    #expect(single.idle(lastConsumer: 0, lastStream: 5, now: .seconds(2)) == .deliver, "it has one leader")
    var machine = following(2, coversStream: false, replicas: 3)
    #expect(machine.idle(lastConsumer: 0, lastStream: 2, now: .seconds(2)) == .skip)
    #expect(machine.idle(lastConsumer: 0, lastStream: 5, now: .seconds(2)) == .prove)
    #expect(machine.mayMissMatch(before: 6) && machine.needsProof(before: 6))
    #expect(machine.prove(whole, match: 6, before: 6, now: .seconds(2)) == .proceed)
    #expect(machine.idle(lastConsumer: 0, lastStream: 5, now: .seconds(2), isProven: true) == .deliver)
    #expect(machine.message(message(7, 1), now: .seconds(3)) == .prove)
    #expect(machine.prove(whole, match: 6, before: 7, now: .seconds(3)) == .lookAgain)
    #expect(
      machine.message(message(7, 1), now: .seconds(3)) == .prove, "the next consumer is not believed either")
    #expect(
      machine.prove(whole, match: 6, before: 7, now: .seconds(8)) == .gone(.skipped(after: 5, before: 7)))
    #expect(machine.prove(whole, match: 7, before: 7, now: .seconds(8)) == .proceed)
    #expect(machine.message(message(7, 1), now: .seconds(8), isProven: true) == .deliver)
  }

  @Test func notEveryMessageIsWorthASearch() {
    let whole = stream(first: 1, last: 10, replicas: 3)
    var machine = following(0, coversStream: false, replicas: 3)
    #expect(machine.message(message(2, 1), now: .seconds(1)) == .prove, "the first one is")
    #expect(machine.prove(whole, match: 2, before: 2, now: .seconds(1)) == .proceed)
    #expect(machine.message(message(2, 1, pending: 3), now: .seconds(1), isProven: true) == .deliver)
    #expect(machine.message(message(4, 2, pending: 2), now: .milliseconds(1_050)) == .deliver)
    #expect(machine.message(message(6, 3, pending: 1), now: .seconds(2)) == .prove)
    #expect(machine.prove(whole, match: 5, before: 6, now: .seconds(2)) == .lookAgain)
    #expect(machine.prove(whole, match: 6, before: 6, now: .seconds(11)) == .proceed)
    #expect(machine.message(message(6, 3), now: .seconds(11), isProven: true) == .deliver)
    #expect(machine.message(message(8, 4), now: .milliseconds(11_050)) == .deliver)
    #expect(machine.message(message(10, 5), now: .milliseconds(11_100)) == .prove)
  }
}
