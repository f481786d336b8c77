// SPDX-License-Identifier: Apache-2.0
internal import CProcess
internal import Glibc
internal import Synchronization

/// The process that kills the groups of our children when we were killed ourselves and could not.
///
/// The kernel's PR_SET_PDEATHSIG reaches a child, not what the child has started. The guard is started with the first
/// child, and ends with us.
final class ChildGuard: Sendable {
  static let shared = ChildGuard()

  /// The pipe to the guard; -1 where it could not be started, which leaves PR_SET_PDEATHSIG.
  private let pipe: Int32 = unsafe cprocess_start_guard("watchutils-guard")

  func remember(group: pid_t) { send(group) }
  func forget(group: pid_t) { send(-group) }

  private func send(_ message: pid_t) {
    guard pipe >= 0 else { return }
    var message = message
    // Four bytes go into a pipe whole.
    unsafe _ = write(pipe, &message, MemoryLayout<pid_t>.size)
  }
}
