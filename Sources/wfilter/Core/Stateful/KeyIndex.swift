// SPDX-License-Identifier: Apache-2.0

/// The keys of a ``KeyTable``'s slots, and the slots by their keys: open addressing, at most half full. A key is a hash already, and a
/// seeded one, so that it is not hashed again.
struct KeyIndex: ~Copyable {
  /// By slot; of a free slot the last one.
  private var keys = UniqueArray<KeyHash>()
  /// Slots, each at the first free place from its key's on; -1 where a place is free. A power of two of them.
  private var places = UniqueArray<Int32>(repeating: -1, count: 16)
  private(set) var count = 0

  /// The key of a slot.
  func key(at slot: Int) -> KeyHash { keys[slot] }

  /// The slot of a key.
  @inline(__always)
  func slot(of key: KeyHash) -> Int? {
    var place = home(key)
    while places[place] >= 0 {
      let slot = Int(places[place])
      if keys[slot] == key { return slot }
      place = next(place)
    }
    return nil
  }

  /// Assigns a slot to a new key: a free one, or the one after the last.
  mutating func insert(_ key: KeyHash, at slot: Int) {
    if slot == keys.count { keys.append(key) } else { keys[slot] = key }
    if 2 * (count + 1) > places.count {
      var old = UniqueArray<Int32>(repeating: -1, count: places.count * 2)
      swap(&old, &places)
      for index in 0..<old.count where old[index] >= 0 { place(old[index]) }
    }
    place(Int32(slot))
    count += 1
  }

  /// Frees a slot, and moves back the entries that collided with it.
  mutating func remove(_ slot: Int) {
    var hole = home(keys[slot])
    while places[hole] != slot {
      guard places[hole] >= 0 else { return }
      hole = next(hole)
    }
    count -= 1
    var place = next(hole)
    while places[place] >= 0 {
      let home = home(keys[Int(places[place])])
      // Whether the gap lies between the slot's home and its position, with wrap-around.
      if (place &- home) & mask >= (place &- hole) & mask {
        places[hole] = places[place]
        hole = place
      }
      place = next(place)
    }
    places[hole] = -1
  }

  private mutating func place(_ slot: Int32) {
    var place = home(keys[Int(slot)])
    while places[place] >= 0 { place = next(place) }
    places[place] = slot
  }

  private var mask: Int { places.count - 1 }

  @inline(__always)
  private func home(_ key: KeyHash) -> Int { key.high & mask }

  @inline(__always)
  private func next(_ place: Int) -> Int { (place + 1) & mask }
}
