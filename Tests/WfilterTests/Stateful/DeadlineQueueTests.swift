// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import WfilterCore

struct DeadlineQueueTests {
  @Test func returnsTheEarliestFirst() {
    var queue = DeadlineQueue()
    for (slot, time) in [30, 10, 20].enumerated() { queue.set(slot, to: at(time).instant) }
    #expect(queue.next == at(10).instant)
    #expect(queue.popDue(at(9).instant) == nil)
    #expect(queue.popDue(at(25).instant) == 1)
    #expect(queue.popDue(at(25).instant) == 2)
    #expect(queue.popDue(at(25).instant) == nil)
    #expect(queue.next == at(30).instant)
  }

  @Test func movesADeadlineInPlace() {
    var queue = DeadlineQueue()
    for time in 0..<1000 { queue.set(7, to: at(time).instant) }
    #expect(queue.count == 1)
    queue.remove(7)
    queue.remove(99)
    #expect(queue.isEmpty && queue.next == nil)
  }

  /// Compares the queue with a dictionary.
  @Test func behavesLikeADictionary() {
    var numbers = SeededNumbers(seed: 5)
    var queue = DeadlineQueue()
    var model: [Int: Instant] = [:]
    for step in 0..<20_000 {
      let slot = Int.random(in: 0..<50, using: &numbers)
      switch Int.random(in: 0..<5, using: &numbers) {
      case 0:
        queue.remove(slot)
        model[slot] = nil
      case 1:
        let now = at(step).instant
        if let due = queue.popDue(now) {
          #expect(model[due] == model.values.min())
          #expect(model.removeValue(forKey: due).map { $0 <= now } == true)
        } else {
          #expect(model.values.allSatisfy { $0 > now })
        }
      default:
        let deadline = at(step + Int.random(in: -100..<300, using: &numbers)).instant
        queue.set(slot, to: deadline)
        model[slot] = deadline
      }
      #expect(queue.count == model.count)
      #expect(queue.next == model.values.min())
    }
  }
}
