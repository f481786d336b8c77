// SPDX-License-Identifier: Apache-2.0
import Synchronization

/// Lets a source's thread wait for the event loops.
final class Gate: Sendable {
  private let bell = Bell()
  private let isWaiting = Atomic<Bool>(false)
  private let isClosed = Atomic<Bool>(false)

  /// Waits for a signal or until the time is up.
  ///
  /// - Returns: false once the gate is closed.
  func wait(milliseconds: Int32) -> Bool {
    guard !isClosed.load(ordering: .acquiring) else { return false }
    isWaiting.store(true, ordering: .sequentiallyConsistent)
    bell.wait(milliseconds: milliseconds, forgetting: 64)
    isWaiting.store(false, ordering: .relaxed)
    return !isClosed.load(ordering: .acquiring)
  }

  func signal() {
    if isWaiting.load(ordering: .sequentiallyConsistent) { bell.ring() }
  }

  /// Makes all present and future waits return, with the order to stop.
  func close() {
    isClosed.store(true, ordering: .releasing)
    bell.ring()
  }
}
