// SPDX-License-Identifier: Apache-2.0
package import Foundation

/// A child process, with posix_spawn(3) and waitpid(2).
///
/// Foundation's `Process` detects the end with a socket that grandchildren inherit, so it would also wait for
/// servers that a script leaves running. It also lets the child inherit an ignored SIGPIPE, which changes how
/// pipelines end.
///
/// `@unchecked Sendable`: `lock` guards the status.
package final class SpawnedProcess: @unchecked Sendable {
  package let processIdentifier: Int32
  private let lock = NSLock()
  private var waitStatus: Int32?

  /// Starts a program. A stream that is not given is /dev/null.
  package init(
    _ path: String, _ arguments: [String], environment: [String: String], in directory: URL? = nil,
    input: FileHandle? = nil, output: FileHandle? = nil, errors: FileHandle? = nil
  ) throws {
    var words = [path] + arguments
    if let directory { words = ["/usr/bin/env", "-C", directory.path] + words }
    // A child that inherits the writing end of its own input would never see the end of that input.
    for descriptor in Int32(3)..<1024 { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
    var actions = unsafe posix_spawn_file_actions_t()
    unsafe posix_spawn_file_actions_init(&actions)
    defer { unsafe posix_spawn_file_actions_destroy(&actions) }
    for (target, handle) in [(Int32(0), input), (1, output), (2, errors)] {
      if let handle {
        unsafe posix_spawn_file_actions_adddup2(&actions, handle.fileDescriptor, target)
      } else {
        unsafe posix_spawn_file_actions_addopen(&actions, target, "/dev/null", O_RDWR, 0)
      }
    }
    var attributes = posix_spawnattr_t()
    unsafe posix_spawnattr_init(&attributes)
    defer { unsafe posix_spawnattr_destroy(&attributes) }
    var defaults = sigset_t()
    unsafe sigemptyset(&defaults)
    var mask = defaults
    // The tests may run under nohup(1).
    for signal in [SIGPIPE, SIGHUP] { unsafe sigaddset(&defaults, signal) }
    unsafe posix_spawnattr_setsigdefault(&attributes, &defaults)
    unsafe posix_spawnattr_setsigmask(&attributes, &mask)
    unsafe posix_spawnattr_setflags(
      &attributes, Int16(POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP))

    var child: pid_t = 0
    let status = unsafe withCStrings(words) { argv in
      unsafe withCStrings(environment.map { "\($0.key)=\($0.value)" }) { envp in
        unsafe posix_spawn(&child, words[0], &actions, &attributes, argv, envp)
      }
    }
    guard status == 0 else { throw POSIXError(POSIXErrorCode(rawValue: status) ?? .EINVAL) }
    processIdentifier = child
  }

  package var isRunning: Bool { status(options: WNOHANG) == nil }

  /// Waits for the end, and returns the exit status, or 128 + the signal's number.
  package func wait() -> Int32 {
    while true {
      if let status = status(options: WNOHANG) { return status }
      Thread.sleep(forTimeInterval: 0.005)
    }
  }

  /// Kills the process group.
  package func killGroup() { kill(-processIdentifier, SIGKILL) }

  package func send(_ signal: Int32) { if isRunning { kill(processIdentifier, signal) } }

  private func status(options: Int32) -> Int32? {
    lock.withLock {
      if waitStatus == nil {
        var raw: Int32 = 0
        if unsafe waitpid(processIdentifier, &raw, options) == processIdentifier { waitStatus = raw }
      }
      return waitStatus.map { $0 & 0x7F == 0 ? ($0 >> 8) & 0xFF : 128 + ($0 & 0x7F) }
    }
  }
}

/// Calls `body` with a null-terminated array of C strings.
private func withCStrings<Result>(
  _ strings: [String], _ body: (UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> Result
) -> Result {
  var pointers = unsafe strings.map { unsafe strdup($0) } + [nil]
  defer { unsafe pointers.forEach { unsafe free($0) } }
  return unsafe pointers.withUnsafeMutableBufferPointer { buffer in
    guard let base = buffer.baseAddress else { preconditionFailure("the array has its terminator") }
    return unsafe body(base)
  }
}
