// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import CEL

/// Numbers that are nodes of a source work everywhere as numbers. An expression that only moves them leaves
/// them nodes.
@Suite struct ForeignNumberTests {
  static let values: [Value] = [
    .double(1.5), .double(-0.0), .double(3), .double(1e300), .int(2), .string("1.5"),
    .list([.double(1.5), .double(2.5), .double(1.5)]), .list([.list([.double(0)]), .double(7)]),
    .map(MapValue([(.string("a"), .double(1.5)), (.string("b"), .list([.double(2)]))])),
  ]

  static let expressions = [
    "x == y", "x != y", "x < y", "x >= y", "x + y", "x - y", "x * y", "x / y", "x % y", "-x", "!x",
    "x || true", "x && false",
    "x in y", "x in [1.5, 'a', 3]", "x in [3u, 2]", "x[y]", "[7, 8, 9, 10][x]", "x[?y]", "x.a", "x.?a.?b",
    "has(x.a)",
    "has(x.a.b)", "size(x)", "string(x)", "int(x)", "uint(x)", "double(x)", "bool(x)", "bytes(x)",
    "timestamp(x)", "duration(x)",
    "type(x) == double", "type(x)", "x.contains(y)", "x.startsWith('1')", "x.matches('5$')", "x.map(i, i)",
    "x.map(i, i + i)",
    "x.filter(i, i == y)", "x.all(i, i == y)", "x.exists(i, i < y)", "x.exists_one(i, i == y)",
    "x.all(i, v, i == v)",
    "x.transformList(i, v, v)", "x.transformMap(i, v, v)", "x.transformMapEntry(i, v, {string(v): i})",
    "{x: y}", "{1: 'a', 3: 'b'}[x]",
    "{'k': x} == {'k': y}", "[x, y] == [y, x]", "optional.of(x).value() == x",
    "optional.ofNonZeroValue(x).orValue(y)", "[?x, ?y]",
    "optional.unwrap([optional.of(x)])", "dyn(x) == x", "x ? 1 : 2", "true ? x : y", "cel.bind(z, x, [z, z])",
    "x.join(',')",
    "'%s %f %e'.format([x, x, y])", "'%d'.format([x])", "x.reverse()", "x.distinct()", "x.flatten()",
    "x.sort()",
    "x.sortBy(e, -e)", "x.slice(0, 1)", "x.first()", "x.last()", "x.sum()", "x.min()", "x.max()",
    "x.isSorted()", "x.indexOf(y)",
    "x.lastIndexOf(1.5)", "x.includes(y)", "math.greatest(x, y)", "math.least(x)", "math.least([x, y, 2.0])",
    "math.round(x)",
    "math.abs(x)", "math.sign(x)", "math.isNaN(x)", "math.sqrt(x)", "math.ceil(x)", "sets.contains(x, y)",
    "sets.equivalent(x, [1.5, 2.5])", "sets.intersects([x], [y])", "json.encode(x)", "quantity(x)",
    "google.protobuf.DoubleValue{value: x}", "google.protobuf.FloatValue{value: x}",
    "google.protobuf.Value{number_value: x}",
    "google.protobuf.ListValue{values: [x]}", "timestamp(0) + x", "x.b[0] + 1.0", "x.b[x.b[0] - 2.0]",
    "lists.range(x)",
    "x.substring(y)", "x.charAt(y)", "base64.encode(x)", "x.getSeconds()",
  ]

  /// The result of an evaluation as text, or the kind of its error.
  private static func outcome(_ program: Program, _ x: Value, _ y: Value) -> String {
    var activation = Activation(environment)
    activation["x"] = x
    activation["y"] = y
    do throws(EvaluationError) { return "\(try program.evaluate(&activation).copied())" } catch {
      return "\(error.code)"
    }
  }

  private static let environment = Environment(
    variables: [Variable("x", .dyn), Variable("y", .dyn)],
    libraries: StandardLibraries.libraries(.kubernetes),
    options: Environment.Options(.kubernetes))

  @Test(arguments: expressions) func areNumbersInEveryExpression(_ expression: String) throws {
    let program = try Self.environment.compile(expression)
    for x in Self.values {
      for y in Self.values {
        let source = TreeSource()
        let foreign = Self.outcome(program, source.wrap(x), source.wrap(y))
        #expect(foreign == Self.outcome(program, x, y), "x: \(x), y: \(y)")
      }
    }
  }

  @Test(arguments: [
    "x", "[x][0]", "{'a': x}.a", "l.reverse()[0]", "l.map(e, e)[0]", "l.filter(e, e > 0.0)[0]", "l.sort()[0]",
    "l.distinct()[0]",
    "l.first().value()", "l.slice(0, 1)[0]", "[l].flatten()[0]", "l.max()", "l.min()",
    "math.greatest(x, 1.0)", "math.least(l)",
    "dyn(x)", "optional.of(x).value()", "optional.none().orValue(x)", "true ? x : 0.0", "cel.bind(z, x, z)",
    "(l + l)[1]",
    "l.transformMap(i, v, v)[0]", "optional.unwrap([optional.of(x)])[0]", "l[?0].value()",
    "optional.ofNonZeroValue(x).value()",
  ])
  func stayNodesWhenTheyAreMoved(_ expression: String) throws {
    var activation = Activation(Self.list)
    let source = TreeSource()
    activation["x"] = source.wrap(.double(2.5))
    activation["l"] = source.wrap(.list([.double(2.5)]))
    guard case .foreign(let foreign) = try Self.list.compile(expression).evaluate(&activation) else {
      Issue.record("it was decoded")
      return
    }
    #expect(foreign.kind == .number && foreign.native == .double(2.5))
  }

  /// A number may have thousands of digits. It is charged once, so it must be decoded once.
  @Test(arguments: ["math.greatest(l)", "math.least(l)", "l.max()", "l.min()"])
  func areDecodedOnceToFindAnExtreme(_ expression: String) throws {
    var activation = Activation(Self.list)
    let source = TreeSource()
    activation["l"] = source.wrap(.list(ListValue((0..<100).map { .double(Double($0 % 50)) })))
    _ = try Self.list.compile(expression).evaluate(&activation)
    #expect(source.decodedNumbers <= 100)
  }

  private static let list = Environment(
    variables: [Variable("x", .dyn), Variable("l", .dyn)],
    libraries: StandardLibraries.libraries(.kubernetes),
    options: Environment.Options(.kubernetes))
}
