// SPDX-License-Identifier: Apache-2.0
import NIOCore
import Synchronization

/// The requests that wait until another command of ``SourceReplay`` may start, in the order of ``Turns``. Can be
/// used from any thread.
final class ReplayQueue: Sendable {
  private struct State: Sendable {
    var turns = Turns<Request>()
    /// Whether ``serve()`` runs or is scheduled.
    var isServing = false
  }

  private struct Request: Sendable {
    let loop: any EventLoop
    let start: @Sendable () -> Void
  }

  private let pool: UpstreamPool
  private let loop: any EventLoop
  private let state = Mutex(State())
  private let began = ContinuousClock.now

  /// A request that has waited for this long is tried a last time, and so refused with the pool's reason.
  private static let longestWait = Duration.seconds(10)
  private static let interval = TimeAmount.milliseconds(50)

  init(pool: UpstreamPool, loop: any EventLoop) {
    self.pool = pool
    self.loop = loop
  }

  /// Calls `start` on a loop as soon as it is the client's turn and the pool has room: at once, on the calling loop,
  /// if nobody waits.
  ///
  /// - Returns: False if too many requests of the client wait.
  func add(_ client: String, on loop: any EventLoop, _ start: @escaping @Sendable () -> Void) -> Bool {
    let hasRoom = pool.hasRoom
    let (isNext, isQueued, mustWake) = state.withLock { state in
      if hasRoom, !state.isServing {
        state.turns.take(client)
        return (true, true, false)
      }
      let isQueued = state.turns.add(Request(loop: loop, start: start), client: client, now: now)
      defer { state.isServing = true }
      return (false, isQueued, !state.isServing)
    }
    if isNext { start() }
    if mustWake { self.loop.execute { self.serve() } }
    return isQueued
  }

  private var now: Duration { ContinuousClock.now - began }

  /// Starts what may start, one request after the other, since each may take the last place.
  private func serve() {
    let hasRoom = pool.hasRoom
    let (next, expired): (Request?, [Request]) = state.withLock { state in
      let expired = state.turns.removeExpired(after: ReplayQueue.longestWait, now: now)
      state.isServing = !state.turns.isEmpty
      return (hasRoom ? state.turns.next() : nil, expired)
    }
    for request in expired { request.loop.execute(request.start) }
    if let next {
      next.loop.execute {
        next.start()
        self.loop.execute { self.serve() }
      }
    } else if state.withLock({ $0.isServing }) {
      pool.makeRoom()
      loop.scheduleTask(in: ReplayQueue.interval) { self.serve() }
    }
  }
}
