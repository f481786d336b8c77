// SPDX-License-Identifier: Apache-2.0
internal import Glibc
package import Process

/// The state file could not be read or written.
package struct StateFileError: ToolError {
  package var operation: String
  package var path: String
  package var errno: Int32
  package var status: ExitStatus { operation == "read" ? .noInput : .cannotWrite }
  package var description: String {
    if operation == "lock", self.errno == EWOULDBLOCK {
      return "state file '\(path)' is in use by another process: give each its own"
    }
    if operation == "replace" {
      return "state file '\(path)' is not a regular file: give one that may be replaced"
    }
    return "\(operation) state file '\(path)': \(systemMessage(self.errno))"
  }
}

/// The file of `--state`: a short JSON text, which is replaced as a whole.
///
/// Write only after the lines that the state covers were flushed: the promise is at-least-once.
package struct StateFile: Sendable {
  package let path: String

  package init(path: String) { self.path = path }

  /// The bytes; `nil` when there is no file yet.
  package func read() throws(StateFileError) -> [UInt8]? {
    try requireRegularFile()
    do { return try WholeFile.read(path, limit: .max) } catch {
      if error.errno == ENOENT { return nil }
      throw StateFileError(operation: "read", path: path, errno: error.errno)
    }
  }

  /// Replaces the file by rename(2), so that after a crash it has the old state or the new one, never a part.
  package func write(_ bytes: [UInt8]) throws(StateFileError) {
    try requireRegularFile()
    let temporary = "\(path).tmp\(getpid())"
    let descriptor = unsafe open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw StateFileError(operation: "write", path: path, errno: errno) }
    var failure: Int32 = 0
    do throws(OutputError) {
      let writer = OutputWriter(descriptor: descriptor, capacity: 4096)
      try writer.append(bytes)
      try writer.flush()
      if fsync(descriptor) != 0 { failure = errno }
    } catch {
      if case .failed(let number, _) = error { failure = number } else { failure = EPIPE }
    }
    close(descriptor)
    if failure == 0, unsafe rename(temporary, path) != 0 { failure = errno }
    guard failure == 0 else {
      unsafe unlink(temporary)
      throw StateFileError(operation: "write", path: path, errno: failure)
    }
  }

  /// A device, such as /dev/null, would be replaced for the whole machine, and a pipe has no end.
  func requireRegularFile() throws(StateFileError) {
    var status = stat()
    // Without a name, such as that of an unset variable, the lock would be a file `.lock`.
    if unsafe path.isEmpty || stat(path, &status) == 0 && status.st_mode & S_IFMT != S_IFREG {
      throw StateFileError(operation: "replace", path: path, errno: EINVAL)
    }
  }
}
