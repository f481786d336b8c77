// SPDX-License-Identifier: Apache-2.0
internal import CProcess
internal import Glibc
internal import Synchronization

/// A command that we run: an exec plugin, a handler, an upstream.
///
/// It starts with descriptors 0, 1 and 2 only, with default signals, with the limit of open files that we were started
/// with, and as the leader of a process group. It does not outlive us: the kernel kills it when we are killed
/// (PR_SET_PDEATHSIG), and a guard process kills the rest of its group and what has left the group.
///
/// All members may be called on any thread.
@safe package final class ChildProcess: Sendable {
  /// How a process ended.
  package enum Ending: Sendable, Equatable, CustomStringConvertible {
    case exited(Int32)
    case killed(signal: Int32)

    package var description: String {
      switch self {
      case .exited(let status): "exit status \(status)"
      case .killed(let signal): "killed by signal \(signal)"
      }
    }

    /// The status as a shell reports it: 128 plus the signal's number for a process that was killed.
    package var shellStatus: Int32 {
      switch self {
      case .exited(let status): status
      case .killed(let signal): 128 + signal
      }
    }
  }

  package let identifier: Int32
  /// Our ends of the pipes; -1 if the ``Configuration`` has no pipe there. They are closed with the object.
  package let input: Int32
  package let output: Int32
  package let errors: Int32
  /// A pidfd: poll(2) reports it readable from the process's end on.
  package let endDescriptor: Int32

  private enum State { case running, ended(Ending) }
  private let state = Mutex(State.running)
  private let isInputOpen: Atomic<Bool>
  private let leadsGroup: Bool
  /// The environment entry of all that the command starts; nil if that may stay.
  private let mark: String?

  /// Starts a command.
  ///
  /// - Throws: ``ChildProcessError`` when the command is not found or cannot be started.
  package init(_ configuration: Configuration) throws(ChildProcessError) {
    let command = configuration.command.first ?? ""
    guard let path = CommandSearch.path(of: command) else {
      throw ChildProcessError(command: command, errno: CommandSearch.isPath(command) ? EACCES : ENOENT)
    }
    mark = configuration.endsDescendants ? ChildGuard.shared.nextMark() : nil
    var ends = ChildStreams()
    do throws(ChildProcessError) {
      let theirs = try ends.open(configuration)
      (identifier, endDescriptor) = try ChildStarter.start(
        configuration, mark: mark, path: path, streams: theirs)
    } catch {
      ends.closeAll()
      throw error
    }
    ends.closeTheirs()
    (input, output, errors) = (ends.ours.input, ends.ours.output, ends.ours.errors)
    isInputOpen = Atomic(input >= 0)
    leadsGroup = configuration.leadsGroup
  }

  deinit {
    if waitForEnd(atMost: .zero) == nil {
      signal(SIGKILL)
      _ = waitForEnd()
    }
    closeInput()
    for descriptor in [output, errors, endDescriptor] where descriptor >= 0 { close(descriptor) }
  }

  /// Closes our end of the command's stdin.
  package func closeInput() {
    if isInputOpen.exchange(false, ordering: .acquiringAndReleasing) { close(input) }
  }

  /// Sends a signal to the command's group (to the command alone where it leads none); nothing once it has ended.
  package func signal(_ number: Int32) {
    state.withLock { state in
      guard case .running = state else { return }
      _ = kill(leadsGroup ? -identifier : identifier, number)
    }
  }

  /// Sends a signal to all that the command has started, also in other process groups. This reads the environments of all
  /// processes, which takes milliseconds: not on an event loop, and not for each of many commands.
  ///
  /// - Returns: Whether there were any; the command itself counts.
  @discardableResult
  package func signalDescendants(_ number: Int32) -> Bool {
    guard let mark else { return false }
    return unsafe cprocess_signal_marked(mark, number) > 0
  }

  /// Kills all that the command has started. For a command that has ended, or is about to be killed.
  package func killDescendants() {
    signal(SIGKILL)
    // Again while there are any: one may have started another before it was killed.
    var passes = 0
    while passes < 20, signalDescendants(SIGKILL) {
      passes += 1
      usleep(1000)
    }
  }

  /// Waits for the end of the command.
  ///
  /// - Parameter limit: the maximum wait; nil has no limit.
  /// - Returns: how it ended; nil if it is still running.
  package func waitForEnd(atMost limit: Duration? = nil) -> Ending? {
    if case .ended(let ending) = state.withLock({ $0 }) { return ending }
    let milliseconds = limit.map { Int32(min(max($0.milliseconds, 0), Int64(Int32.max))) } ?? -1
    guard cprocess_wait(endDescriptor, milliseconds) == 1 else { return nil }
    return state.withLock { state in
      if case .ended(let ending) = state { return ending }
      // Remove the group before its number can be used again.
      if leadsGroup { ChildGuard.shared.forget(group: identifier) }
      let status = cprocess_reap(identifier)
      let ending: Ending = status < 0 ? .killed(signal: -status) : .exited(status)
      state = .ended(ending)
      return ending
    }
  }

  /// Ends the command and what it has started: SIGTERM, and SIGKILL when that has not ended the command in time.
  ///
  /// - Parameter grace: The time between the two.
  /// - Returns: How it ended.
  @discardableResult
  package func stop(grace: Duration = .seconds(5)) -> Ending? {
    signal(SIGTERM)
    signalDescendants(SIGTERM)
    let ending = waitForEnd(atMost: grace)
    killDescendants()
    return ending ?? waitForEnd()
  }
}
