// SPDX-License-Identifier: Apache-2.0
internal import CProcess
internal import Glibc

/// A file in memory that passes a secret to a child process, so that it is neither on a disk nor in
/// arguments, which other users can read. Can be used from any thread.
///
/// The child opens ``path``, `/proc/PID/fd/N` of this process, which only the same user can do. The file is
/// removed with the object.
package final class MemoryFile: Sendable {
  package let path: String
  private let descriptor: Int32

  /// Nil if no descriptor or no memory is left.
  package init?(_ content: [UInt8]) {
    descriptor = unsafe cprocess_memory_file(content, content.count)
    guard descriptor >= 0 else { return nil }
    path = "/proc/\(getpid())/fd/\(descriptor)"
  }

  deinit { if descriptor >= 0 { close(descriptor) } }

  /// Replaces the content. A reader gets either the old or the new one, because the whole file is replaced.
  ///
  /// Returns whether that was possible; otherwise the old content stays.
  package func replace(by content: [UInt8]) -> Bool {
    let fresh = unsafe cprocess_memory_file(content, content.count)
    guard fresh >= 0 else { return false }
    defer { close(fresh) }
    return cprocess_replace(descriptor, fresh) == 0
  }
}
