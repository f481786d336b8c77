// SPDX-License-Identifier: Apache-2.0
internal import Glibc

/// The search for a command in PATH, as execvp(3) does it.
package enum CommandSearch {
  /// The path of an executable file; nil when there is none. A name with a slash is a path already.
  package static func path(of command: String) -> String? {
    guard !command.isEmpty else { return nil }
    guard !command.contains("/") else { return isExecutable(command) ? command : nil }
    let folders = (ProcessEnvironment.value("PATH") ?? "/bin:/usr/bin").split(
      separator: ":", omittingEmptySubsequences: false)
    return folders.lazy.map { ($0.isEmpty ? "." : $0) + "/" + command }.first(where: isExecutable)
  }

  /// Why a command cannot be started, for a message; nil if it is an executable file.
  package static func fault(in command: String) -> String? {
    guard path(of: command) == nil else { return nil }
    let reason = command.contains("/") ? "it is not an executable file" : "not found in PATH"
    return "cannot start '\(command)': \(reason)"
  }

  /// Whether a command is the path of something that exists, executable or not.
  package static func isPath(_ command: String) -> Bool {
    unsafe command.contains("/") && access(command, F_OK) == 0
  }

  private static func isExecutable(_ path: String) -> Bool {
    var status = stat()
    guard unsafe stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return false }
    return unsafe access(path, X_OK) == 0
  }
}
