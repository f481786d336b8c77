// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Lets threads pass one after the other, in the order of tickets they were given, and lets one wait for the end.
@safe final class OrderedTurn: @unchecked Sendable {
  // Unchecked: `mutex` guards everything else.

  private let mutex: UnsafeMutablePointer<pthread_mutex_t>
  private let changed: UnsafeMutablePointer<pthread_cond_t>
  private var next: UInt64 = 0
  private var isOver = false

  init() {
    unsafe mutex = .allocate(capacity: 1)
    unsafe changed = .allocate(capacity: 1)
    unsafe pthread_mutex_init(mutex, nil)
    unsafe pthread_cond_init(changed, nil)
  }

  deinit {
    unsafe pthread_cond_destroy(changed)
    unsafe pthread_mutex_destroy(mutex)
    unsafe changed.deallocate()
    unsafe mutex.deallocate()
  }

  /// Waits until all earlier tickets are done, and runs `body` before any later one. Not at all when it is over. Returns
  /// whether it goes on.
  @discardableResult
  func take(_ ticket: UInt64, _ body: () -> Void) -> Bool {
    unsafe pthread_mutex_lock(mutex)
    while next != ticket, !isOver { unsafe pthread_cond_wait(changed, mutex) }
    let isMine = !isOver
    unsafe pthread_mutex_unlock(mutex)
    guard isMine else { return false }
    body()
    unsafe pthread_mutex_lock(mutex)
    next += 1
    let goesOn = !isOver
    unsafe pthread_cond_broadcast(changed)
    unsafe pthread_mutex_unlock(mutex)
    return goesOn
  }

  /// No further turn is given.
  func end() {
    unsafe pthread_mutex_lock(mutex)
    isOver = true
    unsafe pthread_cond_broadcast(changed)
    unsafe pthread_mutex_unlock(mutex)
  }

  /// Waits for ``end()``.
  func waitForEnd() {
    unsafe pthread_mutex_lock(mutex)
    while !isOver { unsafe pthread_cond_wait(changed, mutex) }
    unsafe pthread_mutex_unlock(mutex)
  }
}
