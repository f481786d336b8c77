// SPDX-License-Identifier: Apache-2.0

/// A state for each key, for a bounded number of keys.
///
/// A slot is a small number that identifies a key until it is removed, for other structures such as a
/// ``DeadlineQueue``. Slots are kept in an order: a new one is the newest, ``touch(_:)`` makes one the newest
/// again, and ``makeRoom()`` removes the oldest. An owner that touches on every use thus has a
/// least-recently-used table; one that never does, a table in order of insertion.
///
/// About 95 bytes a key, `State` apart (measured with 100,000 by KeyTableTests).
struct KeyTable<State>: ~Copyable {
  struct Slot {
    /// Nil where the slot is free; ``newer`` then links to the next free one.
    var state: State?
    var older: Int32 = none
    var newer: Int32 = none
  }

  private static var none: Int32 { -1 }

  /// The maximum number of keys, at least 1.
  let limit: Int
  /// The number of keys that ``makeRoom()`` removed.
  private(set) var evictions = 0

  private var index = KeyIndex()
  private var slots = UniqueArray<Slot>()
  private var free: Int32 = none
  private var head: Int32 = none
  private var tail: Int32 = none

  init(limit: Int) { self.limit = min(max(limit, 1), Int(Int32.max) - 1) }

  var count: Int { index.count }
  var isEmpty: Bool { index.count == 0 }

  /// The oldest slot.
  var oldest: Int? { head == Self.none ? nil : Int(head) }

  /// The slot after this one in their order.
  func newer(than slot: Int) -> Int? {
    let newer = slots[slot].newer
    return newer == Self.none ? nil : Int(newer)
  }

  /// The key's slot; nil where the key is not here.
  func slot(of key: KeyHash) -> Int? { index.slot(of: key) }

  /// The key of an occupied slot.
  func key(at slot: Int) -> KeyHash? { slots[slot].state == nil ? nil : index.key(at: slot) }

  /// The state of an occupied slot; nil for a free one.
  subscript(slot: Int) -> State? {
    // Not `get`: a copy would count references.
    _read { yield slots[slot].state }
    set {
      guard let newValue, slots[slot].state != nil else { return }
      slots[slot].state = newValue
    }
  }

  /// Changes the state of a slot in place; `change` gets nil for a free one.
  @inline(__always)
  mutating func update<Result>(_ slot: Int, _ change: (inout State?) -> Result) -> Result {
    change(&slots[slot].state)
  }

  /// Removes the oldest key if a new one would not fit, and returns its state.
  mutating func makeRoom() -> (slot: Int, state: State)? {
    guard count >= limit, let oldest, let state = remove(oldest) else { return nil }
    evictions += 1
    return (oldest, state)
  }

  /// Adds a new key as the newest. If there is no room, the oldest key is removed.
  @discardableResult
  mutating func insert(_ key: KeyHash, _ state: State) -> Int {
    _ = makeRoom()
    let slot: Int32
    if free == Self.none {
      slot = Int32(slots.count)
      slots.append(Slot(state: state))
    } else {
      slot = free
      free = slots[Int(slot)].newer
      slots[Int(slot)] = Slot(state: state)
    }
    index.insert(key, at: Int(slot))
    linkAsNewest(slot)
    return Int(slot)
  }

  /// Makes an occupied slot the newest.
  mutating func touch(_ slot: Int) {
    guard tail != Int32(slot) else { return }
    unlink(slot)
    linkAsNewest(Int32(slot))
  }

  /// Forgets the key of an occupied slot and frees the slot.
  @discardableResult
  mutating func remove(_ slot: Int) -> State? {
    guard let state = slots[slot].state else { return nil }
    unlink(slot)
    index.remove(slot)
    slots[slot].state = nil
    slots[slot].newer = free
    free = Int32(slot)
    return state
  }

  private mutating func linkAsNewest(_ slot: Int32) {
    slots[Int(slot)].older = tail
    slots[Int(slot)].newer = Self.none
    if tail == Self.none { head = slot } else { slots[Int(tail)].newer = slot }
    tail = slot
  }

  private mutating func unlink(_ slot: Int) {
    let (older, newer) = (slots[slot].older, slots[slot].newer)
    if older == Self.none { head = newer } else { slots[Int(older)].newer = newer }
    if newer == Self.none { tail = older } else { slots[Int(newer)].older = older }
  }
}
