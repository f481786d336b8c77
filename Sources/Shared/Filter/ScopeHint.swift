// SPDX-License-Identifier: Apache-2.0

import CEL

/// The hint that is added to a CEL error about a name: what to write instead.
enum ScopeHint {
  /// A line of its own, or nothing.
  static func hint(for error: CompileError, in source: String) -> String {
    guard error.code == .macro, error.message.hasPrefix("has() takes") else { return "" }
    let lines = source.split(separator: "\n", omittingEmptySubsequences: false)
    guard lines.indices.contains(error.line - 1) else { return "" }
    let name = lines[error.line - 1].unicodeScalars.dropFirst(error.column - 1).prefix {
      $0.properties.isAlphabetic || $0 == "_" || ("0"..."9").contains($0)
    }
    return name.isEmpty
      ? ""
      : "\nwrite has(self.\(String(name))) for a key of the line, has(object.\(String(name))) for one of an event's object"
  }
}
