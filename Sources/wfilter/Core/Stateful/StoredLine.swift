// SPDX-License-Identifier: Apache-2.0

import JSON

/// A copy of a line, followed by padding, in memory that stays in place until the next copy.
@safe final class StoredLine {
  private var memory: UnsafeMutableRawBufferPointer
  private var count: Int

  init(_ bytes: UnsafeRawBufferPointer) {
    count = bytes.count
    unsafe memory = Self.memory(byteCount: count + JSONCursor.padding)
    unsafe memory.copyMemory(from: bytes)
  }

  deinit { unsafe memory.deallocate() }

  /// The bytes that it was given and their padding.
  var size: Int { count + JSONCursor.padding }

  /// The line.
  var value: RawJSON? {
    unsafe RawJSON(padded: UnsafeRawBufferPointer(rebasing: memory[..<count]))
  }

  /// Copies other bytes, into the same memory if they have about its size.
  func replace(with bytes: UnsafeRawBufferPointer) {
    count = bytes.count
    if unsafe size > memory.count || memory.count > 2 * size {
      unsafe memory.deallocate()
      unsafe memory = Self.memory(byteCount: size)
    }
    unsafe memory.copyMemory(from: bytes)
  }

  private static func memory(byteCount: Int) -> UnsafeMutableRawBufferPointer {
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: byteCount, alignment: 1)
    unsafe memory.initializeMemory(as: UInt8.self, repeating: 0)
    return unsafe memory
  }
}
