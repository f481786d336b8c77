// SPDX-License-Identifier: Apache-2.0
import Glibc
import Synchronization

/// Lets a source's thread wait for the event loops.
final class Gate: Sendable {
  private let readEnd: Int32
  private let writeEnd: Int32
  private let isWaiting = Atomic<Bool>(false)
  private let isClosed = Atomic<Bool>(false)

  init() {
    var ends: [Int32] = [-1, -1]
    unsafe pipe(&ends)
    for end in ends {
      _ = fcntl(end, F_SETFD, FD_CLOEXEC)
      _ = fcntl(end, F_SETFL, O_NONBLOCK)
    }
    (readEnd, writeEnd) = (ends[0], ends[1])
  }

  deinit {
    Glibc.close(readEnd)
    Glibc.close(writeEnd)
  }

  /// Waits for a signal or until the time is up.
  ///
  /// - Returns: false once the gate is closed.
  func wait(milliseconds: Int32) -> Bool {
    guard !isClosed.load(ordering: .acquiring) else { return false }
    isWaiting.store(true, ordering: .sequentiallyConsistent)
    var event = pollfd(fd: readEnd, events: Int16(POLLIN), revents: 0)
    unsafe _ = poll(&event, 1, milliseconds)
    isWaiting.store(false, ordering: .relaxed)
    var bytes = [UInt8](repeating: 0, count: 64)
    unsafe _ = read(readEnd, &bytes, bytes.count)
    return !isClosed.load(ordering: .acquiring)
  }

  func signal() {
    guard isWaiting.load(ordering: .sequentiallyConsistent) else { return }
    var one: UInt8 = 1
    unsafe _ = write(writeEnd, &one, 1)
  }

  /// Makes all present and future waits return, with the order to stop.
  func close() {
    isClosed.store(true, ordering: .releasing)
    var one: UInt8 = 1
    unsafe _ = write(writeEnd, &one, 1)
  }
}
