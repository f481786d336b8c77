// SPDX-License-Identifier: Apache-2.0
import Glibc

/// Identifies one version of a file, to notice that it has changed.
struct FileStamp: Equatable, Sendable {
  private let parts: [Int]
  /// Whether it can be read without waiting for another process, as a pipe cannot.
  let isRegular: Bool

  /// Nil if there is no such file.
  init?(_ path: String) {
    var status = stat()
    guard unsafe stat(path, &status) == 0 else { return nil }
    parts = [status.st_mtim.tv_sec, status.st_mtim.tv_nsec, Int(status.st_size), Int(status.st_ino)]
    isRegular = status.st_mode & S_IFMT == S_IFREG
  }
}
