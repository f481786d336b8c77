// SPDX-License-Identifier: Apache-2.0
import Synchronization

/// Requests of other threads to the loop: to end, to list again (SIGHUP), to draw again (SIGWINCH), to use
/// credentials that have arrived.
final class Wakes: Sendable {
  private let count = Atomic<Int>(0)
  private let hangups = Atomic<Int>(0)
  private let waker: CurlMulti.Waker

  init(_ waker: CurlMulti.Waker) { self.waker = waker }

  var total: Int { count.load(ordering: .acquiring) }

  func wake() {
    count.add(1, ordering: .releasing)
    waker.wake()
  }

  func hangUp() {
    hangups.add(1, ordering: .relaxed)
    wake()
  }

  /// Whether SIGHUP has arrived since the last call.
  func takeHangup() -> Bool { hangups.exchange(0, ordering: .relaxed) > 0 }
}
