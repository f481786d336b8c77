// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import CEL

@Suite struct MacroTests {
  static let oneVariable = [
    Case("[1, 2, 3].all(i, i > 0)"), Case("[].all(i, 1/0 > 0)"),
    Case("![1, 2].all(i, i / 0 > 0 || i == 3 && false) || true"),
    Case("!([0, 1].all(i, 1/i < 0))"), Case("[0, 1].all(i, 1/i > 0)", fails: .divisionByZero),
    Case("[0, 1].exists(i, 1/i > 0)"), Case("[0, 1].exists(i, 1/i > 1)", fails: .divisionByZero),
    Case("[1, 'a'].exists(i, i == 'a')"), Case("![].exists(i, true)"), Case("[1, 2].exists_one(i, i > 1)"),
    Case("![2, 2].existsOne(i, i > 1)"), Case("[0, 1].exists_one(i, 1/i > 0)", fails: .divisionByZero),
    Case("[1, 2, 3].map(i, i * 2)", .list([.int(2), .int(4), .int(6)])),
    Case("[1, 2, 3].map(i, i > 1, i * 2)", .list([.int(4), .int(6)])),
    Case("[1, 2, 3].filter(i, i != 2)", .list([.int(1), .int(3)])),
    Case("{'a': 1, 'b': 2}.map(k, k)", .list([.string("a"), .string("b")])),
    Case("{'a': 1}.all(k, k == 'a')"), Case("{'a': 1, 'b': 2}.filter(k, k > 'a')", .list([.string("b")])),
    Case("[1].map(x, [2].map(y, x + y))", .list([.list([.int(3)])])),
    Case("[1].map(x, [x].map(x, x + 1)[0])", .list([.int(2)])),
    Case("1.map(x, x)", refused: .type), Case("dyn(1).map(x, x)", fails: .noMatchingOverload),
    Case("[1].map(1, 2)", refused: .macro), Case("[1].map(a.b, 2)", refused: .macro),
    Case("[1].all(x, 1)", refused: .type),
    Case("[1].all(x, dyn(1))", fails: .noMatchingOverload),
    Case("[1].filter(x, dyn('a'))", fails: .noMatchingOverload),
    Case("[[1, 2], [3]].map(l, l.filter(i, i > 1)).size()", .int(2)),
  ]

  static let has = [
    Case("has({'a': 1}.a)"), Case("!has({'a': 1}.b)"), Case("has({'a': {'b': 1}}.a.b)"),
    Case("has({'a': dyn(1)}.b.c)", fails: .noSuchKey), Case("has(dyn(1).a)", fails: .noMatchingOverload),
    Case("has({'a': null}.a)"), Case("has(x)", refused: .macro), Case("has(x.a, x.b)", refused: .undeclared),
    Case("has({'a': 1}['a'])", refused: .macro), Case("has({'x-y': 1}.`x-y`)"),
  ]

  static let twoVariables = [
    Case("[3, 4].all(i, v, v - i == 3)"), Case("{'a': 1}.exists(k, v, k == 'a' && v == 1)"),
    Case("['a', 'b'].transformList(i, v, string(i) + v)", .list([.string("0a"), .string("1b")])),
    Case("[1, 2].transformList(i, v, i > 0, v)", .list([.int(2)])),
    Case("[5, 6].existsOne(i, v, v == i + 5 && i == 1)"),
    Case("{'a': 1, 'b': 2}.transformMap(k, v, v > 1, v * 10) == {'b': 20}"),
    Case("[7, 8].transformMap(i, v, v) == {0: 7, 1: 8}"),
    Case("{'a': 'x', 'b': 'y'}.transformMapEntry(k, v, {v: k}) == {'x': 'a', 'y': 'b'}"),
    Case("{'a': 1, 'b': 1}.transformMapEntry(k, v, {v: k})", fails: .duplicateKey),
    Case("[1, 2].transformMapEntry(i, v, i == 1, {v: i}) == {2: 1}"),
    Case("[1].all(i, i, true)", refused: .macro),
    Case("[1].transformMapEntry(i, v, v)", refused: .type),
  ]

  static let bindings = [
    Case("cel.bind(a, 2, a * a)", .int(4)), Case("cel.bind(a, [1], cel.bind(b, a + a, b.size()))", .int(2)),
    // The error occurs when the variable is first read, or never.
    Case("cel.bind(a, 1/0, 2)", .int(2)), Case("cel.bind(a, 1/0, a)", fails: .divisionByZero),
    Case("cel.bind(a, 1/0 > 0, a || true)"),
    Case("cel.bind(f, [1, 2, 3].map(i, i + 1), [0, 1].map(i, f[i] + i))", .list([.int(2), .int(4)])),
    Case("[1, 2].map(i, cel.bind(d, i + i, d * d))", .list([.int(4), .int(16)])),
    Case("cel.bind(a, 1, cel.bind(a, a + 1, a))", .int(2)),
  ]

  static let optionals = [
    Case("optional.of(1).hasValue()"), Case("optional.none().hasValue()", .bool(false)),
    Case("optional.none().value()", fails: .noneDereference),
    Case("optional.of(1).or(optional.of(1/0)).value()", .int(1)),
    Case("optional.none().orValue(3)", .int(3)), Case("{'a': 1}.?a.value()", .int(1)),
    Case("{'a': dyn(1)}.?b.?c.orValue(2)", .int(2)),
    Case("{'a': {'b': 1}}.?a.b.value()", .int(1)), Case("{'a': 1}[?'a'].value()", .int(1)),
    Case("[1][?3].hasValue()", .bool(false)),
    Case("[?optional.of(1), ?optional.none(), 2]", .list([.int(1), .int(2)])),
    Case("{?'a': optional.none(), 'b': 1}.size()", .int(1)),
    Case("[?1]", refused: .type), Case("[?dyn(1)]", fails: .noMatchingOverload),
    Case("optional.of(2).optMap(v, v + 1).value()", .int(3)),
    Case("optional.of({'a': 1}).optFlatMap(v, v.?a).value()", .int(1)),
    Case("!optional.none().optMap(v, v).hasValue()"),
    Case("optional.ofNonZeroValue('').hasValue()", .bool(false)),
    Case("optional.of(1) == optional.of(dyn(1.0))"),
    Case("optional.unwrap([optional.of(1), optional.none()])", .list([.int(1)])),
    Case("x.?a", fails: .undeclaredReference),
    Case("dyn(1).?a", fails: .noMatchingOverload), Case("!has({'a': dyn(1)}.?b.c)"),
    Case("type(optional.none()) == optional_type"),
    Case("optional.of(optional.of(1)).value().value()", .int(1)),
  ]

  static let blocks = [
    Case("cel.block([1, cel.index(0) + 1], cel.index(1))", .int(2)),
    Case("cel.block([1/0, 2], cel.index(1))", .int(2)),
    Case(
      "cel.block([[1, 2]], cel.index(0).map(cel.iterVar(0, 0), cel.iterVar(0, 0) * 2))",
      .list([.int(2), .int(4)])),
  ]

  @Test(arguments: oneVariable + has + twoVariables + bindings + optionals + blocks)
  func evaluates(_ row: Case) { #expect(row.fault() == nil) }

  @Test func libraryMacrosOfUnknownFormWork() throws {
    struct Summing: Library {
      let name = "summing"
      func declare(in declarations: inout Declarations) {
        declarations.macro(
          Macro("total", member: true, arguments: 2) { (context, target, arguments) throws(MacroError) in
            guard let target, case .identifier(let variable) = arguments[0].kind else { return nil }
            let accumulator = context.identifier("@total")
            let step = context.call("_+_", accumulator, arguments[1])
            return context.make(
              .comprehension(
                Expr.Comprehension(
                  iterationVariable: variable, range: target, accumulator: "@total",
                  initial: context.literal(.int(0)), condition: context.literal(.bool(true)), step: step,
                  result: context.identifier("@total"))))
          })
      }
    }
    let environment = Environment(libraries: [Summing()])
    #expect(Case("[1, 2, 3].total(i, i * 10) + 1", .int(61)).fault(in: environment) == nil)
  }
}
