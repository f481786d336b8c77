// SPDX-License-Identifier: Apache-2.0

/// The string functions of the language definition.
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
      Overload("matches", [.string, .string], returns: .bool, pattern: 1, matches),
      Overload("matches_string", member: true, [.string, .string], returns: .bool, pattern: 1, matches))
  }

  @Sendable private static func matches(
    _ arguments: [Value], _ regex: Regex, _ meter: inout Meter
  ) throws(EvaluationError) -> Value {
    guard case .string(let text) = arguments[0] else { throw .noMatchingOverload }
    try meter.spend(regex.shape.searchCost(text.utf8.count))
    return .bool(regex.matches(text))
  }
}
