// SPDX-License-Identifier: Apache-2.0

/// An array that has one owner and cannot be copied. Elements are read and changed in place: nothing counts
/// references to the array or checks that it is the only one.
@safe struct UniqueArray<Element>: ~Copyable {
  private var memory: UnsafeMutablePointer<Element>
  private var capacity: Int
  private(set) var count = 0

  init() {
    capacity = 16
    unsafe memory = .allocate(capacity: capacity)
  }

  init(repeating element: Element, count: Int) {
    capacity = max(count, 1)
    unsafe memory = .allocate(capacity: capacity)
    unsafe memory.initialize(repeating: element, count: count)
    self.count = count
  }

  deinit {
    unsafe memory.deinitialize(count: count)
    unsafe memory.deallocate()
  }

  var isEmpty: Bool { count == 0 }

  subscript(index: Int) -> Element {
    @inline(__always) _read {
      precondition(index >= 0 && index < count)
      yield unsafe memory[index]
    }
    @inline(__always) _modify {
      precondition(index >= 0 && index < count)
      yield unsafe &memory[index]
    }
  }

  mutating func append(_ element: Element) {
    if count == capacity { grow() }
    unsafe (memory + count).initialize(to: element)
    count += 1
  }

  mutating func removeLast() {
    precondition(count > 0)
    count -= 1
    unsafe (memory + count).deinitialize(count: 1)
  }

  @inline(never)
  private mutating func grow() {
    let larger = UnsafeMutablePointer<Element>.allocate(capacity: 2 * capacity)
    unsafe larger.moveInitialize(from: memory, count: count)
    unsafe memory.deallocate()
    unsafe memory = larger
    capacity *= 2
  }
}
