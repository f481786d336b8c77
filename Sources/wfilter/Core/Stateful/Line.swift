// SPDX-License-Identifier: Apache-2.0
import Lines

/// A copy of a line without its newline, followed by ``LineBlock/padding`` bytes, so that it can be parsed
/// again.
struct Line: Sendable, Equatable {
  private var storage: [UInt8]
  /// Bytes of the line.
  private(set) var count: Int

  init(_ bytes: some Collection<UInt8>) {
    self.init(capacity: bytes.count) { $0.append(contentsOf: bytes) }
  }

  /// A copy of these bytes, made with one allocation.
  init(_ bytes: UnsafeRawBufferPointer) {
    count = bytes.count
    storage = unsafe [UInt8](unsafeUninitializedCapacity: count + LineBlock.padding) { storage, initialized in
      let storage = UnsafeMutableRawBufferPointer(storage)
      unsafe storage.copyMemory(from: bytes)
      unsafe UnsafeMutableRawBufferPointer(rebasing: storage[bytes.count...])
        .initializeMemory(as: UInt8.self, repeating: 0)
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

  /// Becomes a copy of other bytes, in the same memory if they have about its size.
  mutating func replace(with bytes: UnsafeRawBufferPointer) {
    let needed = bytes.count + LineBlock.padding
    guard needed <= storage.count, storage.count <= 2 * needed else {
      self = unsafe Line(bytes)
      return
    }
    count = bytes.count
    // What follows does not matter: it is only read.
    unsafe storage.withUnsafeMutableBytes { unsafe $0.copyMemory(from: bytes) }
  }

  /// Calls `body` with the line; the padding after it may be read.
  func withUnsafeBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
    unsafe try storage.withUnsafeBytes { unsafe try body(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
  }

  /// The line without its padding.
  var bytes: ArraySlice<UInt8> { storage[..<count] }

  static func == (left: Line, right: Line) -> Bool { left.bytes == right.bytes }
}
