// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import CEL

@Suite struct CheckerTests {
  struct Row: Sendable, CustomTestStringConvertible {
    let source: String
    let type: String
    var testDescription: String { source }
    init(_ source: String, _ type: String) {
      self.source = source
      self.type = type
    }
  }

  static let rows = [
    Row("1", "int"), Row("[]", "list(dyn)"), Row("{}", "map(dyn, dyn)"), Row("[1, 2u]", "list(dyn)"),
    Row("[[], [1]]", "list(list(int))"),
    Row("[1].map(x, string(x))", "list(string)"), Row("{'a': [1]}.a[0]", "int"),
    Row("items.filter(x, x > 0)", "list(int)"),
    Row("optional.none()", "optional_type(dyn)"),
    Row("[optional.none(), optional.of(1)]", "list(optional_type(int))"),
    Row("{'a': 1}.?a", "optional_type(int)"), Row("{'a': 1}[?'a'].orValue(2)", "int"),
    Row("optional.of({'a': 1}).a", "optional_type(int)"),
    Row("x.a.b", "dyn"), Row("x + 1", "int"), Row("x + x", "dyn"), Row("true ? 1 : x", "dyn"),
    Row("type(1)", "type(int)"), Row("int", "type(int)"),
    Row("google.protobuf.Int64Value{}", "wrapper(int)"), Row("google.protobuf.Int64Value{} + 1", "int"),
    Row("timestamp(0) - timestamp(1)", "duration"),
    Row("[timestamp(0), null][0]", "timestamp"),
    Row("[1, 2].transformMap(i, v, string(v))", "map(int, string)"),
    Row("cel.bind(a, [1], a + a)", "list(int)"), Row("[].map(x, x)[0].foo", "dyn"), Row("m.a.b == 1", "bool"),
    Row("[null, google.protobuf.Int64Value{}]", "list(wrapper(int))"),
    Row("[1].transformList(i, v, {i: v})", "list(map(int, int))"),
  ]

  @Test(arguments: rows) func deduces(_ row: Row) throws {
    #expect(try Evaluate.environment.compile(row.source).resultType.description == row.type)
  }

  static let containers = [
    Case("y", .int(1)), Case("inner.z", .int(2)), Case(".y", .int(3)), Case("com.example.y", .int(1)),
    Case("com.y", refused: .undeclared),
    // A macro's variable hides a qualified name that starts with it.
    Case("[{'z': 5}].map(inner, inner.z)", .list([.int(5)])), Case("[9].map(y, y)", .list([.int(9)])),
    Case("[9].map(y, .y)", .list([.int(3)])),
    Case("google.protobuf.Int32Value{value: 1}", .int(1)), Case("whole.part.name", .string("longest")),
  ]

  @Test(arguments: containers) func resolvesFromTheInside(_ row: Case) {
    for checks in [true, false] {
      var options = Environment.Options()
      options.checks = checks
      let environment = Environment(
        variables: ["com.example.y", "com.example.inner.z", "y", "whole.part", "whole.part.name"].map {
          Variable($0, .dyn)
        },
        container: "com.example", options: options)
      if case .refused = row.expectation, !checks { continue }
      let bindings: [String: Value] = [
        "com.example.y": .int(1), "com.example.inner.z": .int(2), "y": .int(3),
        "whole.part.name": .string("longest"),
        "whole.part": .map(MapValue([(.string("name"), .string("shorter"))])),
      ]
      guard case .value(let wanted) = row.expectation else {
        #expect(row.fault(in: environment) == nil)
        continue
      }
      guard case .value(let got) = Evaluate.outcome(row.expression, in: environment, bindings) else {
        Issue.record("\(row.expression) fails, checks: \(checks)")
        continue
      }
      #expect(wanted.isSame(as: got))
    }
  }

  @Test func unknownNamesAreMembersOfTheFallback() throws {
    var options = Environment.Options()
    options.fallbackVariable = "@rest"
    let environment = Environment(
      variables: [Variable("type", .string), Variable("@rest", .dyn)], options: options)
    let rest = Value.map(
      MapValue([(.string("status"), .map(MapValue([(.string("phase"), .string("Running"))])))]))
    let bindings: [String: Value] = ["@rest": rest, "type": .string("ADDED")]
    for source in [
      "status.phase == 'Running' && type == 'ADDED'", "has(status.phase) && !has(status.x)",
      "status['phase'].size() == 7",
      "['Running'].exists(p, p == status.phase)",
    ] {
      guard case .value(.bool(true)) = Evaluate.outcome(source, in: environment, bindings) else {
        Issue.record("\(source) is not true")
        continue
      }
    }
    #expect(Case("statsu.phase", fails: .undeclaredReference).fault(in: environment) == nil)
    #expect(Case("nofunction(status)", refused: .undeclared).fault(in: environment) == nil)
  }
}
