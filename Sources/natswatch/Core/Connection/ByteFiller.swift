// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Writes bytes to memory whose size was computed before. The memory does not grow; writing past its end
/// traps.
@safe struct ByteFiller {
  private let memory: UnsafeMutableRawBufferPointer
  /// Bytes filled so far.
  private(set) var count = 0

  init(_ memory: UnsafeMutableRawBufferPointer) { unsafe self.memory = memory }

  @inline(__always)
  private mutating func append(_ bytes: UnsafeRawPointer?, count: Int) {
    guard count > 0, let bytes = unsafe bytes, let base = unsafe memory.baseAddress else { return }
    unsafe precondition(count <= memory.count - self.count)
    unsafe memcpy(base + self.count, bytes, count)
    self.count += count
  }

  mutating func append(_ bytes: UnsafeBufferPointer<UInt8>) {
    unsafe append(bytes.baseAddress, count: bytes.count)
  }

  mutating func append(_ bytes: [UInt8]) {
    unsafe bytes.withUnsafeBytes { unsafe append($0.baseAddress, count: $0.count) }
  }

  @inline(__always)
  mutating func append(_ text: StaticString) {
    unsafe append(text.utf8Start, count: text.utf8CodeUnitCount)
  }

  @inline(__always)
  mutating func append(_ number: Decimal) {
    unsafe withUnsafeBytes(of: number.digits) {
      unsafe append($0.baseAddress.map { unsafe $0 + number.first }, count: 20 - number.first)
    }
  }

  /// Replaces line breaks with spaces, in the bytes from `start` on.
  mutating func replaceLineBreaks(from start: Int) {
    guard let base = unsafe memory.baseAddress else { return }
    for lineBreak: Int32 in [0x0A, 0x0D] {
      var position = start
      while let found = unsafe memchr(base + position, lineBreak, count - position) {
        position = unsafe UnsafeRawPointer(found) - UnsafeRawPointer(base)
        unsafe memory[position] = 0x20
      }
    }
  }
}

/// A number's decimal digits.
struct Decimal {
  /// Filled from ``first`` on.
  fileprivate private(set) var digits = InlineArray<20, UInt8>(repeating: 0)
  fileprivate private(set) var first = 20

  init(_ number: UInt64) {
    var value = number
    repeat {
      let quotient = value / 10
      first &-= 1
      digits[first] = UInt8(truncatingIfNeeded: value &- quotient &* 10) | 0x30
      value = quotient
    } while value > 0
  }
}
