// SPDX-License-Identifier: Apache-2.0
internal import Glibc
import Process

/// A state file that is locked (flock(2)) by this process and proven writable.
///
/// A symbolic link is resolved once, at the start, and stays a link.
package final class OpenStateFile: Sendable {
  /// The file itself, after symbolic links.
  package let path: String
  private let file: StateFile
  private let lock: Int32

  /// Opens the file, and creates it if it is missing.
  ///
  /// - Throws: If it cannot be opened, read, written or replaced, or another process has locked it.
  package init(_ file: StateFile) throws(StateFileError) {
    let path = try Self.resolved(file.path)
    self.path = path
    self.file = StateFile(path: path)
    // The lock is on a file beside it, because replacing the file would lose the lock.
    lock = unsafe open("\(path).lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard lock >= 0 else { throw StateFileError(operation: "lock", path: path, errno: errno) }
    guard flock(lock, LOCK_EX | LOCK_NB) == 0 else {
      throw StateFileError(operation: "lock", path: path, errno: errno)
    }
    try prove()
  }

  deinit { if lock >= 0 { close(lock) } }

  /// The path after symbolic links, also after one that leads to a file which does not exist yet.
  private static func resolved(_ path: String) throws(StateFileError) -> String {
    var isMissing = false
    var link = stat()
    if unsafe lstat(path, &link) == 0, link.st_mode & S_IFMT == S_IFLNK, unsafe access(path, F_OK) != 0 {
      let descriptor = unsafe open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
      guard descriptor >= 0 else { throw StateFileError(operation: "write", path: path, errno: errno) }
      close(descriptor)
      isMissing = true
    }
    try StateFile(path: path).requireRegularFile()
    return unsafe realpath(path, nil).map { text in
      defer { unsafe free(text) }
      // No run writes an empty file, so it counts as missing.
      if isMissing { unsafe unlink(text) }
      return unsafe String(cString: text)
    } ?? path
  }

  /// The bytes; `nil` if there is no file yet.
  package func read() throws(StateFileError) -> [UInt8]? { try file.read() }

  /// Replaces the file's content.
  package func write(_ bytes: [UInt8]) throws(StateFileError) { try file.write(bytes) }

  /// Writes a replacement without using it, so that a full disk or a missing permission is found now.
  private func prove() throws(StateFileError) {
    let probe = StateFile(path: "\(path).probe\(getpid())")
    do {
      try probe.write([UInt8](repeating: 0x20, count: 1024))
    } catch {
      throw StateFileError(operation: error.operation, path: path, errno: error.errno)
    }
    unsafe unlink(probe.path)
    if unsafe access(path, F_OK) == 0, unsafe access(path, W_OK) != 0 {
      throw StateFileError(operation: "write", path: path, errno: errno)
    }
  }
}
