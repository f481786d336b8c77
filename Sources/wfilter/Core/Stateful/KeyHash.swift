// SPDX-License-Identifier: Apache-2.0

/// A key as 128 bits of two seeded hashes: its size does not depend on the key's length, and an attacker
/// cannot choose two keys that collide.
struct KeyHash: Hashable, Sendable {
  let high: Int
  let low: Int

  /// The hash of a key's bytes.
  init(_ bytes: [UInt8]) {
    var hasher = Hasher()
    unsafe bytes.withUnsafeBytes { unsafe hasher.combine(bytes: $0) }
    self.init(hasher)
  }

  /// The hash of a hasher's input. Its state has 256 bits, so it yields two numbers.
  init(_ hasher: Hasher) {
    var other = hasher
    other.combine(UInt8(1))
    (high, low) = (hasher.finalize(), other.finalize())
  }

  func hash(into hasher: inout Hasher) { hasher.combine(high) }
}
