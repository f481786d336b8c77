// SPDX-License-Identifier: Apache-2.0

import Filter

/// The flags that do what an expression of jq would.
enum FlagHint {
  private static let hints = [
    "unexpected '$'": "give a value of the shell with --arg name=value, and write arg.name",
    "unexpected '@'": "for columns give --emit several times, with --raw",
    "expected an operator or the end, found ','":
      "for several values give --emit several times, or write a list [a, b]",
    "undeclared function 'del'": "--drop removes a key",
    "undeclared function 'unique_by'": "--dedupe drops repeated values",
    "undeclared function 'limit'": "-m ends after a number of lines",
  ]

  /// Compiles an expression; an error gets the flag's name in front, and the flag to use instead after it.
  static func adding<Result>(
    to flag: String? = nil, _ compile: () throws(FilterError) -> Result
  ) throws(FilterError) -> Result {
    do { return try compile() } catch {
      let text = error.description
      let hint = hints.first { text.contains($0.key) }.map { "\n\($0.value)" } ?? ""
      throw FilterError((flag.map { "\($0): " } ?? "") + text + hint)
    }
  }
}
