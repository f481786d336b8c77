// SPDX-License-Identifier: Apache-2.0

/// The functions on strings that the language definition has.
enum StringFunctions {
  static func declare(in declarations: inout Declarations) {
    for test in [StringTest.contains, .startsWith, .endsWith] {
      let id =
        test == .contains
        ? "contains_string" : (test == .startsWith ? "starts_with_string" : "ends_with_string")
      declarations.function(
        test.rawValue,
        .binary(id, member: true, cost: .linear) { (text: String, part: String) in test.holds(text, part) })
    }
    declarations.function(
      "matches",
      .binary("matches", cost: .linear, matches),
      .binary("matches_string", member: true, cost: .linear, matches))
  }

  @Sendable private static func matches(_ text: String, _ pattern: String) throws(EvaluationError) -> Bool {
    do throws(RegexError) { return try Regex(pattern).matches(text) } catch {
      throw .invalidArgument(error.message)
    }
  }
}
