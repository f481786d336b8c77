// SPDX-License-Identifier: Apache-2.0
import Lines

/// A copy of a line without its newline, followed by ``LineBlock/padding`` zeros, so that it can be parsed
/// again.
struct Line: Sendable, Equatable {
  private let storage: [UInt8]
  /// Bytes of the line.
  let count: Int

  init(_ bytes: some Collection<UInt8>) {
    self.init(capacity: bytes.count) { $0.append(contentsOf: bytes) }
  }

  /// A copy of these bytes, made with one allocation.
  init(_ bytes: UnsafeRawBufferPointer) {
    count = bytes.count
    storage = unsafe [UInt8](unsafeUninitializedCapacity: count + LineBlock.padding) { storage, initialized in
      unsafe UnsafeMutableRawBufferPointer(storage).copyMemory(from: bytes)
      unsafe storage[bytes.count...].initialize(repeating: 0)
      initialized = storage.count
    }
  }

  /// A line whose bytes `write` appends.
  init(capacity: Int, _ write: (inout [UInt8]) -> Void) {
    var storage: [UInt8] = []
    storage.reserveCapacity(capacity + LineBlock.padding)
    write(&storage)
    count = storage.count
    storage.append(contentsOf: repeatElement(0, count: LineBlock.padding))
    self.storage = storage
  }

  /// Calls `body` with the line; the padding after it may be read.
  func withUnsafeBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
    unsafe try storage.withUnsafeBytes { unsafe try body(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
  }

  /// The line without its padding.
  var bytes: ArraySlice<UInt8> { storage[..<count] }
}
