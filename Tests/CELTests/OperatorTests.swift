// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import CEL

@Suite struct OperatorTests {
  static let integers = [
    Case("9223372036854775807 + 1", fails: .overflow), Case("-9223372036854775808 - 1", fails: .overflow),
    Case("9223372036854775807 * 2", fails: .overflow), Case("-9223372036854775808 / -1", fails: .overflow),
    Case("-9223372036854775808 % -1", fails: .overflow), Case("-(-9223372036854775808)", fails: .overflow),
    Case("1 / 0", fails: .divisionByZero), Case("1 % 0", fails: .divisionByZero), Case("7 / -2", .int(-3)),
    Case("-7 % 3", .int(-1)), Case("0u - 1u", fails: .overflow),
    Case("18446744073709551615u + 1u", fails: .overflow),
    Case("5u / 0u", fails: .divisionByZero), Case("5u % 0u", fails: .divisionByZero),
    Case("7u % 4u", .uint(3)),
    Case("1 + 1u", refused: .type), Case("dyn(1) + 1u", fails: .noMatchingOverload),
    Case("-1u", refused: .type),
    Case("1.0 / 0.0", .double(.infinity)), Case("0.0 / 0.0", .double(.nan)),
    Case("5.5 % 2.0", refused: .type),
  ]

  static let equality = [
    Case("dyn(1) == 1u"), Case("dyn(1) == 1.0"), Case("dyn(1u) == 1.0"),
    Case("dyn(-1) != 18446744073709551615u"),
    Case("0.0 == -0.0"), Case("0.0/0.0 != 0.0/0.0"), Case("[1] == [dyn(1.0)]"),
    Case("{1: dyn(2)} == {dyn(1u): 2.0}"),
    Case("dyn('1') != 1"), Case("'\u{e9}' != 'e\u{301}'"), Case("b'a' == b'a'"), Case("null == null"),
    Case("dyn(null) != 0"), Case("{'a': 1, 'b': 2} == {'b': 2, 'a': 1}"), Case("[1, 2] != [2, 1]"),
    Case("type(1) == int"), Case("type(type(1)) == type"), Case("type([]) == list"),
    Case("[0.0/0.0] != [0.0/0.0]"),
    // The comparison is exact: neither side is rounded to a double.
    Case("dyn(9007199254740993) != 9007199254740992.0"), Case("dyn(9007199254740993) > 9007199254740992.0"),
    Case("9007199254740992.0 < dyn(9007199254740993u)"), Case("dyn(1) < 1.5"), Case("-1.5 < dyn(-1)"),
    Case("dyn(18446744073709551615u) < 1e20"), Case("dyn(-9223372036854775808) > -1e19"),
    // The one exception, which the conformance suite requires.
    Case("!(dyn(9223372036854775807) < 9223372036854775808.0)"),
  ]

  static let order = [
    Case("1 < 2u"), Case("1u <= 1.0"), Case("-1 < 0u"), Case("'a' < 'b'"), Case("'Z' < 'a'"),
    Case("'\u{FFFD}' < '\u{1F431}'"), Case("'a' < 'ab'"), Case("b'a' < b'b'"), Case("b'' < b'a'"),
    Case("false < true"),
    Case("!(0.0/0.0 < 1.0)"), Case("!(0.0/0.0 >= 1.0)"), Case("'a' < 1", refused: .type),
    Case("dyn('a') < 1", fails: .noMatchingOverload), Case("null < null", fails: .noMatchingOverload),
    Case("timestamp(1) < timestamp(2)"), Case("duration('1s') >= duration('1000ms')"),
    Case("[1] < [2]", refused: .type),
  ]

  static let logic = [
    Case("1/0 > 0 || true"), Case("true || 1/0 > 0"), Case("!(1/0 > 0 && false)"),
    Case("!(false && 1/0 > 0)"),
    Case("1/0 > 0 || false", fails: .divisionByZero), Case("1/0 > 0 && true", fails: .divisionByZero),
    Case("dyn(1) || true"), Case("dyn(1) && true", fails: .noMatchingOverload),
    Case("1 || true", refused: .type),
    Case("1/0 > 0 || x > 0 || true"), Case("true ? 1 : 1/0", .int(1)), Case("false ? 1/0 : 2", .int(2)),
    Case("dyn(1) ? 1 : 2", fails: .noMatchingOverload), Case("!dyn(1)", fails: .noMatchingOverload),
    Case("(x || true) && (false || n == 1 || true)"),
  ]

  static let containers = [
    Case("[1, 2][1]", .int(2)), Case("[1][1]", fails: .indexOutOfBounds),
    Case("[1][-1]", fails: .indexOutOfBounds),
    Case("[1][dyn(0u)]", .int(1)), Case("[1][dyn(0.0)]", .int(1)),
    Case("[1][dyn(0.5)]", fails: .noMatchingOverload),
    Case("{'a': 1}.b", fails: .noSuchKey), Case("{'a': 1}['b']", fails: .noSuchKey),
    Case("{1: 'x'}[dyn(1.0)]", .string("x")),
    Case("{1: 2, 1u: 3}", fails: .duplicateKey), Case("{'a': 1, 'a': 2}", fails: .duplicateKey),
    Case("{dyn(1.5): 1}", fails: .unsupportedKeyType), Case("{dyn([]): 1}", fails: .unsupportedKeyType),
    Case("1 in [1, 2]"), Case("!(3 in [1, 2])"), Case("dyn(1u) in [1.0]"), Case("'a' in {'a': 1}"),
    Case("'a' in ['b', 'a', 'cc']"), Case("!('\u{e9}' in ['e\u{301}'])"), Case("dyn([1]) in [[1]]"),
    Case("1 in dyn('a')", fails: .noMatchingOverload), Case("[1] + [2]", .list([.int(1), .int(2)])),
    Case("size('é🐱')", .int(2)), Case("'e\u{301}'.size()", .int(2)), Case("size(b'é')", .int(2)),
    Case("size([1, 2])", .int(2)),
    Case("size({1: 2})", .int(1)), Case("size(dyn(1))", fails: .noMatchingOverload),
    Case("[[1], ['a']].size()", .int(2)), Case("dyn(1).a", fails: .noMatchingOverload),
    Case("{'a': {'b': [10, 20]}}.a.b[1]", .int(20)), Case("dyn([1]).a", fails: .noMatchingOverload),
  ]

  static let strings = [
    Case("'hello'.contains('ell')"), Case("'hello'.contains('')"), Case("!'hello'.contains('elx')"),
    Case("'hello'.startsWith('he')"), Case("'hello'.endsWith('lo')"), Case("!'h'.endsWith('hh')"),
    Case("'hello'.matches('^h.*o$')"), Case("matches('hello', 'ell')"),
    Case("'a\\nb'.matches('a.b')", .bool(false)),
    Case("'é'.matches('^.$')"), Case("'a' + 'b'", .string("ab")), Case("b'a' + b'b'", .bytes([97, 98])),
    Case("'x'.matches(dyn('['))", refused: .type), Case("x.matches('a')", fails: .undeclaredReference),
    Case("'x'.matches('a' + '(')", refused: .type),
  ]

  @Test(arguments: integers + equality + order + logic + containers + strings)
  func evaluates(_ row: Case) { #expect(row.fault() == nil) }

  @Test func refusesABadPatternThatIsOnlyKnownLate() {
    guard case .fails(let error) = Evaluate.outcome("'a'.matches(s)", ["s": .string("(")]) else {
      Issue.record("no failure")
      return
    }
    #expect(error.code == .invalidArgument)
    #expect(error.offset == 4)
  }

  @Test func givesTheSameWithoutChecks() {
    var options = Environment.Options()
    options.checks = false
    let environment = Environment(libraries: StandardLibraries.all, options: options)
    for row in Self.order + Self.equality + Self.integers + Self.logic + Self.containers {
      // An expression that the checker refuses may fail at run time instead, or have a value.
      if case .refused = row.expectation { continue }
      if row.expression.contains("x") && !row.expression.contains("'") { continue }
      if let fault = row.fault(in: environment), !row.expression.contains("(x") {
        Issue.record("\(row.expression) \(fault)")
      }
    }
  }
}
