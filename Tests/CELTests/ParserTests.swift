// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import CEL

@Suite struct ParserTests {
  static let literals = [
    Case("0x1F", .int(31)), Case("-0x8000000000000000", .int(.min)), Case("9223372036854775807", .int(.max)),
    Case("-9223372036854775808", .int(.min)), Case("9223372036854775808", refused: .syntax),
    Case("18446744073709551615u", .uint(.max)), Case("18446744073709551616u", refused: .syntax),
    Case("0xFFFFFFFFFFFFFFFFu", .uint(.max)), Case(".5", .double(0.5)), Case("1e3", .double(1000)),
    Case("1.5E-3", .double(0.0015)), Case("-0.0", .double(-0.0)), Case("1e999", refused: .syntax),
    Case("12abc", refused: .syntax), Case("0x", refused: .syntax), Case("1.foo", refused: .type),
    Case("'a' 'b'", refused: .syntax), Case("true", .bool(true)), Case("null", .null),
    Case("r'\\n'", .string("\\n")), Case("R\"a\\\"", .string("a\\")),
    Case("'''a'b\n\"c'''", .string("a'b\n\"c")),
    Case("\"\\u00e9\\U0001F431\\x41\\101\"", .string("é🐱AA")),
    Case("b'\\xff\\377é'", .bytes([255, 255, 0xC3, 0xA9])),
    Case("bR'\\x'", .bytes([0x5C, 0x78])), Case("b'\\u0041'", refused: .syntax),
    Case("'\\ud800'", refused: .syntax),
    Case("'\\U00110000'", refused: .syntax), Case("'\\400'", refused: .syntax),
    Case("'\\x4'", refused: .syntax),
    Case("'\\q'", refused: .syntax), Case("'a\nb'", refused: .syntax), Case("'abc", refused: .syntax),
    Case("'''abc''", refused: .syntax),
    Case("'\\a\\b\\f\\n\\r\\t\\v\\?\\`'", .string("\u{7}\u{8}\u{C}\n\r\t\u{B}?`")),
  ]

  static let grammar = [
    Case("1 + 2 * 3 - 4 / 2 % 3", .int(5)), Case("(1 + 2) * 3", .int(9)), Case("1 - 2 - 3", .int(-4)),
    Case("true ? 1 : false ? 2 : 3", .int(1)), Case("1 < 2 == true"),
    Case("!true || true && false", .bool(false)),
    Case("--1", .int(1)), Case("-(-1)", .int(1)), Case("!!!true", .bool(false)), Case("- 5", .int(-5)),
    Case("[1, 2,]", .list([.int(1), .int(2)])), Case("[,]", .list([])), Case("[1,,2]", refused: .syntax),
    Case("{1: 2,}.size()", .int(1)), Case("{,}.size()", .int(0)), Case("f(1,)", refused: .syntax),
    Case("// comment\n1 // more", .int(1)), Case("", refused: .syntax),
    Case(" \t\r\n\u{C}", refused: .syntax),
    Case("1 +", refused: .syntax), Case("1 2", refused: .syntax), Case("(1", refused: .syntax),
    Case("a b", refused: .syntax), Case("x.for", fails: .undeclaredReference), Case("for", refused: .syntax),
    Case("x.true", refused: .syntax), Case("x.in", refused: .syntax), Case("{'a-b': 1}.`a-b`", .int(1)),
    Case("`a`", refused: .syntax), Case("{'a': {'b': 1}}.a.b", .int(1)), Case("1.5.size()", refused: .type),
    Case("1 in [1] in [true]"), Case("[1] == [1,]"), Case("{'in': 1}['in']", .int(1)),
    Case("a = 1", refused: .syntax), Case("1 & 2", refused: .syntax), Case("1 ? 2", refused: .syntax),
    Case("é", refused: .syntax), Case("x\u{0}", refused: .syntax),
  ]

  @Test(arguments: literals + grammar) func reads(_ row: Case) { #expect(row.fault() == nil) }

  @Test func keepsPositionsAndExpandsMacros() throws {
    let parsed = try Evaluate.environment.parse("  has(x.a) && items.all(i, i > 0)")
    guard case .call(nil, "_&&_", let operands) = parsed.root.kind else {
      Issue.record("not a conjunction")
      return
    }
    #expect(parsed.root.offset == 11)
    guard case .select(_, "a", true) = operands[0].kind, case .comprehension = operands[1].kind else {
      Issue.record("macros are not expanded")
      return
    }
  }

  @Test func balancesLongChainsOfLogic() throws {
    let source = "true" + String(repeating: " && true", count: 1000)
    #expect(try Evaluate.environment.parse(source).root.depth < 13)
  }

  @Test func expandsNoMacrosIfAsked() {
    var options = Environment.Options()
    options.macros = false
    let environment = Environment(variables: [Variable("x", .dyn)], options: options)
    #expect(Case("[1].all(x, true)", refused: .undeclared).fault(in: environment) == nil)
    #expect(Case("has(x.a)", refused: .undeclared).fault(in: environment) == nil)
  }
}
