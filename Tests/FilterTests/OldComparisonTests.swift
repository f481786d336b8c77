// SPDX-License-Identifier: Apache-2.0

import JSON
import Testing

@testable import Filter

/// A comparison with a value of `old`, made on bytes, has the evaluator's result.
@Suite struct OldComparisonTests {
  /// Nil stands for no value.
  private static let values: [String?] = [
    nil, "1", "1.0", "10e-1", "2", "-0", "0", "0.0", "01", "9223372036854775807", "9223372036854775808",
    "18446744073709551615", "1e400", "1.5", "-", #""a""#, #""\u0061""#, #""a\"""#, #""""#, #""é""#,
    #""\u00e9""#, #""e\u0301""#, #""\ud800""#, #""1""#, "true", "false", "tru", "null", "nul", "[]", "[1]",
    "{}", #"{"x":1}"#, #"{"x":1.0}"#, #"{"v":1}"#,
  ]
  private static let expressions: [String] = [
    "old.v == v", "old.v != v", "v == old.v", "v < old.v", "old.v < v", "old.v <= v", "v > old.v",
    "old.v >= v", "old == null || old.v != v", "null != old && v == old.v", "!(old.v == v)",
    "old.v == v || k == 1", "old.v != v && k == 1", "old.v == v && k == 2", "has(old.v) && old.v != v",
    "old == null", "old['v'] == v", "old.v.x == v.x", "old.v == v || old.v != v", "old == self",
    "self != old",
    "old != self && k == 1", "old == v", "old.v.x != v",
  ]

  /// A line of a value, and the forms of an event.
  private static func lines(_ value: String?) -> [String] {
    let members = [value.map { "\"v\":\($0)" }, "\"k\":1"].compactMap(\.self).joined(separator: ",")
    return [
      "{\(members)}", #"{"type":"ADDED","object":{\#(members)}}"#,
      #"{"v":7,"type":"ADDED","object":{\#(members)}}"#,
    ]
  }

  @Test(arguments: expressions) func isTheEvaluators(_ expression: String) throws {
    let compared = try LineFilter(FilterOptions(expression: expression))
    #expect(compared.clauses.contains { $0.isCompared })
    // A list is left to the evaluator.
    let evaluated = try LineFilter(FilterOptions(expression: "[\(expression)][0]"))
    #expect(!evaluated.clauses.contains { $0.isCompared })
    let (left, right) = (LineEvaluator(compared), LineEvaluator(evaluated))
    let olds = [nil] + Self.values.flatMap(Self.lines).map { PaddedLine($0) }
    for text in Self.values.flatMap(Self.lines) {
      let line = PaddedLine(text)
      for old in olds {
        let outcome =
          old.map { $0.read { old in both(left, right, line, LineContext(old: old)) } }
          ?? both(left, right, line, LineContext())
        #expect(outcome.0 == outcome.1, "\(text) after \(old?.read(\.text) ?? "nothing")")
      }
    }
  }

  private func both(
    _ left: LineEvaluator, _ right: LineEvaluator, _ line: PaddedLine, _ context: LineContext
  ) -> (Verdict, Verdict) {
    (line.test(left, context: context), line.test(right, context: context))
  }

  /// Only a few, because texts may be long and comparing bytes is not charged.
  @Test func isMadeOnBytesAFewTimesOnly() throws {
    let clauses = (0..<100).map { "old.a\($0) != b" }.joined(separator: " && ")
    let filter = try LineFilter(FilterOptions(expression: clauses))
    #expect(filter.clauses.count { $0.isCompared } == 16)
  }
}
