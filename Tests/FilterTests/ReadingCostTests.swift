// SPDX-License-Identifier: Apache-2.0

import CEL
import JSON
import Testing

@testable import Filter

/// Reading a line's strings is charged, whichever operation does it: a loop over a long string ends at the
/// cost limit.
@Suite struct ReadingCostTests {
  static let tests = [
    "e.size() > 0", "e == t", "e != 'x'", "e < t", "e.startsWith('z')", "e.endsWith('z')", "e.contains('z')",
    "e.matches('z')", "e in ['a', 'b']", "e in [t]", "{e: 1}.size() > 0", "[e] == [t]", "self.e != ''",
    "self['e'] == 'z'", "self.e.size() > 0", "{'z': 1}[?e].hasValue()", "type(e) == string", "bool(e)",
    "[e].distinct() == []", "[e, t].sort() == []", "[[e]].flatten() == []", "sets.contains([e], [t])",
    "[e].indexOf(t) > 9", "[e].join() == ''", "e.trim() == ''", "optional.of(e) == optional.of(t)",
    "l.exists(y, y == e)", "m == m2",
  ]

  @Test(arguments: tests, [#"\t"#, "a"]) func endsALoop(_ test: String, _ content: String) throws {
    let text = String(repeating: content, count: 30_000)
    let other = String(repeating: content, count: 29_999) + #"\n"#
    let line = PaddedLine(
      #"{"e":"\#(text)","t":"\#(other)","l":["x","\#(other)"],"m":{"k":"\#(text)"},"m2":{"k":"\#(other)"}}"#)
    let filter = try LineFilter(value: "lists.range(1000000).all(i, \(test) || true)", costLimit: 3_000_000)
    let evaluator = LineEvaluator(filter)
    let error = line.read { line -> EvaluationError.Code? in
      do throws(EvaluationError) { _ = try evaluator.value(line) } catch { return error.code }
      return nil
    }
    #expect(error == .costLimitExceeded)
  }

  /// A number is also read each time it is used.
  @Test(arguments: ["l[0] > 0.5", "l[0] == l[1]", "n in l", "o.n > 1.5"], [false, true])
  func endsALoopOverLongNumbers(
    _ test: String, _ isPrinted: Bool
  ) throws {
    let digits = String(repeating: "7", count: 30_000)
    let line = PaddedLine(#"{"l":[\#(digits),\#(digits)],"n":\#(digits),"o":{"n":\#(digits)}}"#)
    let filter = try LineFilter(value: "lists.range(1000000).all(i, \(test) || true)", costLimit: 3_000_000)
    let evaluator = LineEvaluator(filter)
    let error = line.read { line -> EvaluationError.Code? in
      do throws(EvaluationError) {
        var bytes: [UInt8] = []
        if isPrinted { try evaluator.appendValue(line, to: &bytes) } else { _ = try evaluator.value(line) }
      } catch { return error.code }
      return nil
    }
    #expect(error == .costLimitExceeded)
  }

  /// Only an evaluation limits a comparison.
  @Test func comparesValuesOutsideAnEvaluation() throws {
    let line = PaddedLine(#"{"a":{"k":[1,{"x":2}]},"b":{"k":[1.0,{"x":2}]}}"#)
    try line.read { line in
      let source = JSONSource(line)
      let values = try ["a", "b"].map { source.value(try #require(line.member($0))) }
      #expect(values[0] == values[1])
    }
  }

  /// Making a value of `{}` takes longer than reading its two bytes.
  @Test(arguments: ["json.encode([l])", "'%s'.format([[l]])", "[l].flatten()", "dyn([l]) == dyn([[[]]])"])
  func chargesForMakingShortValues(_ expression: String) throws {
    let line = PaddedLine(#"{"l":[\#(Array(repeating: "{}", count: 1000).joined(separator: ","))]}"#)
    let evaluator = LineEvaluator(try LineFilter(value: expression, costLimit: 100_000))
    _ = try line.read { try evaluator.value($0) }
    #expect(100_000 - evaluator.remainingSteps > 1000 * 3)
  }

  /// Repeated keys are found by hashing and sorting all keys.
  @Test func chargesEachKeyOfAnObject() throws {
    let line = PaddedLine("{\"k\":{\((0..<5000).map { "\"k\($0)\":1" }.joined(separator: ","))}}")
    let evaluator = LineEvaluator(try LineFilter(value: "k.size()", costLimit: 1_000_000))
    #expect(try line.read { try evaluator.value($0) } == 5000)
    #expect(1_000_000 - evaluator.remainingSteps > 2 * 5000)
  }

  /// Looking up each key to find the repeated ones would take quadratic time, and be charged at the end only.
  @Test func findsRepeatedKeysInLinearTime() throws {
    let keys = (0..<10_000).map { "\"k\($0 % 5000)\":\($0)" }.joined(separator: ",")
    let line = PaddedLine("{\"k\":{\(keys)},\"o\":[{\"a\":1,\"\\u0061\":2}]}")
    let evaluator = LineEvaluator(try LineFilter(value: "k.size()", costLimit: 1_000_000))
    #expect(try line.read { try evaluator.value($0) } == 5000)
    #expect(1_000_000 - evaluator.remainingSteps < 200_000)
    let first = LineEvaluator(try LineFilter(value: "k.all(x, v, v < 5000) && o[0].map(x, o[0][x]) == [1]"))
    #expect(try line.read { try first.value($0) } == true)
    #expect(try line.read { try first.value($0) } == true)
  }

  /// Objects with other keys, or keys in another order, are compared by hashing their keys.
  @Test(arguments: [#"{"b":1,"a":2}"#, #"{"c":1}"#]) func chargesKeysInAnotherOrder(_ other: String) throws {
    let objects = Array(repeating: other, count: 500).joined(separator: ",")
    let line = PaddedLine(#"{"o":{"a":3,"b":1},"l":[\#(objects)]}"#)
    let evaluator = LineEvaluator(try LineFilter(value: "o in l", costLimit: 1_000_000))
    #expect(try line.read { try evaluator.value($0) } == false)
    #expect(1_000_000 - evaluator.remainingSteps > 500 * 3 * 5)
  }

  @Test func chargesRepeatedKeysInAComparison() throws {
    let keys = Array(repeating: "\"a\":1", count: 1500).joined(separator: ",")
    let line = PaddedLine("{\"m\":{\(keys)},\"o\":{\"b\":1}}")
    let evaluator = LineEvaluator(try LineFilter(value: "m == o", costLimit: 100_000))
    #expect(try line.read { try evaluator.value($0) } == false)
    #expect(100_000 - evaluator.remainingSteps > 1500 * 5)
  }

  /// The end of a nested value is found again at each level.
  @Test(arguments: [("[", "]"), ("{\"a\":", "}")]) func chargesEachLevelOfAComparison(
    _ open: String, _ close: String
  ) throws {
    let values = ["1", "2"].map { value in
      String(repeating: open, count: 400) + value + String(repeating: close, count: 400)
    }
    let line = PaddedLine("{\"l\":[\(values.joined(separator: ","))]}")
    let evaluator = LineEvaluator(try LineFilter(value: "l[0] == l[1]", costLimit: 100_000))
    #expect(try line.read { try evaluator.value($0) } == false)
    #expect(100_000 - evaluator.remainingSteps > 400)
  }

  /// A comparison is charged as it goes: one of two large values cannot take many times the limit.
  @Test(arguments: [
    ("p == q", 100_000), ("p != q", 100_000), ("[p] != [q]", 100_000), ("!(p in [q])", 100_000),
    ("!(p in [1, q])", 100_000), ("!sets.contains([p], [q])", 100_000),
    ("[p, q].distinct().size() > 1", 300_000),
    ("[p].indexOf(q) < 0", 100_000), ("a != b", 100_000), ("a == c", 100_000),
    ("dyn([a]) != dyn([b])", 100_000),
  ]) func aComparisonEndsAtTheLimit(_ expression: String, _ limit: Int) throws {
    // The ends of inner lists are found again at each of 400 levels.
    let deep = ["1", "2"].map { last in
      let elements = (0..<10_000).map { "\($0)," }.joined() + last
      return String(repeating: "[", count: 400) + elements + String(repeating: "]", count: 400)
    }
    // Keys in another order, or another key, are looked up.
    let numbers = Array(0..<30_000)
    let wide = [numbers, numbers.reversed(), numbers.dropLast() + [30_000]].map {
      "{\($0.map { "\"k\($0)\":1" }.joined(separator: ","))}"
    }
    let values = zip(["p", "q", "a", "b", "c"], deep + wide).map { "\"\($0)\":\($1)" }
    let line = PaddedLine("{\(values.joined(separator: ","))}")
    let evaluator = LineEvaluator(try LineFilter(FilterOptions(expression: expression, costLimit: limit)))
    #expect(line.test(evaluator) == .error)
    #expect(evaluator.lastError?.code == .costLimitExceeded)
    #expect(evaluator.remainingSteps > -10_000)
  }

  /// The cost of a loop over plain short strings has not changed.
  @Test func chargesShortStringsOnce() throws {
    let line = PaddedLine(#"{"e":"abc","l":["a","b","c"]}"#)
    let filter = try LineFilter(
      value: "lists.range(1000).all(i, e == 'abc' && e in l || true)", costLimit: 100_000)
    #expect(try line.read { try LineEvaluator(filter).value($0) } == true)
  }

  /// A list literal of paths is printed without making the list.
  @Test(arguments: [("[", "", "]"), ("{", "'k': ", "}")]) func endsOutputThatRepeatsTheLine(
    _ open: String, _ key: String, _ close: String
  ) throws {
    let line = PaddedLine(#"{"s":"\#(String(repeating: "a", count: 100_000))"}"#)
    let elements = (0..<100).map { key.replacing("k", with: "k\($0)") + "self" }.joined(separator: ",")
    let filter = try LineFilter(value: "\(open)\(elements)\(close)", costLimit: 100_000)
    var bytes: [UInt8] = []
    let error = line.read { line -> EvaluationError.Code? in
      do throws(EvaluationError) { try LineEvaluator(filter).appendValue(line, to: &bytes) } catch {
        return error.code
      }
      return nil
    }
    #expect(error == .costLimitExceeded)
    #expect(bytes.count < 1_000_000)
  }

  /// A value that refers to the line many times is longer than the memory that its steps pay for.
  @Test(arguments: [
    "lists.range(60).map(i, self)", "lists.range(60).transformMap(i, v, [self])",
    "[lists.range(30).map(i, self), lists.range(30).map(i, self)]",
    "cel.bind(w, lists.range(2000).map(i, '\\u0001').join(), lists.range(60).map(i, w))",
  ]) func endsOutputThatTakesMoreMemoryThanItsSteps(_ expression: String) throws {
    let line = PaddedLine(#"{"s":"\#(String(repeating: "a", count: 10_000))"}"#)
    for isRaw in [false, true] {
      let evaluator = LineEvaluator(try LineFilter(value: expression, costLimit: 100_000))
      var bytes: [UInt8] = []
      let error = line.read { line -> EvaluationError.Code? in
        do throws(EvaluationError) { try evaluator.appendValue(line, isRaw: isRaw, to: &bytes) } catch {
          return error.code
        }
        return nil
      }
      #expect(error == .costLimitExceeded)
      #expect(bytes.count < 420_000)
    }
  }

  /// The parts of a list literal are evaluated apart, and share the limit.
  @Test(arguments: [
    "[LOOP, LOOP]", "{'a': LOOP, 'b': [LOOP]}", "LOOP ? [LOOP] : []", "[LOOP ? 1 : 2, LOOP]",
    "[lists.range(6000), lists.range(6000)]",
  ]) func partsOfAListShareTheLimit(_ expression: String) throws {
    let line = PaddedLine(#"{"s":"a"}"#)
    let loop = "lists.range(6000).all(i, s == 'a')"
    let filter = try LineFilter(
      value: expression.replacing("LOOP", with: loop),
      costLimit: expression.contains("LOOP") ? 70_000 : 40_000)
    let error = line.read { line -> EvaluationError.Code? in
      var bytes: [UInt8] = []
      do throws(EvaluationError) { try LineEvaluator(filter).appendValue(line, to: &bytes) } catch {
        return error.code
      }
      return nil
    }
    #expect(error == .costLimitExceeded)
  }

  /// Comparing bytes is not charged, so only a few searches are made that way.
  @Test(arguments: [" && ", " || "]) func thousandsOfSearchesInOneTextAreCharged(_ operation: String) throws {
    let line = PaddedLine(#"{"s":"\#(String(repeating: "a=b&", count: 30_000))"}"#)
    let isAll = operation == " && "
    let searches = (0..<2000).map { "\(isAll ? "!" : "")s.contains('=b&b\($0)')" }
    let filter = try LineFilter(
      FilterOptions(expression: searches.joined(separator: operation), costLimit: 1_000_000))
    #expect(filter.clauses.count { $0.isCompared } <= 16)
    let evaluator = LineEvaluator(filter)
    #expect(line.test(evaluator) == .error)
    #expect(evaluator.lastError?.code == .costLimitExceeded)
  }

  /// Texts with escapes are decoded only as far as they are compared.
  @Test(arguments: [
    ("e == 'x'", Verdict.noMatch), ("e == '\\t\\t'", .match), ("e == '\\t'", .noMatch),
    ("e == '\\t\\t\\t'", .noMatch),
    ("e < '\\t\\t'", .noMatch), ("e <= '\\t\\t'", .match), ("e < '\\t\\n'", .match), ("e < 'x'", .match),
    ("e > '\\t'", .match), ("e < '\\t\\t\\t'", .match), ("e.startsWith('\\t\\t')", .match),
    ("e.startsWith('\\t\\t\\t')", .noMatch), ("e.startsWith('\\tx')", .noMatch), ("e.startsWith('')", .match),
    ("e > 1", .error), ("n < 'a'", .error), ("n in [1, 2.5, 3]", .match), ("n in ['2.5', 2]", .noMatch),
    ("n in [2.5]", .match),
  ]) func comparesEscapedTexts(_ expression: String, _ expected: Verdict) throws {
    let line = PaddedLine(#"{"e":"\t\u0009","n":2.50}"#)
    #expect(line.test(LineEvaluator(try LineFilter(FilterOptions(expression: expression)))) == expected)
  }

  /// Functions that move elements do not decode them: 100,000 references to a large list stay references.
  @Test(arguments: [
    "slice(1, 2).size() == 1", "sortBy(y, 1).size() > 1", "first().hasValue()",
    "last().hasValue()",
  ]) func movesElementsUndecoded(_ call: String) throws {
    let line = PaddedLine(#"{"o":[\#((0..<5000).map { "[\($0)]" }.joined(separator: ","))]}"#)
    let filter = try LineFilter(value: "lists.range(20000).map(x, o).\(call)")
    #expect(try line.read { try LineEvaluator(filter).value($0) } == true)
  }

  /// Strings are equal by code points, also deep in a value: é in one code point is not é in two.
  @Test(arguments: ["a == b", "[a] == [b]", "o == p", "a.x == b.x"]) func distinguishesCompositions(
    _ expression: String
  ) throws {
    let line = PaddedLine(
      #"{"a":{"x":"\u00e9"},"b":{"x":"e\u0301"},"o":["é"],"p":["\#u{65}\#u{301}"]}"#)
    #expect(try line.read { try LineEvaluator(LineFilter(value: expression)).value($0) } == false)
  }

  /// As in cel-go: false below a scalar, an error below a list, whether bytes are compared or not.
  @Test(arguments: [
    ("has(l.x)", Verdict.error), ("!has(l.x)", .error), ("has(l.x) || s == 'a'", .match),
    ("has(s.x)", .noMatch),
    ("has(n.x)", .noMatch), ("has(self.l.x)", .error), ("cel.bind(q, l, has(q.x))", .error),
    ("[1].all(i, has(l.x))", .error), ("[1].all(i, has(s.x))", .noMatch),
  ]) func hasBelowAValueThatIsNotAMap(_ expression: String, _ expected: Verdict) throws {
    let line = PaddedLine(#"{"l":[1],"s":"a","n":null}"#)
    #expect(line.test(LineEvaluator(try LineFilter(FilterOptions(expression: expression)))) == expected)
  }
}
