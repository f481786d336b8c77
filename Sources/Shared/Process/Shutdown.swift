// SPDX-License-Identifier: Apache-2.0
internal import Glibc
internal import Synchronization

/// The end of a tool: why it has to end, who is notified, and its exit status.
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

    /// The signal by which the process ends. A closed stdout is SIGPIPE, as for cat(1) and grep(1).
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
    /// The time of the first signal that asks for the end.
    var firstSignal: ContinuousClock.Instant?
    var wakes: [@Sendable (Cause) -> Void] = []
    var hangup: (@Sendable () -> Void)?
    var writer: pthread_t?
  }

  /// The read end of a pipe that becomes readable with the first request. Add it to any poll(2).
  package let eventDescriptor: Int32
  private let wakeDescriptor: Int32
  private let state = Mutex(State())

  /// The time limit of a clean end in tenths of a second, after which the process is ended anyway.
  private let graceTenths = Atomic<Int>(50)
  private let deadlineHasPassed = Atomic<Bool>(false)

  /// An object that only ``request(_:)`` triggers: for tests, and for code that does not own the process.
  package init() {
    let pipe = PipeEnds()
    (eventDescriptor, wakeDescriptor) = (pipe?.reader ?? -1, pipe?.writer ?? -1)
  }

  /// Takes over the signals and watches the reader of `output`. Call it once, before any thread exists.
  ///
  /// Blocks SIGTERM, SIGINT and SIGHUP in this thread and so in all it starts, ignores SIGPIPE (a lost peer of a
  /// socket is an error like any other), and starts a thread in sigwait(3) and one in poll(2). A SIGHUP that is
  /// ignored, as nohup(1) does, stays ignored: sigwait(3) would return it, because it is blocked.
  ///
  /// - Parameter output: the descriptor whose reader is watched; `nil` for a server, which has none.
  /// - Returns: the object that reports the request to end; it lives as long as the process.
  package static func install(readerOf output: Int32? = 1) -> Shutdown {
    occupyStandardDescriptors()
    let shutdown = Shutdown()
    signal(SIGPIPE, SIG_IGN)
    var interrupt = sigaction()
    unsafe interrupt.__sigaction_handler.sa_handler = { _ in }  // no SA_RESTART: write(2) has to return EINTR
    unsafe sigaction(SIGURG, &interrupt, nil)
    let signals = isIgnored(SIGHUP) ? [SIGTERM, SIGINT] : [SIGTERM, SIGINT, SIGHUP]
    blockSignals(signals)
    let hasTerminal = hasControllingTerminal
    startThread { shutdown.wait(for: signals, hasTerminal: hasTerminal) }
    if let output { startThread { shutdown.watchReader(of: output) } }
    return shutdown
  }

  /// Whether the time limit has been reached. Cheap enough to be called for every line. Can be used from any
  /// thread.
  package var isPastDeadline: Bool { deadlineHasPassed.load(ordering: .relaxed) }

  /// Requests the end after a time limit, whatever the tool's threads are doing.
  package func requestEnd(after limit: Duration) {
    startThread {
      Self.sleep(until: .now + limit)
      self.deadlineHasPassed.store(true, ordering: .relaxed)
      self.request(.deadline)
      self.insist(.deadline)
    }
  }

  /// Why the process has to end; `nil` while it has not. Can be used from any thread.
  package var cause: Cause? { state.withLock { $0.cause } }

  /// Registers a function that wakes a waiting loop, such as `curl_multi_wakeup`. It is called once, on
  /// another thread; at once if the end was requested before.
  package func onRequest(_ wake: @escaping @Sendable (Cause) -> Void) {
    let cause = state.withLock { state in
      if state.cause == nil { state.wakes.append(wake) }
      return state.cause
    }
    if let cause { wake(cause) }
  }

  /// Sets the time limit of a clean end (default: 5 seconds).
  package func allow(grace: Duration) {
    graceTenths.store(Int(max(1, grace / .milliseconds(100))), ordering: .relaxed)
  }

  /// Calls a function for SIGHUP instead of ending: `kwatch` lists again. The function is called on another
  /// thread. The SIGHUP of a terminal that has been closed ends the process all the same.
  package func onHangup(_ action: @escaping @Sendable () -> Void) { state.withLock { $0.hangup = action } }

  /// From now on a request interrupts a blocking system call of the calling thread. Call it on the thread
  /// that writes.
  package func interruptWrites() { state.withLock { $0.writer = pthread_self() } }

  /// Ends the process: by the signal that requested it, by SIGPIPE if the reader has left, else with
  /// `status`.
  package func finish(_ status: ExitStatus) -> Never {
    if let signal = cause?.deadlySignal { Self.die(by: signal) }
    exit(status.rawValue)
  }

  /// Ends the process as if the reader had left. For EPIPE, which may come before poll(2) reports POLLERR.
  package func finishReaderLeft() -> Never { Self.die(by: cause?.deadlySignal ?? SIGPIPE) }

  /// Requests the end for `cause`. Only the first request counts.
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

  private func wait(for signals: [Int32], hasTerminal: Bool) {
    while true {
      let number = waitForSignal(signals)
      let now = ContinuousClock.now
      let (hangup, first) = state.withLock { ($0.hangup, $0.firstSignal) }
      if number == SIGHUP, let hangup, !hasTerminal || Self.hasControllingTerminal {
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

  /// A process loses its controlling terminal when that is closed.
  private static var hasControllingTerminal: Bool {
    let terminal = unsafe open("/dev/tty", O_RDONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC)
    if terminal >= 0 { close(terminal) }
    return terminal >= 0
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

  /// Interrupts the writer repeatedly, because a wake-up just before it enters `write(2)` is lost. Ends the
  /// process after the grace period.
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
  /// Otherwise the next descriptor that is opened, such as a socket, would become stdout.
  private static func occupyStandardDescriptors() {
    for (descriptor, mode) in [
      (STDIN_FILENO, O_WRONLY), (STDOUT_FILENO, O_RDONLY), (STDERR_FILENO, O_RDONLY),
    ]
    where fcntl(descriptor, F_GETFD) < 0 { _ = unsafe open("/dev/null", mode) }
  }
}
