// SPDX-License-Identifier: Apache-2.0
internal import Glibc

/// A tool's talk on stderr: `kwatch: warning: message`, one `write(2)` a message.
///
/// One write keeps messages of several processes of a pipeline from mixing. What cannot be written is dropped:
/// stderr that is closed or full must not stop the data.
package struct Diagnostics: Sendable {
  /// How much is said: ``silent`` leaves nothing, `--quiet` errors, `--verbose` adds ``debug(_:)``.
  package enum Level: Int, Sendable, Comparable {
    case silent, quiet, normal, verbose

    package static func < (left: Level, right: Level) -> Bool { left.rawValue < right.rawValue }
  }

  package let tool: String
  package let level: Level

  package init(tool: String, level: Level = .normal) {
    self.tool = tool
    self.level = level
  }

  /// What ends the tool, or costs the user something. Always said, unless nothing is.
  package func error(_ message: String) {
    guard level > .silent else { return }
    say("\(tool): error: \(message)")
  }

  /// What the user should know although the tool goes on.
  package func warning(_ message: String) {
    guard level >= .normal else { return }
    say("\(tool): warning: \(message)")
  }

  /// What a person at a terminal wants to see: an address that is listened on, a reconnect.
  package func info(_ message: String) {
    guard level >= .normal else { return }
    say("\(tool): \(message)")
  }

  /// What helps to find out why.
  package func debug(_ message: @autoclosure () -> String) {
    guard level >= .verbose else { return }
    say("\(tool): debug: \(message())")
  }

  private func say(_ line: String) {
    // A message may quote hostile input: a control character must not reach the terminal as one.
    var bytes = line.utf8.map { $0 < 0x20 && $0 != 0x0A && $0 != 0x09 || $0 == 0x7F ? UInt8(ascii: "?") : $0 }
    bytes.append(0x0A)
    Progress.clear()
    unsafe bytes.withUnsafeBytes { unsafe _ = write(STDERR_FILENO, $0.baseAddress, $0.count) }
  }
}
