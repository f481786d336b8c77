// SPDX-License-Identifier: Apache-2.0

/// What `matches` needs of regular expressions, and what it costs.
enum RegexFunctions {
  /// Compiles a pattern that is only known while evaluating.
  static func compile(_ pattern: String, _ activation: inout Activation) throws(EvaluationError) -> Regex {
    // RE2 compiles in time linear in the pattern, repetitions written out.
    try activation.spend(100 + pattern.utf8.count)
    let regex: Regex
    do throws(RegexError) { regex = try Regex(pattern) } catch { throw .invalidArgument(error.message) }
    try activation.spend(regex.programSize)
    return regex
  }

  /// What searching costs: linear in the text, and in the program where RE2 must fall back from its automaton.
  static func searchCost(_ byteCount: Int, _ regex: Regex) -> Int {
    (byteCount / 10 + 1).multipliedSaturated(by: 1 + regex.programSize / 100)
  }
}
