// SPDX-License-Identifier: Apache-2.0

import CEL

/// The hint that is added to a CEL error about a name: what to write instead.
enum ScopeHint {
  /// The hint, on a line of its own; empty if there is none.
  static func hint(for error: CompileError, in source: String) -> String {
    let isReserved = error.message.contains("is a reserved word")
    guard isReserved || error.code == .macro && error.message.hasPrefix("has() takes") else { return "" }
    let lines = source.split(separator: "\n", omittingEmptySubsequences: false)
    guard lines.indices.contains(error.line - 1) else { return "" }
    let name = lines[error.line - 1].unicodeScalars.dropFirst(error.column - 1).prefix {
      $0.properties.isAlphabetic || $0 == "_" || ("0"..."9").contains($0)
    }
    guard !name.isEmpty else { return "" }
    let text = String(name)
    return isReserved
      ? "\nwrite self.\(text) for a key of the line, object.\(text) for one of an event's object"
      : "\nwrite has(self.\(text)) for a key of the line, has(object.\(text)) for one of an event's object"
  }

  /// What to add to an error of an evaluation: a name in capitals was probably meant as a string.
  static func hint(for error: EvaluationError) -> String {
    guard error.code == .noSuchKey, error.detail.first?.isUppercase == true,
      error.detail.allSatisfy({ $0.isLetter || $0.isNumber || $0 == "_" })
    else { return "" }
    return " (a string is written in quotes: \"\(error.detail)\")"
  }
}
