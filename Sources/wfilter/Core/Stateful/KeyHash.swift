// SPDX-License-Identifier: Apache-2.0

/// A key as 128 bits of a seeded hash: its size does not depend on the key's length, and an attacker cannot
/// choose two keys that collide.
struct KeyHash: Hashable, Sendable {
  let high: Int
  let low: Int

  /// The hash of a key's bytes.
  init(_ bytes: [UInt8]) {
    self = unsafe bytes.withUnsafeBytes { unsafe KeyHash($0) }
  }

  /// The hash of a key's bytes.
  init(_ bytes: UnsafeRawBufferPointer) { self = unsafe KeyHasher().finish(bytes) }

  init(high: Int, low: Int) {
    self.high = high
    self.low = low
  }

  func hash(into hasher: inout Hasher) { hasher.combine(high) }
}

/// SipHash-1-3 with a result of 128 bits and a key of this process (Aumasson and Bernstein). `Hasher` is the
/// same function with 64 bits: it would have to be finished twice, and buffers what it is given.
private struct KeyHasher {
  private static let seed = (UInt64.random(in: .min ... .max), UInt64.random(in: .min ... .max))

  private var state: (UInt64, UInt64, UInt64, UInt64)

  init() {
    let (first, second) = Self.seed
    state = (
      first ^ 0x736f_6d65_7073_6575, second ^ 0x646f_7261_6e64_6f6d ^ 0xee,
      first ^ 0x6c79_6765_6e65_7261, second ^ 0x7465_6462_7974_6573
    )
  }

  /// The hash of these bytes.
  consuming func finish(_ bytes: UnsafeRawBufferPointer) -> KeyHash {
    let whole = bytes.count & ~7
    for offset in stride(from: 0, to: whole, by: 8) {
      compress(unsafe UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)))
    }
    compress(unsafe UInt64(truncatingIfNeeded: bytes.count) << 56 | Self.rest(bytes, from: whole))
    state.2 ^= 0xee
    let high = finalized()
    state.1 ^= 0xdd
    return KeyHash(high: high, low: finalized())
  }

  /// The last bytes, fewer than eight, as a number, read without a loop.
  @inline(__always)
  private static func rest(_ bytes: UnsafeRawBufferPointer, from start: Int) -> UInt64 {
    let count = bytes.count - start
    if count >= 4 {
      let first = unsafe UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: start, as: UInt32.self))
      let last = unsafe UInt32(
        littleEndian: bytes.loadUnaligned(fromByteOffset: bytes.count - 4, as: UInt32.self))
      return UInt64(first) | UInt64(last) &<< UInt64(8 * (count - 4))
    }
    guard count > 0 else { return 0 }
    // The first, the middle and the last byte, some of which may be the same.
    let (middle, last) = (count / 2, count - 1)
    return unsafe UInt64(bytes[start]) | UInt64(bytes[start + middle]) &<< UInt64(8 * middle)
      | UInt64(bytes[start + last]) &<< UInt64(8 * last)
  }

  @inline(__always)
  private mutating func compress(_ word: UInt64) {
    state.3 ^= word
    round()
    state.0 ^= word
  }

  @inline(__always)
  private mutating func finalized() -> Int {
    round()
    round()
    round()
    return Int(truncatingIfNeeded: state.0 ^ state.1 ^ state.2 ^ state.3)
  }

  @inline(__always)
  private mutating func round() {
    state.0 &+= state.1
    state.1 = state.1.rotated(13) ^ state.0
    state.0 = state.0.rotated(32)
    state.2 &+= state.3
    state.3 = state.3.rotated(16) ^ state.2
    state.0 &+= state.3
    state.3 = state.3.rotated(21) ^ state.0
    state.2 &+= state.1
    state.1 = state.1.rotated(17) ^ state.2
    state.2 = state.2.rotated(32)
  }
}

extension UInt64 {
  @inline(__always)
  fileprivate func rotated(_ bits: UInt64) -> UInt64 { self << bits | self >> (64 - bits) }
}
