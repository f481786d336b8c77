// SPDX-License-Identifier: Apache-2.0
internal import CProcess
internal import Glibc
internal import Synchronization

/// A process that kills what our children have started, when we end or are killed.
///
/// The kernel's PR_SET_PDEATHSIG reaches a child, but not the processes that the child has started. These are found by
/// their process group, and by a mark in their environment if they have left it (setsid(2)). The guard starts with the
/// first child and ends with this process.
final class ChildGuard: Sendable {
  static let shared = ChildGuard()

  /// The environment variable of the mark.
  static let variable = "WATCHUTILS_CHILD"

  /// The beginning of an entry in the environment of each child; the child's number follows it.
  let mark: String
  /// The pipe to the guard; -1 if it could not be started, so that only PR_SET_PDEATHSIG is left.
  let pipe: Int32
  private let children = Atomic<Int>(0)

  private init() {
    // A process id alone may be another process's later.
    let mark = "\(Self.variable)=\(getpid()).\(UInt64.random(in: .min ... .max))."
    self.mark = mark
    pipe = unsafe cprocess_start_guard("watchutils-guard", mark)
  }

  /// The mark of the next child.
  func nextMark() -> String { "\(mark)\(children.wrappingAdd(1, ordering: .relaxed).newValue)." }

  /// Removes a group from the guard's list. The child has added it when it started.
  func forget(group: pid_t) {
    guard pipe >= 0 else { return }
    var message = -group
    // A write of four bytes into a pipe is atomic.
    unsafe _ = write(pipe, &message, MemoryLayout<pid_t>.size)
  }
}
