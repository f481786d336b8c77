// SPDX-License-Identifier: Apache-2.0

/// A key as 128 bits of two seeded hashes: what is remembered of a key costs the same whatever its length, and no
/// stranger can choose two keys that are taken for one.
struct KeyHash: Hashable, Sendable {
  let high: Int
  let low: Int

  /// The hash of a key's bytes.
  init(_ bytes: [UInt8]) {
    var first = Hasher()
    var second = Hasher()
    second.combine(UInt8(1))
    unsafe bytes.withUnsafeBytes {
      unsafe first.combine(bytes: $0)
      unsafe second.combine(bytes: $0)
    }
    (high, low) = (first.finalize(), second.finalize())
  }

  func hash(into hasher: inout Hasher) { hasher.combine(high) }
}

/// What is remembered by key: at most so many entries, in an order; the first has to go when a new one finds no room.
struct KeyTable<Entry> {
  private struct Slot {
    var key: KeyHash
    var entry: Entry
    var previous: Int
    var next: Int
  }

  private var places: [KeyHash: Int] = [:]
  private var slots: [Slot] = []
  private var free: [Int] = []
  private var head = -1
  private var tail = -1
  private let limit: Int

  /// An empty table for `limit` entries, one at least.
  init(limit: Int) { self.limit = max(1, limit) }

  var count: Int { places.count }

  /// The first entry's place.
  var first: Int? { head >= 0 ? head : nil }

  /// The place of a key's entry; good until it is removed.
  func place(of key: KeyHash) -> Int? { places[key] }

  /// The entry at a place.
  subscript(place: Int) -> Entry {
    get { slots[place].entry }
    _modify { yield &slots[place].entry }
  }

  /// The key of the entry at a place.
  func key(at place: Int) -> KeyHash { slots[place].key }

  /// Adds an entry for a key that has none, at the end. Returns the first entry when it had to go.
  mutating func append(_ key: KeyHash, _ entry: Entry) -> Entry? {
    let evicted = count >= limit ? first.map { remove($0) } : nil
    let slot = Slot(key: key, entry: entry, previous: tail, next: -1)
    let place: Int
    if let reused = free.popLast() {
      place = reused
      slots[place] = slot
    } else {
      place = slots.count
      slots.append(slot)
    }
    link(place)
    places[key] = place
    return evicted
  }

  /// Makes the entry at a place the last one.
  mutating func moveToEnd(_ place: Int) {
    guard place != tail else { return }
    unlink(place)
    slots[place].previous = tail
    slots[place].next = -1
    link(place)
  }

  /// Removes and returns the entry at a place.
  @discardableResult
  mutating func remove(_ place: Int) -> Entry {
    unlink(place)
    places[slots[place].key] = nil
    free.append(place)
    return slots[place].entry
  }

  private mutating func link(_ place: Int) {
    if tail >= 0 { slots[tail].next = place } else { head = place }
    tail = place
  }

  private mutating func unlink(_ place: Int) {
    let (previous, next) = (slots[place].previous, slots[place].next)
    if previous >= 0 { slots[previous].next = next } else { head = next }
    if next >= 0 { slots[next].previous = previous } else { tail = previous }
  }
}
