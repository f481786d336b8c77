// SPDX-License-Identifier: Apache-2.0
import Glibc
import Process
import Synchronization

/// Work that a client's request causes and that may be long.
protocol Work: AnyObject, Sendable {
  /// Works until it is done or the slice is over. Called on one thread at a time.
  ///
  /// - Returns: whether it is done.
  func run(_ slice: Slice) -> Bool
}

/// Work that is short or cannot be divided.
final class OneStepWork: Work {
  private let body: @Sendable () -> Void

  init(_ body: @escaping @Sendable () -> Void) { self.body = body }

  func run(_ slice: Slice) -> Bool {
    body()
    return true
  }
}

/// Tells work that nobody waits for its result any more. Any thread.
final class Cancellation: Sendable {
  private let flag = Atomic<Bool>(false)

  func cancel() { flag.store(true, ordering: .relaxed) }

  var isCancelled: Bool { flag.load(ordering: .relaxed) }
}

/// How long a piece of work may hold its thread.
struct Slice: Sendable {
  private let end: ContinuousClock.Instant

  static let length = Duration.milliseconds(4)

  init(_ length: Duration = Slice.length) { end = .now + length }

  var isOver: Bool { .now >= end }
}

/// Threads for what must not run on an event loop: filters, snapshots, compiling.
///
/// The threads have a low priority, so that they use only what the event loops leave. CPU time is accounted
/// to the client that caused it: its identity, or its address where no tokens are asked for. Any thread may
/// submit.
final class Workers: Sendable {
  private struct State: Sendable {
    var queue: FairQueue<any Work>
    /// Threads that wait, or are about to.
    var idle = 0

    mutating func next(now: Duration) -> FairQueue<any Work>.Next {
      let next = queue.next(now: now)
      if case .wait = next { idle += 1 }
      return next
    }
  }

  private let state: Mutex<State>
  /// A byte in it wakes a thread.
  private let bell: (read: Int32, write: Int32)
  private let used = Atomic<Int64>(0)
  private let started = ContinuousClock.now

  /// nice(2) values above the event loops'.
  private static let niceness: Int32 = 5

  /// - Parameters:
  ///   - count: threads.
  ///   - budget: CPU time that one account may use in a second.
  init(count: Int, budget: Duration) {
    state = Mutex(State(queue: FairQueue(budget: budget)))
    var ends: [Int32] = [-1, -1]
    unsafe pipe(&ends)
    for end in ends {
      _ = fcntl(end, F_SETFD, FD_CLOEXEC)
      _ = fcntl(end, F_SETFL, O_NONBLOCK)
    }
    bell = (ends[0], ends[1])
    for _ in 0..<max(1, count) { startThread { self.serve() } }
  }

  /// Two at least: a pattern that is compiled at run time may hold one for a while.
  static func count(processors: Int) -> Int { max(2, processors - 1) }

  func submit(_ work: any Work, account: String, meter: CPUMeter) {
    let mustWake = state.withLock { state in
      state.queue.add(work, account: account, meter: meter, now: now)
      return state.idle > 0
    }
    guard mustWake else { return }
    var one: UInt8 = 1
    unsafe _ = write(bell.write, &one, 1)
  }

  /// CPU time that all accounts have used.
  var total: Duration { .nanoseconds(used.load(ordering: .relaxed)) }

  /// What each account has used, the most expensive first.
  var usage: [FairQueue<any Work>.Usage] { state.withLock { $0.queue.usage() } }

  private var now: Duration { .now - started }

  private func serve() {
    // On Linux 0 is the calling thread alone.
    _ = setpriority(Int32(PRIO_PROCESS.rawValue), 0, Workers.niceness)
    while true {
      switch state.withLock({ $0.next(now: now) }) {
      case .run(let turn):
        let before = Workers.threadTime
        let isDone = turn.element.run(Slice())
        let spent = Workers.threadTime - before
        used.wrappingAdd(Int64(spent / .nanoseconds(1)), ordering: .relaxed)
        state.withLock { $0.queue.finish(turn, used: spent, isDone: isDone, now: now) }
      case .wait(let delay):
        var event = pollfd(fd: bell.read, events: Int16(POLLIN), revents: 0)
        unsafe _ = poll(&event, 1, delay.map { Int32(clamping: Int($0 / .milliseconds(1)) + 1) } ?? -1)
        var byte: UInt8 = 0
        unsafe _ = read(bell.read, &byte, 1)
        state.withLock { $0.idle -= 1 }
      }
    }
  }

  /// CPU time of the calling thread.
  private static var threadTime: Duration {
    var time = timespec()
    unsafe clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
  }
}
