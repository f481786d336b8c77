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
