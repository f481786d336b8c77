// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import CEL

/// The cost of expressions.
struct CostTests {
  /// The steps and the value of an evaluation. The value is nil if it fails.
  private func cost(_ expression: String, s: String = "", limit: Int = 10_000_000) throws -> (
    steps: Int, value: Value?
  ) {
    var activation = Activation(Evaluate.environment)
    activation["s"] = .string(s)
    activation["n"] = 1
    let program = try Evaluate.environment.compile(expression)
    let value = try? program.evaluate(&activation, costLimit: limit)
    return (limit - activation.remainingSteps, value)
  }

  /// Each list is compared with the other one.
  @Test func equivalenceCostsTwoContainments() throws {
    let list = "lists.range(300).map(i, [i])"
    let contains = try cost("cel.bind(l, \(list), sets.contains(l, l))").steps
    let made = try cost("cel.bind(l, \(list), l.size())").steps
    let equivalent = try cost("cel.bind(l, \(list), sets.equivalent(l, l))").steps
    #expect(equivalent - made >= 2 * (contains - made) - 10)
  }

  // MARK: - Patterns

  /// RE2 needs milliseconds to find that such a pattern is too large.
  @Test(
    arguments: [
      "!s.matches('\\\\pL{900}' + string(i))", "s.find('\\\\pL{300,900}' + string(i)) == ''",
      "s.findAll('\\\\pL{900}' + string(i)).size() > 9",
      "regex.extract(s, '\\\\pL{900}' + string(i)).hasValue()",
      "regex.extractAll(s, '[\\\\pL\\\\pN]{900}' + string(i)) == []",
      "regex.replace(s, '\\\\pL{900}' + string(i), '') == ''", "!s.matches('(\\\\pL{30}){30}' + string(i))",
    ])
  func aRefusedPatternIsChargedForItsRefusal(_ test: String) throws {
    #expect(try cost("lists.range(1000).all(i, \(test))", s: "aaaa").value == nil)
    // Within 100,000 steps at most one pattern is tried. Trying it again costs as much as the first time.
    #expect(try cost("lists.range(2).all(i, \(test))", s: "aaaa", limit: 100_000).steps > 100_000)
    let once = try cost("[n].exists(i, \(test))", s: "aaaa").steps
    #expect(once > 60_000)
    #expect(try cost("[n].exists(i, \(test))", s: "aaaa").steps == once)
  }

  @Test func aPatternFromDataCostsItsCompilation() throws {
    let simple = try cost("'abc'.matches(s)", s: "^web-[0-9a-f]+$").steps
    #expect(simple > 1500 && simple < 5000)
    #expect(try cost("'abc'.matches(s)", s: "[ab]{1000}").steps > 15_000)
    #expect(try cost("'abc'.matches(s)", s: "(").steps > 1500)
    // Half the limit of a wfanout filter is enough to compile a few dozen.
    #expect(
      try cost("lists.range(30).all(i, 'x'.matches('x{0,' + string(i) + '}'))", limit: 100_000).value == true)
  }

  @Test func aConstantPatternCostsNothingToCompile() throws {
    for test in ["s.matches('^a+$')", "s.find('a+') != ''", "regex.extract(s, 'a').hasValue()"] {
      #expect(try cost(test, s: "aaa").steps < 150, "\(test)")
    }
  }

  /// A byte may cost a microsecond if it leads the automaton to a new state.
  @Test func patternsWithManyStatesCostMore() throws {
    let text = String(repeating: "abbab", count: 2000)
    #expect(try cost("s.matches('error|warning|timeout')", s: text).steps < 2000)
    #expect(try cost("s.matches('^web-[0-9a-f]+-[0-9a-z]+$')", s: text).steps < 5000)
    #expect(try cost("s.matches('a[ab]{900}c')", s: text).steps > 500_000)
    #expect(try cost("s.matches('a[ab]{14}c')", s: text).steps > 30_000)
    #expect(
      try cost(
        "s.matches('a(a|b)(a|b)(a|b)(a|b)(a|b)(a|b)(a|b)(a|b)(a|b)(a|b)(a|b)(a|b)(a|b)(a|b)(a|b)(a|b)c')",
        s: text
      ).steps > 30_000)
  }

  /// The states of a pattern that repeats itself need more memory than RE2 has. A byte may then cost a microsecond.
  @Test func longPatternsThatRepeatThemselvesCostMore() throws {
    let text = String(repeating: "a", count: 100_000)
    let pattern = String(repeating: "a", count: 800)
    for search in ["s.matches('\(pattern)b')", "regex.replace(s, '\(pattern)', '') == ''"] {
      #expect(try cost(search, s: text).steps > 5_000_000)
    }
    #expect(try cost("s.matches('\(String(repeating: "a", count: 300))b')", s: text).steps < 100_000)
  }

  /// Only bytes that are read are charged, not the bytes after them.
  @Test(
    arguments: [
      "regex.replace(s, ' +', '_').size()", "s.findAll('[a-z]+').size()",
      "regex.extractAll(s, '(w)ord').size()",
      "s.findAll('[a-z]+@[a-z]+|[0-9]+|w').size()", "regex.replace(s, 'o.d', '<\\\\0>').size()",
      "s.findAll('\\\\w+').size()", "s.findAll('\\\\bword\\\\b').size()",
    ])
  func searchingOrdinaryTextIsLinear(_ expression: String) throws {
    let small = try cost(expression, s: String(repeating: "word ", count: 2000))
    let large = try cost(expression, s: String(repeating: "word ", count: 40_000))
    #expect(small.value != nil && large.value != nil)
    #expect(large.steps < small.steps * 25)
  }

  @Test func searchingToTheEndForEachMatchIsNotLinear() throws {
    // Each `a` is a match, and RE2 looks for a `z` up to the end each time.
    #expect(try cost("s.findAll('a.*z|a').size()", s: String(repeating: "a", count: 50_000)).value == nil)
  }

  @Test func samePatternsCountOnce() throws {
    let unicode = "'^[\\\\p{L}\\\\p{N}_. -]{1,128}$'"
    let same = (0..<20).map { _ in "s.matches(\(unicode))" }.joined(separator: " && ")
    #expect(try cost(same, s: "web 1").value == true)
    let different = (0..<9).map { "s.matches('^[\\\\p{L}\\\\p{N}_. -]{1,12\($0)}$')" }.joined(
      separator: " && ")
    do throws(CompileError) {
      _ = try Evaluate.environment.compile(different)
      Issue.record("accepted")
    } catch {
      #expect(error.code == .limit)
      #expect(error.message.contains("\(ConstantPatterns.instructionLimit)"))
      #expect(error.message.contains("ASCII"))
    }
  }

  // MARK: - The other functions

  /// Calls whose work or result is large, although they have few arguments.
  @Test(
    arguments: [
      ("url('http://a/?' + s).getQuery()", 100), ("s.reverse()", 6), ("strings.quote(s)", 6),
      ("json.encode(s)", 6),
      ("s.split('')", 1), ("s.replace('a', 'b')", 6), ("'%x'.format([s])", 6), ("s + s", 6),
      ("s.substring(1)", 6),
      ("base64.encode(bytes(s))", 6), ("[s].join(s)", 6), ("s.upperAscii()", 6), ("int(s)", 6),
      ("double(s)", 6),
      ("{s: 1}", 16), ("{'a': 1}[s]", 16), ("s in {'a': 1}", 16), ("timestamp(s)", 10), ("semver(s)", 6),
    ])
  func longTextIsCharged(_ expression: String, _ bytesPerStep: Int) throws {
    let text = String(repeating: "a=b&", count: 10_000)
    #expect(try cost(expression, s: text).steps > text.utf8.count / bytesPerStep / 2)
  }

  @Test(
    arguments: [
      ("'%.100f'.format([1e308 + double(n)])", 400), ("timestamp(n).getHours('Bogus/Z' + string(n))", 200),
      ("quantity('9e999').add(quantity('1e-9')).sub(n)", 100), ("string(timestamp(n))", 30),
      ("{string(n): n, 'b': n}", 30), ("lists.range(n * 1000).map(i, [i]).size()", 12_000),
      ("lists.range(n * 1000).transformMap(i, v, v).size()", 20_000), ("lists.range(n * 1000)", 3000),
    ])
  func expensiveCallsAreCharged(_ expression: String, _ least: Int) throws {
    #expect(try cost(expression).steps > least)
  }

  @Test func ordinaryExpressionsStayCheap() throws {
    for expression in [
      "s == 'Running'", "s.startsWith('web-') && n > 3", "[1, 2, 3].exists(i, i == n)",
      "s in ['a', 'b', 'c']",
      "s.lowerAscii().contains('x')", "timestamp('2026-01-01T00:00:00Z') > timestamp(n)",
    ] {
      #expect(try cost(expression, s: "web-1").steps < 120, "\(expression)")
    }
  }

  @Test func reportsTheRemainingBudget() throws {
    var activation = Activation(Evaluate.environment)
    let program = try Evaluate.environment.compile("[1, 2, 3].map(i, i + 1)")
    _ = try program.evaluate(&activation, costLimit: 1000)
    #expect(activation.remainingSteps > 900 && activation.remainingSteps < 1000)
    _ = try? program.evaluate(&activation, costLimit: 2)
    #expect(activation.remainingSteps < 0)
  }

  @Test func aLibraryMayChargeWhileItRuns() throws {
    struct Spender: Library {
      let name = "spender"
      func declare(in declarations: inout Declarations) {
        declarations.function(
          "spend",
          Overload(
            "spend_int", [.int], returns: .bool,
            .metered { arguments, meter throws(EvaluationError) in
              guard case .int(let steps) = arguments[0] else { throw .noMatchingOverload }
              try meter.spend(Int(steps))
              return true
            }))
      }
    }
    let environment = Environment(variables: [Variable("n", .int)], libraries: [Spender()])
    let program = try environment.compile("spend(n) || true")
    var activation = Activation(environment)
    activation["n"] = 500
    #expect(try program.test(&activation, costLimit: 1000))
    #expect(activation.remainingSteps < 500)
    activation["n"] = 5000
    #expect(throws: EvaluationError.self) { try program.test(&activation, costLimit: 1000) }
  }
}
