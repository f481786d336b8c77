// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Puts work that several threads finish in any order back into the order in which it was begun.
///
/// There is a fixed number of pieces, more than threads, so that a thread that finishes a piece early
/// continues with another instead of waiting for its turn. The thread that finishes the next piece in order
/// delivers it, then all finished pieces after it: one thread at a time.
@safe final class Sequencer<Work: AnyObject>: @unchecked Sendable {
  // Unchecked: `mutex` guards the properties after it.

  private let mutex: UnsafeMutablePointer<pthread_mutex_t>
  private let changed: UnsafeMutablePointer<pthread_cond_t>
  private var spares: [Work]
  /// Finished pieces, by ticket. Each ticket that is out holds a piece, so there are never more than pieces.
  private var finished: [Work?]
  private var next: UInt64 = 0
  private var isHandingOn = false
  private var isOver = false
  private var waiting = 0

  init(_ pieces: [Work]) {
    unsafe mutex = .allocate(capacity: 1)
    unsafe changed = .allocate(capacity: 1)
    unsafe pthread_mutex_init(mutex, nil)
    unsafe pthread_cond_init(changed, nil)
    spares = pieces
    finished = Array(repeating: nil, count: pieces.count)
  }

  deinit {
    unsafe pthread_cond_destroy(changed)
    unsafe pthread_mutex_destroy(mutex)
    unsafe changed.deallocate()
    unsafe mutex.deallocate()
  }

  /// Takes a piece to work on, and waits for one if necessary; nil at the end.
  func take() -> Work? {
    unsafe pthread_mutex_lock(mutex)
    defer { unsafe pthread_mutex_unlock(mutex) }
    while !isOver {
      // The piece that was returned last is reused first, because its memory is still in the cache.
      if let piece = spares.popLast() { return piece }
      wait()
    }
    return nil
  }

  /// Returns a finished piece.
  ///
  /// - Parameters:
  ///   - piece: one that was taken.
  ///   - ticket: the piece's number in order, from 0; each number is used once, by the thread that has taken
  ///     the piece.
  ///   - handOn: delivers this piece or others, in order; false ends the work.
  /// - Returns: whether it continues.
  func finish(_ piece: Work, ticket: UInt64, handOn: (Work) -> Bool) -> Bool {
    unsafe pthread_mutex_lock(mutex)
    defer { unsafe pthread_mutex_unlock(mutex) }
    finished[slot(ticket)] = piece
    guard !isHandingOn else { return !isOver }
    isHandingOn = true
    while !isOver, let piece = finished[slot(next)] {
      finished[slot(next)] = nil
      unsafe pthread_mutex_unlock(mutex)
      let goesOn = handOn(piece)
      unsafe pthread_mutex_lock(mutex)
      next += 1
      spares.append(piece)
      isOver = isOver || !goesOn
      if waiting > 0 { unsafe pthread_cond_broadcast(changed) }
    }
    isHandingOn = false
    return !isOver
  }

  /// Waits until all pieces are delivered.
  func waitForEnd() {
    unsafe pthread_mutex_lock(mutex)
    while !isOver { wait() }
    unsafe pthread_mutex_unlock(mutex)
  }

  private func wait() {
    waiting += 1
    unsafe pthread_cond_wait(changed, mutex)
    waiting -= 1
  }

  private func slot(_ ticket: UInt64) -> Int { Int(ticket % UInt64(finished.count)) }
}
