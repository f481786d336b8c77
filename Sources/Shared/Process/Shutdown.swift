// SPDX-License-Identifier: Apache-2.0
internal import Glibc
internal import Synchronization

/// How a tool learns that it has to end, and how it ends.
///
/// There are three causes: a signal, a closed stdout, and a time limit. A closed stdout is detected *while
/// nothing is written*, so that `kwatch pods | head -1` ends at once, not at the next event. Both wake a
/// thread that waits (``eventDescriptor``, ``onRequest(_:)``), interrupt a thread that is stuck in `write(2)`
/// (``interruptWrites()``), and end the process for good if it has not ended within 5 seconds. A second
/// signal ends it at once.
package final class Shutdown: Sendable {
  /// Why the process has to end.
  package enum Cause: Sendable, Equatable {
    /// SIGTERM, SIGINT, or SIGHUP where the tool gives that no other meaning.
    case signal(Int32)
    /// The reader of stdout has closed its end.
    case readerLeft
    /// `--timeout` has run out.
    case deadline

    /// The signal the process dies by: a reader that left is SIGPIPE's business, as with cat(1) and grep(1).
    var deadlySignal: Int32? {
      switch self {
      case .signal(let number): number
      case .readerLeft: SIGPIPE
      case .deadline: nil
      }
    }
  }

  private struct State {
    var cause: Cause?
    /// When the first signal came that asks for the end.
    var firstSignal: ContinuousClock.Instant?
    var wakes: [@Sendable (Cause) -> Void] = []
    var hangup: (@Sendable () -> Void)?
    var writer: pthread_t?
  }

  /// The read end of a pipe that is readable from the first request on: put it into any `poll`.
  package let eventDescriptor: Int32
  private let wakeDescriptor: Int32
  private let state = Mutex(State())

  /// How long a clean end may take before the process is ended anyway, in tenths of a second.
  private let graceTenths = Atomic<Int>(50)
  private let deadlineHasPassed = Atomic<Bool>(false)

  /// One that only ``request(_:)`` asks for the end: for tests, and for code that is used without a process of its own.
  package init() {
    let pipe = PipeEnds()
    (eventDescriptor, wakeDescriptor) = (pipe?.reader ?? -1, pipe?.writer ?? -1)
  }

  /// Takes over the signals and watches the reader of `output`. Call it once, before any thread exists.
  ///
  /// Blocks SIGTERM, SIGINT and SIGHUP in this thread and so in all it starts, ignores SIGPIPE (a lost peer of a
  /// socket is an error like any other), and starts a thread in sigwait(3) and one in poll(2).
  ///
  /// - Parameter output: the descriptor whose reader counts; `nil` for a server, which has none.
  /// - Returns: the object that reports the request to end; it lives as long as the process.
  package static func install(readerOf output: Int32? = 1) -> Shutdown {
    occupyStandardDescriptors()
    let shutdown = Shutdown()
    signal(SIGPIPE, SIG_IGN)
    var interrupt = sigaction()
    unsafe interrupt.__sigaction_handler.sa_handler = { _ in }  // no SA_RESTART: write(2) has to return EINTR
    unsafe sigaction(SIGURG, &interrupt, nil)
    blockSignals([SIGTERM, SIGINT, SIGHUP])
    startThread { shutdown.waitForSignals() }
    if let output { startThread { shutdown.watchReader(of: output) } }
    return shutdown
  }

  /// Whether the time limit has been reached: cheap enough to be asked for every line. Any thread.
  package var isPastDeadline: Bool { deadlineHasPassed.load(ordering: .relaxed) }

  /// Asks for the end when a time limit has passed, whatever the threads of the tool do until then.
  package func requestEnd(after limit: Duration) {
    startThread {
      Self.sleep(until: .now + limit)
      self.deadlineHasPassed.store(true, ordering: .relaxed)
      self.request(.deadline)
      self.insist(.deadline)
    }
  }

  /// Why the process has to end; `nil` while it has not. Any thread.
  package var cause: Cause? { state.withLock { $0.cause } }

  /// Registers a function that wakes a waiting loop, such as `curl_multi_wakeup`. Called on another thread, once; at once
  /// when the request came before.
  package func onRequest(_ wake: @escaping @Sendable (Cause) -> Void) {
    let cause = state.withLock { state in
      if state.cause == nil { state.wakes.append(wake) }
      return state.cause
    }
    if let cause { wake(cause) }
  }

  /// Gives a clean end more time (or less) than the 5 seconds it has by default.
  package func allow(grace: Duration) {
    graceTenths.store(Int(max(1, grace / .milliseconds(100))), ordering: .relaxed)
  }

  /// Gives SIGHUP another meaning than the end, as `kwatch` does (list again). Called on another thread.
  package func onHangup(_ action: @escaping @Sendable () -> Void) { state.withLock { $0.hangup = action } }

  /// From now on a request interrupts a blocking system call of the calling thread, which is the one that writes.
  package func interruptWrites() { state.withLock { $0.writer = pthread_self() } }

  /// Ends the process: by the signal that asked for it, or SIGPIPE where the reader left, else with `status`.
  package func finish(_ status: ExitStatus) -> Never {
    if let signal = cause?.deadlySignal { Self.die(by: signal) }
    exit(status.rawValue)
  }

  /// Ends the process as a reader's departure does. For EPIPE, which may be seen before the watch sees POLLERR.
  package func finishReaderLeft() -> Never { Self.die(by: cause?.deadlySignal ?? SIGPIPE) }

  /// Asks for the end as if `cause` had come. Only the first request counts.
  package func request(_ cause: Cause) {
    let wakes: [@Sendable (Cause) -> Void] = state.withLock { state in
      guard state.cause == nil else { return [] }
      state.cause = cause
      defer { state.wakes = [] }
      return state.wakes
    }
    var byte: UInt8 = 1
    unsafe _ = write(wakeDescriptor, &byte, 1)
    for wake in wakes { wake(cause) }
  }

  /// timeout(1) sends its signal to the process and to its group: signals this close together count as one.
  private static let repetitionInterval = Duration.milliseconds(500)

  private func waitForSignals() {
    while true {
      let number = waitForSignal([SIGTERM, SIGINT, SIGHUP])
      let now = ContinuousClock.now
      let (hangup, first) = state.withLock { ($0.hangup, $0.firstSignal) }
      if number == SIGHUP, let hangup {
        hangup()
      } else if let first {
        if now - first > Self.repetitionInterval { Self.die(by: number) }
      } else {
        state.withLock { $0.firstSignal = now }
        request(.signal(number))
        startThread { self.insist(.signal(number)) }
      }
    }
  }

  private func watchReader(of output: Int32) {
    var descriptor = pollfd(fd: output, events: 0, revents: 0)
    while true {
      let ready = unsafe poll(&descriptor, 1, -1)
      if ready < 0 { continue }
      // POLLNVAL: we have closed stdout ourselves; the next write fails.
      guard descriptor.revents & Int16(POLLERR | POLLHUP) != 0 else { return }
      request(.readerLeft)
      return insist(.readerLeft)
    }
  }

  /// Interrupts the writer again and again, since a wake-up just before it enters `write(2)` is lost; at the end
  /// of the grace period ends the process.
  private func insist(_ cause: Cause) {
    for _ in 0..<graceTenths.load(ordering: .relaxed) {
      if let writer = state.withLock({ $0.writer }) { pthread_kill(writer, SIGURG) }
      usleep(100_000)
    }
    // Without exit handlers: other threads still run.
    guard let signal = cause.deadlySignal else { _exit(ExitStatus.timedOut.rawValue) }
    Self.die(by: signal)
  }

  private static func sleep(until deadline: ContinuousClock.Instant) {
    while ContinuousClock.now < deadline {
      let left = (deadline - .now) / Duration.microseconds(1)
      usleep(UInt32(max(1, min(left.rounded(.up), 900_000))))
    }
  }

  private static func die(by number: Int32) -> Never {
    signal(number, SIG_DFL)
    unblockSignals([number])
    kill(getpid(), number)
    usleep(1_000_000)
    exit(128 + number)
  }

  /// Opens /dev/null on each of 0, 1 and 2 that is closed, in the mode that makes its use fail.
  ///
  /// Otherwise the next descriptor to be opened, a socket perhaps, would become stdout.
  private static func occupyStandardDescriptors() {
    for (descriptor, mode) in [
      (STDIN_FILENO, O_WRONLY), (STDOUT_FILENO, O_RDONLY), (STDERR_FILENO, O_RDONLY),
    ]
    where fcntl(descriptor, F_GETFD) < 0 { _ = unsafe open("/dev/null", mode) }
  }
}
