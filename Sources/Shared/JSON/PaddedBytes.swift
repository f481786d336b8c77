// SPDX-License-Identifier: Apache-2.0

/// A copy of bytes that is followed by ``JSONCursor/padding`` readable bytes.
/// Used again for the next ones. For one thread.
@safe package final class PaddedBytes {
  private var memory: UnsafeMutableRawBufferPointer

  package init() {
    unsafe memory = .allocate(byteCount: 4096, alignment: 64)
    unsafe memory.initializeMemory(as: UInt8.self, repeating: 0)
  }

  deinit { unsafe memory.deallocate() }

  /// The copy; valid until the next one is made.
  package func copy(_ bytes: UnsafeBufferPointer<UInt8>) -> UnsafeBufferPointer<UInt8> {
    // Grows by doubling, and frees the memory that a single large payload needed.
    let isTooSmall = unsafe memory.count < bytes.count + JSONCursor.padding
    let isTooLarge = unsafe memory.count > 1 << 20 && memory.count / 16 > bytes.count
    if isTooSmall || isTooLarge {
      unsafe memory.deallocate()
      unsafe memory = .allocate(byteCount: 2 * bytes.count + JSONCursor.padding, alignment: 64)
      unsafe memory.initializeMemory(as: UInt8.self, repeating: 0)
    }
    unsafe memory.copyMemory(from: UnsafeRawBufferPointer(bytes))
    return unsafe UnsafeBufferPointer(
      rebasing: UnsafeRawBufferPointer(memory).assumingMemoryBound(to: UInt8.self)[..<bytes.count])
  }
}
