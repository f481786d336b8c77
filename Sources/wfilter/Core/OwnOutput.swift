// SPDX-License-Identifier: Apache-2.0

import Events
import Glibc
import Process

/// Refuses to read a file that the run writes to, because the run would never end.
enum OwnOutput {
  /// Linux' O_PATH, which Glibc's module lacks. Opening a pipe or a device with it has no side effect.
  private static let pathOnly: Int32 = 0o10000000

  /// - Throws: ``UsageError`` that names the file.
  static func refuse(as configuration: Configuration) throws(UsageError) {
    var written: [(name: String, file: stat)] = []
    if !configuration.countsOnly, !configuration.isQuiet, let output = regularFile(STDOUT_FILENO) {
      written.append(("the output", output))
    }
    switch configuration.statusDestination {
    case .descriptor(let number): regularFile(number).map { written.append(("the --status file", $0)) }
    case .file(let path): regularFile(path).map { written.append(("the --status file", $0)) }
    case .inline, .nowhere: break
    }
    guard !written.isEmpty else { return }
    for path in configuration.files.isEmpty ? ["-"] : configuration.files {
      let isStandardInput = path == "-"
      guard let input = isStandardInput ? regularFile(STDIN_FILENO) : regularFile(path) else { continue }
      let position = isStandardInput ? lseek(STDIN_FILENO, 0, SEEK_CUR) : 0
      for (name, file) in written
      where file.st_dev == input.st_dev && file.st_ino == input.st_ino && position < input.st_size {
        throw UsageError(
          description:
            "\(isStandardInput ? "standard input" : path) is also \(name): write to another file, then rename it"
        )
      }
    }
  }

  private static func regularFile(_ descriptor: Int32) -> stat? {
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
    return status
  }

  private static func regularFile(_ path: String) -> stat? {
    let descriptor = unsafe open(path, Self.pathOnly | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    return regularFile(descriptor)
  }
}
