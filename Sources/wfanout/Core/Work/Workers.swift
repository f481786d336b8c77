// SPDX-License-Identifier: Apache-2.0
import Glibc
import Process
import Synchronization

/// Work for a client's request that may take long.
protocol Work: AnyObject, Sendable {
  /// Works until it is done or the slice has ended. Called by one thread at a time.
  ///
  /// It must not call an event loop: see ``finish()``.
  ///
  /// - Returns: Whether it is done.
  func run(_ slice: Slice) -> Bool
  /// Hands over the result, on a thread of normal priority: a worker that is suspended while it holds a lock of
  /// an event loop would stop the loop.
  func finish()
}

/// Work that is short or cannot be divided.
final class OneStepWork<Value: Sendable>: Work, @unchecked Sendable {  // one thread at a time
  private let body: @Sendable () -> Value
  private let whenDone: @Sendable (Value) -> Void
  private var value: Value?

  init(_ body: @escaping @Sendable () -> Value, whenDone: @escaping @Sendable (Value) -> Void) {
    self.body = body
    self.whenDone = whenDone
  }

  func run(_ slice: Slice) -> Bool {
    value = body()
    return true
  }

  func finish() { value.map(whenDone) }
}

/// Cancels work whose result is no longer needed. Can be used from any thread.
final class Cancellation: Sendable {
  private let flag = Atomic<Bool>(false)

  func cancel() { flag.store(true, ordering: .relaxed) }

  var isCancelled: Bool { flag.load(ordering: .relaxed) }
}

/// The time for which a piece of work may use its thread.
struct Slice: Sendable {
  private let end: ContinuousClock.Instant

  static let length = Duration.milliseconds(4)

  init(_ length: Duration = Slice.length) { end = .now + length }

  var isOver: Bool { .now >= end }
}

/// Threads for work that must not run on an event loop: filters, snapshots, compiling.
///
/// The threads use only the CPU time that the event loops leave, whatever scheduling class the process was
/// started with. CPU time is accounted to the client that caused it: its identity, or its address if no
/// tokens are required. Any thread may submit.
final class Workers: Sendable {
  private struct State: Sendable {
    var queue: FairQueue<any Work>
    /// The number of threads that wait, or are about to.
    var idle = 0

    mutating func next(now: Duration) -> FairQueue<any Work>.Next {
      let next = queue.next(now: now)
      if case .wait = next { idle += 1 }
      return next
    }
  }

  private let state: Mutex<State>
  /// Work whose result is to be handed over.
  private let done = Mutex<[any Work]>([])
  /// Wakes the thread that hands results over.
  private let doorbell = Bell()
  /// Wakes a thread that works.
  private let bell = Bell()
  private let used = Atomic<Int64>(0)
  private let started = ContinuousClock.now

  /// SCHED_BATCH of sched.h, which Swift does not import.
  private static let batchPolicy: Int32 = 3
  /// Added to the nice(2) value of the event loops, so that a worker gets a tenth of their share.
  private static let niceness: Int32 = 10

  /// - Parameters:
  ///   - count: threads.
  ///   - budget: CPU time that one account may use in a second.
  init(count: Int, budget: Duration) {
    state = Mutex(State(queue: FairQueue(budget: budget)))
    for _ in 0..<max(1, count) { startThread { self.serve() } }
    startThread { self.handOver() }
  }

  /// At least two, because a pattern that is compiled at run time may occupy one for a while.
  static func count(processors: Int) -> Int { max(2, processors - 1) }

  func submit(_ work: any Work, account: String, meter: CPUMeter) {
    let mustWake = state.withLock { state in
      state.queue.add(work, account: account, meter: meter, now: now)
      return state.idle > 0
    }
    if mustWake { bell.ring() }
  }

  /// CPU time that all accounts have used.
  var total: Duration { .nanoseconds(used.load(ordering: .relaxed)) }

  /// What each account has used, the most expensive first.
  var usage: [FairQueue<any Work>.Usage] { state.withLock { $0.queue.usage() } }

  /// The number of accounts whose work waits or runs.
  var busyAccounts: Int { state.withLock { $0.queue.busyAccounts } }

  private var now: Duration { .now - started }

  private func serve() {
    Workers.lowerPriority()
    while true {
      switch state.withLock({ $0.next(now: now) }) {
      case .run(let turn):
        let before = Workers.threadTime
        let isDone = turn.element.run(Slice())
        let spent = Workers.threadTime - before
        used.wrappingAdd(Int64(spent / .nanoseconds(1)), ordering: .relaxed)
        state.withLock { $0.queue.finish(turn, used: spent, isDone: isDone, now: now) }
        if isDone { finished(turn.element) }
      case .wait(let delay):
        bell.wait(milliseconds: delay.map { Int32(clamping: Int($0 / .milliseconds(1)) + 1) } ?? -1)
        state.withLock { $0.idle -= 1 }
      }
    }
  }

  private func finished(_ work: any Work) {
    let isFirst = done.withLock { done in
      done.append(work)
      return done.count == 1
    }
    if isFirst { doorbell.ring() }
  }

  private func handOver() {
    while true {
      let finished = done.withLock { done in
        defer { done = [] }
        return done
      }
      for work in finished { work.finish() }
      if finished.isEmpty { doorbell.wait(milliseconds: -1) }
    }
  }

  /// Lets every other thread run before the calling one. On Linux 0 is the calling thread.
  ///
  /// A thread inherits a real-time class, in which nice(2) means nothing. SCHED_BATCH never preempts a thread that
  /// wakes up (sched(7)). On a busy machine SCHED_IDLE would starve a thread that holds a lock.
  private static func lowerPriority() {
    var parameters = sched_param(sched_priority: 0)
    unsafe _ = sched_setscheduler(0, Workers.batchPolicy, &parameters)
    _ = setpriority(Int32(PRIO_PROCESS.rawValue), 0, niceness)
  }

  /// CPU time of the calling thread.
  private static var threadTime: Duration {
    var time = timespec()
    unsafe clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
  }
}
