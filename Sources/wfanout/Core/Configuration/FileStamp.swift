// SPDX-License-Identifier: Apache-2.0
import Encoding
import Glibc

/// Identifies one version of a file, to notice that it has changed.
struct FileStamp: Sendable {
  private let parts: [Int]
  /// Whether it can be read without waiting for another process, as a pipe cannot.
  let isRegular: Bool
  /// Whether it was written in the last fifth of a second.
  let isBeingWritten: Bool

  /// Nil if there is no such file.
  init?(_ path: String) {
    var status = stat()
    guard unsafe stat(path, &status) == 0 else { return nil }
    parts = [status.st_mtim.tv_sec, status.st_mtim.tv_nsec, Int(status.st_size), Int(status.st_ino)]
    isRegular = status.st_mode & S_IFMT == S_IFREG
    let written = Double(status.st_mtim.tv_sec) + Double(status.st_mtim.tv_nsec) / 1e9
    isBeingWritten = (0..<0.2).contains(Double(Timestamp.now.nanoseconds) / 1e9 - written)
  }
}

extension FileStamp: Equatable {
  static func == (left: FileStamp, right: FileStamp) -> Bool { left.parts == right.parts }
}
