// SPDX-License-Identifier: Apache-2.0
import Glibc
import Process

/// Wakes threads that wait: a pipe, in which each byte wakes one of them.
final class Bell: Sendable {
  private let readEnd: Int32
  private let writeEnd: Int32

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
    close(readEnd)
    close(writeEnd)
  }

  func ring() {
    var one: UInt8 = 1
    unsafe _ = write(writeEnd, &one, 1)
  }

  /// Waits until the bell rings or the time is up; -1 is no limit. Later waits do not see the `rings` before
  /// their end.
  func wait(milliseconds: Int32, forgetting rings: Int = 1) {
    waitForInput(readEnd, milliseconds: milliseconds)
    var bytes = [UInt8](repeating: 0, count: rings)
    unsafe _ = read(readEnd, &bytes, rings)
  }
}
