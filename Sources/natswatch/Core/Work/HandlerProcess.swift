// SPDX-License-Identifier: Apache-2.0

import CNATS
import Glibc
import Process

/// Runs a handler for one message: input on its stdin, its stdout gathered, its stderr passed on.
///
/// With posix_spawn and poll on the calling thread: a handler's thread has nothing else to do, and the signs of life
/// for the server have to go out while it waits. The child is in a process group of its own, so that a time-out ends
/// its children too and Ctrl-C ends the pulling, not the work; it starts with no signal blocked or ignored.
struct HandlerProcess {
  enum Outcome: Equatable, Sendable {
    case exited(Int32)
    case signalled(Int32)
    case timedOut
    case notStarted(errno: Int32)
  }

  struct Result: Equatable, Sendable {
    var outcome: Outcome
    /// What it wrote to stdout, when that was asked for.
    var output: [UInt8] = []
    /// The last line it wrote to stderr.
    var complaint = ""

    /// In one line, why the handling failed.
    var reason: String {
      let text =
        switch outcome {
        case .exited(let status): "exit status \(status)"
        case .signalled(let number): "killed by signal \(number)"
        case .timedOut: "took too long"
        case .notStarted(let number): "cannot be started: \(systemMessage(number))"
        }
      return complaint.isEmpty ? text : "\(text): \(complaint)"
    }
  }

  let command: [String]
  /// Added to our own environment.
  let variables: [String]
  let capturesOutput: Bool
  let timeout: Duration?
  /// Gathering more than this of stdout ends the handler.
  static let outputLimit = 64 << 20

  /// Runs the handler to its end.
  ///
  /// - Parameters:
  ///   - input: What it reads.
  ///   - everyTick: Called about ten times a second while it runs.
  /// - Returns: How it ended.
  func run(input: [UInt8], everyTick: () -> Void) -> Result {
    guard let toChild = PipePair(), let fromChild = PipePair(), let complaints = PipePair() else {
      return Result(outcome: .notStarted(errno: errno))
    }
    let spawned = spawn(
      stdin: toChild.reader, stdout: capturesOutput ? fromChild.writer : 1, stderr: complaints.writer)
    toChild.closeReader()
    fromChild.closeWriter()
    complaints.closeWriter()
    switch spawned {
    case .failure(let number): return Result(outcome: .notStarted(errno: number))
    case .success(let child):
      var talk = HandlerTalk(input: input, to: toChild, from: fromChild, complaints: complaints)
      let outcome = wait(for: child, &talk, everyTick)
      return Result(outcome: outcome, output: talk.output, complaint: talk.complaint)
    }
  }

  private enum Spawned {
    case success(pid_t)
    case failure(Int32)
  }

  private func spawn(stdin: Int32, stdout: Int32, stderr: Int32) -> Spawned {
    var actions = unsafe posix_spawn_file_actions_t()
    unsafe posix_spawn_file_actions_init(&actions)
    defer { unsafe posix_spawn_file_actions_destroy(&actions) }
    unsafe posix_spawn_file_actions_adddup2(&actions, stdin, 0)
    unsafe posix_spawn_file_actions_adddup2(&actions, stdout, 1)
    unsafe posix_spawn_file_actions_adddup2(&actions, stderr, 2)
    // The connection's socket, and pipes that another thread is just making for its own handler, are none of its business.
    unsafe cnats_spawn_closes_from(&actions, 3)
    var attributes = posix_spawnattr_t()
    unsafe posix_spawnattr_init(&attributes)
    defer { unsafe posix_spawnattr_destroy(&attributes) }
    var none = sigset_t()
    unsafe sigemptyset(&none)
    unsafe posix_spawnattr_setsigmask(&attributes, &none)
    var standard = sigset_t()
    unsafe sigemptyset(&standard)
    for number in [SIGPIPE, SIGTERM, SIGINT, SIGHUP, SIGURG] { unsafe sigaddset(&standard, number) }
    unsafe posix_spawnattr_setsigdefault(&attributes, &standard)
    unsafe posix_spawnattr_setpgroup(&attributes, 0)
    unsafe posix_spawnattr_setflags(
      &attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP))
    var child = pid_t()
    let status = unsafe CStrings.with(command) { arguments in
      unsafe CStrings.with(Self.environment(adding: variables)) { environment in
        unsafe posix_spawnp(&child, command[0], &actions, &attributes, arguments, environment)
      }
    }
    return status == 0 ? .success(child) : .failure(status)
  }

  private static func environment(adding variables: [String]) -> [String] {
    var result: [String] = []
    var index = 0
    while let entry = unsafe environ[index] {
      let text = unsafe String(cString: entry)
      if !text.hasPrefix("NATSWATCH_") { result.append(text) }
      index += 1
    }
    return result + variables
  }

  private func wait(for child: pid_t, _ talk: inout HandlerTalk, _ everyTick: () -> Void) -> Outcome {
    let started = ContinuousClock.now
    var isKilled = false
    while true {
      talk.exchange(milliseconds: 100)
      var status: Int32 = 0
      if unsafe waitpid(child, &status, WNOHANG) == child {
        talk.finish()
        if isKilled { return .timedOut }
        // WIFEXITED and its friends are macros that Swift does not see.
        return status & 0x7f == 0 ? .exited(status >> 8 & 0xff) : .signalled(status & 0x7f)
      }
      everyTick()
      let isLate = timeout.map { ContinuousClock.now - started > $0 } ?? false
      if !isKilled, isLate || talk.output.count > Self.outputLimit {
        isKilled = true
        kill(-child, SIGKILL)
      }
    }
  }
}
