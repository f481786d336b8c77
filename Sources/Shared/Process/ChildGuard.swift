// SPDX-License-Identifier: Apache-2.0
internal import CProcess
internal import Glibc
internal import Synchronization

/// A helper process that kills the process groups of our children if we are killed with SIGKILL.
///
/// The kernel's PR_SET_PDEATHSIG reaches a child, but not the processes that the child has started. The guard
/// starts with the first child and ends with this process.
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
