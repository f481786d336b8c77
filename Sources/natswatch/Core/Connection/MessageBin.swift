// SPDX-License-Identifier: Apache-2.0

import CNATS

/// Messages that are done with, on their way back to libnats, which frees them on a thread of its own: given back one
/// by one, each would wake it. For one thread: the one that takes the messages.
@safe final class MessageBin {
  private static let countLimit = 4096
  private static let byteLimit = 2 << 20

  private let pointers: UnsafeMutablePointer<OpaquePointer>
  private var count = 0
  private var byteCount = 0

  init() { unsafe pointers = .allocate(capacity: Self.countLimit) }

  deinit {
    empty()
    unsafe pointers.deallocate()
  }

  /// Takes a message, which nobody uses any more.
  func add(_ pointer: OpaquePointer) {
    unsafe pointers[count] = pointer
    count += 1
    byteCount += Int(unsafe natsMsg_GetDataLength(pointer))
    if count == Self.countLimit || byteCount >= Self.byteLimit { empty() }
  }

  /// Gives all back: also before a wait.
  func empty() {
    for index in 0..<count { unsafe natsMsg_Destroy(pointers[index]) }
    count = 0
    byteCount = 0
  }
}
