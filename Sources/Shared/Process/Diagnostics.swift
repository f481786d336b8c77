// SPDX-License-Identifier: Apache-2.0
internal import Glibc

/// Messages on stderr: `kwatch: warning: message`, one write(2) a message.
///
/// One write keeps the messages of several processes of a pipeline apart. A message that cannot be written is dropped:
/// a stderr that is closed or full must not stop the data.
package struct Diagnostics: Sendable {
  /// The messages that are logged: none, errors (`--quiet`), all but debug messages, or all (`--verbose`).
  package enum Level: Int, Sendable, Comparable {
    case silent, quiet, normal, verbose

    package static func < (left: Level, right: Level) -> Bool { left.rawValue < right.rawValue }
  }

  package let tool: String
  package let level: Level

  /// Receives the messages instead of stderr.
  private var divert: (@Sendable (String) -> Void)?

  package init(tool: String, level: Level = .normal) {
    self.tool = tool
    self.level = level
  }

  /// A copy whose messages go to a screen that the tool draws.
  package func diverted(to take: @escaping @Sendable (String) -> Void) -> Diagnostics {
    var copy = self
    copy.divert = take
    return copy
  }

  /// Logs an error: the tool ends, or data is lost.
  package func error(_ message: String) {
    guard level > .silent else { return }
    log("\(tool): error: \(message)")
  }

  /// Logs a warning: the user should know it, and the tool continues.
  package func warning(_ message: String) {
    guard level >= .normal else { return }
    log("\(tool): warning: \(message)")
  }

  /// Logs information for a person at a terminal: the address of a listener, a reconnect.
  package func info(_ message: String) {
    guard level >= .normal else { return }
    log("\(tool): \(message)")
  }

  /// Logs details for finding the cause of a problem.
  package func debug(_ message: @autoclosure () -> String) {
    guard level >= .verbose else { return }
    log("\(tool): debug: \(message())")
  }

  private func log(_ message: String) {
    if let divert { return divert(message) }
    // A message may quote hostile input. No part of it may look like another message or control the terminal.
    let lines = message.split(separator: "\n", omittingEmptySubsequences: false).map(TerminalText.printable)
    var bytes = Array(lines.joined(separator: "\n  ").utf8)
    bytes.append(0x0A)
    Progress.clear()
    unsafe bytes.withUnsafeBytes { unsafe _ = write(STDERR_FILENO, $0.baseAddress, $0.count) }
  }
}
