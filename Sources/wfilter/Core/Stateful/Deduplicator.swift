// SPDX-License-Identifier: Apache-2.0

/// Drops a line whose value its key already had within the window.
///
/// The window begins when a value passes and is not extended by repetitions: a value that keeps repeating
/// passes once per window. A DELETED repeats only a DELETED directly before it, and resets the key, so that a
/// re-created object always passes.
struct Deduplicator: ~Copyable {
  /// The lives a key has had, for keys that were deleted.
  struct Lives {
    var ended: UInt32 = 0
    /// Nothing has passed since the last DELETED.
    var isDeleted = false
  }

  private let window: Interval
  /// The end of the window for each key, life and value. All windows have the same length, so the oldest
  /// entry ends first.
  private var passed: KeyTable<Instant>
  private var lives: KeyTable<Lives>

  /// Lines dropped.
  private(set) var dropped = 0

  init(window: Duration, limit: Int) {
    self.window = Interval(window)
    passed = KeyTable(limit: limit)
    lives = KeyTable(limit: limit)
  }

  /// Values forgotten before their window ended.
  var evictions: Int { passed.evictions + lives.evictions }
  /// The number of stored values.
  var count: Int { passed.count }

  /// Whether the line is new; if so, its value is remembered. Lines without a key are compared with each other.
  mutating func isNew(
    key: KeyHash?, value: KeyHash, isDeletion: Bool, now: Instant
  ) -> Bool {
    while let oldest = passed.oldest, let end = passed[oldest], end <= now { passed.remove(oldest) }
    var slot: Int?
    if let key { slot = lives.slot(of: key) }
    var life = life(at: slot)
    let name = name(key, value, life: isDeletion && life.isDeleted ? life.ended &- 1 : life.ended, isDeletion)
    guard passed.slot(of: name) == nil else {
      dropped += 1
      return false
    }
    passed.insert(name, now + window)
    if isDeletion, !life.isDeleted { life.ended &+= 1 }
    life.isDeleted = isDeletion
    if let key, slot != nil || isDeletion { remember(life, of: key, at: slot) }
    return true
  }

  /// A deletion that was not checked here is delivered, so the key starts again.
  mutating func endLife(of key: KeyHash) {
    let slot = lives.slot(of: key)
    let life = life(at: slot)
    guard !life.isDeleted else { return }
    remember(Lives(ended: life.ended &+ 1, isDeleted: true), of: key, at: slot)
  }

  private func life(at slot: Int?) -> Lives {
    guard let slot, let life = lives[slot] else { return Lives() }
    return life
  }

  private mutating func remember(_ life: Lives, of key: KeyHash, at slot: Int?) {
    guard let slot else {
      lives.insert(key, life)
      return
    }
    lives[slot] = life
    lives.touch(slot)
  }

  /// Key, life and value as one name. Both hashes are seeded, so that a sum is enough: nobody can choose two
  /// pairs with the same one.
  private func name(_ key: KeyHash?, _ value: KeyHash, life: UInt32, _ isDeletion: Bool) -> KeyHash {
    guard let key else { return value }
    let number = Int(life) << 1 | (isDeletion ? 1 : 0)
    return KeyHash(
      high: key.high &+ value.high &* Self.factor,
      low: key.low &+ value.low &* Self.factor &+ number &* Self.factor)
  }

  /// Odd: the golden ratio's first 63 bits.
  private static let factor = 0x4F1B_BCDC_BFA5_3E0B
}
