// SPDX-License-Identifier: Apache-2.0
import Glibc
import Lines
import Process

/// The file of `--replay`.
struct Recording: Sendable {
  let path: String

  /// Reports before the server listens what would end it with its first client: a file that cannot be read, or has
  /// no line of JSON. A pipe can be read only once, so only its permissions are checked.
  func check() throws {
    guard unsafe access(path, R_OK) == 0 else { throw InputError(name: path, errno: errno) }
    guard FileStamp(path)?.isRegular == true else { return try refuseDirectory() }
    let descriptor = try open()
    defer { close(descriptor) }
    var reader = LineReader(descriptor: descriptor, name: path)
    let block = LineBlock()
    var check = InputCheck(name: path, diagnostics: nil)
    while !check.hasJSON, try reader.read(into: block) == .lines { check.look(at: block) }
    if let error = check.error { throw error }
  }

  func open() throws(InputError) -> Int32 {
    let descriptor = unsafe Glibc.open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw InputError(name: path, errno: errno) }
    return descriptor
  }

  private func refuseDirectory() throws(InputError) {
    var status = stat()
    guard unsafe stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else { return }
    throw InputError(name: path, errno: EISDIR)
  }
}
