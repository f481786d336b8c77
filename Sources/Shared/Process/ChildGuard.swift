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
  let pipe: Int32 = unsafe cprocess_start_guard("watchutils-guard")

  /// Forgets a group, which the child itself has named to the guard when it started.
  func forget(group: pid_t) {
    guard pipe >= 0 else { return }
    var message = -group
    // Four bytes go into a pipe whole.
    unsafe _ = write(pipe, &message, MemoryLayout<pid_t>.size)
  }
}
