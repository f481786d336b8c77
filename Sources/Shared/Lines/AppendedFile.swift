// SPDX-License-Identifier: Apache-2.0
internal import Glibc

/// Files that lines are appended to: a journal, STATUS lines.
package enum AppendedFile {
  /// Opens a file, and creates it if there is none. The caller closes it.
  ///
  /// Waits at most five seconds for the reader of a named pipe; open(2) alone would wait for ever. `place` is the file's name in the
  /// error.
  package static func open(_ path: String, as place: String) throws(OutputError) -> Int32 {
    let mode = O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC
    for attempt in 0...100 {
      let descriptor = unsafe Glibc.open(path, mode | O_NONBLOCK, 0o644)
      if descriptor >= 0 {
        _ = fcntl(descriptor, F_SETFL, mode)
        return descriptor
      }
      guard errno == ENXIO, attempt < 100 else { break }
      usleep(50_000)
    }
    throw .failed(errno: errno, to: place)
  }
}
