// SPDX-License-Identifier: Apache-2.0

/// A priority queue of deadlines by slot number: how long the reading loop may wait, and which slots are due.
///
/// A binary heap with the position of each slot, so that a deadline can be moved without leaving an old
/// entry.
struct DeadlineQueue: ~Copyable {
  struct Entry {
    var deadline: Instant
    var slot: Int
  }

  private var heap = UniqueArray<Entry>()
  /// The position of each slot in the heap; -1 if it has no deadline.
  private var positions = UniqueArray<Int32>()

  var count: Int { heap.count }
  var isEmpty: Bool { heap.isEmpty }

  /// The soonest deadline.
  var next: Instant? { heap.isEmpty ? nil : heap[0].deadline }

  /// Sets or moves the deadline of `slot` (a small number, not negative).
  mutating func set(_ slot: Int, to deadline: Instant) {
    while positions.count <= slot { positions.append(-1) }
    let position = Int(positions[slot])
    if position < 0 {
      heap.append(Entry(deadline: deadline, slot: slot))
      positions[slot] = Int32(heap.count - 1)
      siftUp(heap.count - 1)
    } else {
      heap[position].deadline = deadline
      siftUp(position)
      siftDown(Int(positions[slot]))
    }
  }

  /// Removes the deadline of `slot`, if it has one.
  mutating func remove(_ slot: Int) {
    guard slot < positions.count, positions[slot] >= 0 else { return }
    let position = Int(positions[slot])
    let last = heap.count - 1
    if position != last { swapAt(position, last) }
    heap.removeLast()
    positions[slot] = -1
    guard position < heap.count else { return }
    let moved = heap[position].slot
    siftUp(position)
    siftDown(Int(positions[moved]))
  }

  /// Removes the soonest slot whose deadline is not after `now`.
  mutating func popDue(_ now: Instant) -> Int? {
    guard !heap.isEmpty, heap[0].deadline <= now else { return nil }
    let slot = heap[0].slot
    remove(slot)
    return slot
  }

  private mutating func siftUp(_ start: Int) {
    var child = start
    while child > 0 {
      let parent = (child - 1) / 2
      guard heap[child].deadline < heap[parent].deadline else { return }
      swapAt(child, parent)
      child = parent
    }
  }

  private mutating func siftDown(_ start: Int) {
    var parent = start
    while true {
      var child = 2 * parent + 1
      guard child < heap.count else { return }
      if child + 1 < heap.count, heap[child + 1].deadline < heap[child].deadline { child += 1 }
      guard heap[child].deadline < heap[parent].deadline else { return }
      swapAt(child, parent)
      parent = child
    }
  }

  private mutating func swapAt(_ first: Int, _ second: Int) {
    let entry = heap[first]
    heap[first] = heap[second]
    heap[second] = entry
    positions[heap[first].slot] = Int32(first)
    positions[heap[second].slot] = Int32(second)
  }
}
