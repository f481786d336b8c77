// SPDX-License-Identifier: Apache-2.0
import Glibc
import Process
import Synchronization

/// A command whose stdout is a source of lines. Started without a shell, in a process group of its own, with default signals.
final class ChildProcess: Sendable {
  struct Failure: Error, CustomStringConvertible { var description: String }

  /// How it ended, in words, with the last of what it said on stderr.
  struct Ending: Sendable {
    var status: Int32
    var message: String
  }

  let processIdentifier: pid_t
  let output: Int32
  private let errors: Int32
  private let tail = Mutex<[UInt8]>([])
  private let hasEnded = Atomic<Bool>(false)
  private let hasSaidAll = Atomic<Bool>(false)

  private static let tailLimit = 2048

  init(_ arguments: [String]) throws(Failure) {
    var outputEnds: [Int32] = [-1, -1]
    var errorEnds: [Int32] = [-1, -1]
    guard unsafe pipe(&outputEnds) == 0, unsafe pipe(&errorEnds) == 0 else {
      let failure = Failure(description: "pipe: \(systemMessage(errno))")
      for end in outputEnds where end >= 0 { close(end) }
      throw failure
    }
    for end in outputEnds + errorEnds { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    var actions = unsafe posix_spawn_file_actions_t()
    unsafe posix_spawn_file_actions_init(&actions)
    unsafe posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    unsafe posix_spawn_file_actions_adddup2(&actions, outputEnds[1], 1)
    unsafe posix_spawn_file_actions_adddup2(&actions, errorEnds[1], 2)
    var attributes = posix_spawnattr_t()
    unsafe posix_spawnattr_init(&attributes)
    var signals = sigset_t()
    unsafe sigemptyset(&signals)
    unsafe posix_spawnattr_setsigmask(&attributes, &signals)
    for number in [SIGPIPE, SIGTERM, SIGINT, SIGHUP] { unsafe sigaddset(&signals, number) }
    unsafe posix_spawnattr_setsigdefault(&attributes, &signals)
    unsafe posix_spawnattr_setpgroup(&attributes, 0)
    let flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP
    unsafe posix_spawnattr_setflags(&attributes, Int16(flags))
    var identifier = pid_t()
    var pointers = unsafe arguments.map { unsafe strdup($0) } + [nil]
    let status = unsafe posix_spawnp(
      &identifier, pointers[0] ?? strdup(""), &actions, &attributes, &pointers, environ)
    unsafe pointers.forEach { unsafe free($0) }
    unsafe posix_spawn_file_actions_destroy(&actions)
    unsafe posix_spawnattr_destroy(&attributes)
    close(outputEnds[1])
    close(errorEnds[1])
    guard status == 0 else {
      close(outputEnds[0])
      close(errorEnds[0])
      throw Failure(description: "start '\(arguments.first ?? "")': \(systemMessage(status))")
    }
    processIdentifier = identifier
    output = outputEnds[0]
    errors = errorEnds[0]
    startThread { self.collectErrors() }
  }

  /// Asks it to end, and makes it after five seconds.
  func stop() {
    guard !hasEnded.load(ordering: .acquiring) else { return }
    kill(-processIdentifier, SIGTERM)
    startThread {
      for _ in 0..<50 {
        usleep(100_000)
        if self.hasEnded.load(ordering: .acquiring) { return }
      }
      kill(-self.processIdentifier, SIGKILL)
    }
  }

  /// Waits for the end; to be called once, by the thread that read the output to its end.
  func wait() -> Ending {
    var status: Int32 = 0
    while unsafe waitpid(processIdentifier, &status, 0) < 0, errno == EINTR {}
    hasEnded.store(true, ordering: .releasing)
    close(output)
    // What it said last may still be on its way; a descendant may hold stderr open for ever.
    for _ in 0..<50 where !hasSaidAll.load(ordering: .acquiring) { usleep(10_000) }
    let signal = status & 0x7F
    let code = signal == 0 ? (status >> 8) & 0xFF : 128 + signal
    let said = String(decoding: tail.withLock { $0 }, as: UTF8.self)
    let how = signal == 0 ? "exit status \(code)" : "signal \(signal)"
    return Ending(status: code, message: said.isEmpty ? how : "\(how): \(said)")
  }

  private func collectErrors() {
    var bytes = [UInt8](repeating: 0, count: 1024)
    while true {
      let count = unsafe read(errors, &bytes, bytes.count)
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { break }
      tail.withLock { tail in
        tail.append(contentsOf: bytes[..<count])
        if tail.count > ChildProcess.tailLimit { tail.removeFirst(tail.count - ChildProcess.tailLimit) }
      }
    }
    close(errors)
    hasSaidAll.store(true, ordering: .releasing)
  }
}
