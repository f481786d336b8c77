// SPDX-License-Identifier: Apache-2.0
internal import Glibc

/// The environment variables of this process.
package enum ProcessEnvironment {
  /// The value of a variable; nil if it is not set. A variable that is set but empty has the value `""`.
  ///
  /// Reads what getenv(3) returns: call it before other threads change the environment.
  package static func value(_ name: String) -> String? {
    unsafe getenv(name).map { unsafe String(cString: $0) }
  }

  /// Whether stdout is a terminal that can show more than lines of text: `TERM` is set, and not to `dumb`.
  package static var hasTerminal: Bool {
    isatty(STDOUT_FILENO) == 1 && !["", "dumb"].contains(value("TERM") ?? "")
  }

  /// Whether stdout may have colours: `NO_COLOR` is unset or empty, too (<https://no-color.org>).
  package static var allowsColour: Bool { hasTerminal && (value("NO_COLOR") ?? "").isEmpty }

  /// All variables, as `NAME=value`.
  package static var all: [String] {
    var entries: [String] = []
    var index = 0
    while let entry = unsafe environ[index] {
      unsafe entries.append(String(cString: entry))
      index += 1
    }
    return entries
  }
}
