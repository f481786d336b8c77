// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import CEL

/// An untrusted expression can neither crash nor hang: it is refused, or it fails soon. All of them run on a
/// stack of 512 KiB, which is usual for threads of servers.
@Suite(.serialized, .timeLimit(.minutes(5))) struct LimitTests {
  private static func repeated(_ text: String, _ count: Int) -> String {
    String(repeating: text, count: count)
  }

  static let deep: [(name: String, source: String)] = [
    ("parentheses", repeated("(", 50_000)),
    ("closed parentheses", repeated("(", 40_000) + "1" + repeated(")", 40_000)),
    ("brackets", repeated("[", 50_000)),
    ("closed brackets", repeated("[", 40_000) + repeated("]", 40_000)),
    ("braces", repeated("{1:", 30_000)),
    ("nots", repeated("!", 90_000) + "true"),
    ("minuses", repeated("-", 90_000) + "1"),
    ("conditions", repeated("true?", 15_000) + "1" + repeated(":1", 15_000)),
    ("else branches", repeated("true?1:", 12_000) + "1"),
    ("sums", "1" + repeated("+1", 40_000)),
    ("selections", "x" + repeated(".a", 40_000)),
    ("optional selections", "x" + repeated(".?a", 30_000)),
    ("indexes", "x" + repeated("[0]", 30_000)),
    ("calls", repeated("size(", 15_000)),
    ("member calls", "x" + repeated(".size()", 13_000)),
    ("folds", repeated("[1].map(x,", 9_000)),
    ("folds in a row", "[1]" + repeated(".map(x,x)", 9_000)),
    ("messages", repeated("google.protobuf.Value{list_value:[", 2_500)),
    ("ands", "true" + repeated("&&true", 16_000)),
    ("ors", "false" + repeated("||false", 14_000)),
    ("bindings", repeated("cel.bind(a,1,", 7_000)),
    ("optional maps", "optional.of(1)" + repeated(".optMap(x,x)", 7_000)),
    ("a long list", "[" + repeated("[],", 30_000) + "1]"),
    ("strings", repeated("'a'+", 20_000) + "'a'"),
    ("an open string", "'" + repeated("a", 90_000)),
    ("backslashes", "'" + repeated("\\\\", 45_000) + "'"),
    ("comments", repeated("//\n", 30_000) + "1"),
    ("dots", repeated(".", 90_000)),
    ("equal signs", repeated("1==", 30_000) + "1"),
    ("too long", repeated(" ", 200_000) + "1"),
  ]

  @Test(arguments: deep.map(\.name)) func staysWithinItsStack(_ name: String) {
    let source = Self.deep.first { $0.name == name }?.source ?? ""
    Evaluate.onSmallStack {
      for checks in [true, false] {
        var options = Environment.Options()
        options.checks = checks
        let environment = Environment(
          variables: [Variable("x", .dyn)], libraries: StandardLibraries.all, options: options)
        _ = Evaluate.outcome(source, in: environment, ["x": .int(1)])
      }
    }
  }

  /// Large but not deep expressions. Each is parsed, or refused, in roughly linear time.
  static let large: [String] = [
    "[" + joined(100) { _ in "x" + repeated(".a", 480) } + "]",
    "[" + joined(3800) { _ in "'a'.matches('(a{1000})')" } + "]",
    "[" + joined(8000) { _ in "undeclared" } + "]",
    "[" + joined(9000) { "x.f\($0)" } + "]",
    "{" + joined(9000) { "\($0): []" } + "}",
    joined(7000, " || ") { _ in "x.a.b == 1" },
  ]

  private static func joined(_ count: Int, _ separator: String = ",", _ item: (Int) -> String) -> String {
    (0..<count).map(item).joined(separator: separator)
  }

  @Test(arguments: large.indices) func compilesLargeExpressionsSoon(_ index: Int) {
    let clock = ContinuousClock()
    let start = clock.now
    _ = Evaluate.outcome(Self.large[index], ["x": .int(1)], costLimit: 1_000_000)
    // It takes about 0.1 s in a release build.
    #expect(clock.now - start < .seconds(60), "\(Self.large[index].prefix(100))")
  }

  @Test func acceptsOrdinaryExpressions() {
    Evaluate.onSmallStack {
      let nested = Self.repeated("(", 150) + "1" + Self.repeated(")", 150)
      #expect(Case(nested, .int(1)).fault() == nil)
      let lists = Self.repeated("[", 150) + Self.repeated("]", 150) + ".size()"
      #expect(Case(lists, .int(1)).fault() == nil)
      let sum = "1" + Self.repeated(" + 1", 300)
      #expect(Case(sum, .int(301)).fault() == nil)
      let conjunction = "true" + Self.repeated(" && n == 1 || false", 3000)
      #expect(Case(conjunction, fails: .undeclaredReference).fault() == nil)
    }
  }

  /// Without a cost limit each of these would take very long, or use up all memory.
  static let costly = [
    // Lists and strings that double.
    (0..<60).reduce("x") { text, _ in "cel.bind(a,[\(text)],cel.bind(b,a+a,b+b))" },
    (0..<40).map { "cel.bind(s\($0 + 1), s\($0) + s\($0)," }.reduce("cel.bind(s0,'0123456789',", +)
      + "s40.size()"
      + repeated(")", 41),
    (0..<100).map { "cel.bind(l\($0 + 1), [l\($0), l\($0)]," }.reduce("cel.bind(l0,[1],", +) + "l100 == l99"
      + repeated(")", 101),
    (0..<100).map { "cel.bind(l\($0 + 1), [l\($0), l\($0)]," }.reduce("cel.bind(l0,[1],", +) + "l100"
      + repeated(")", 101),
    (0..<100).map { "cel.bind(l\($0 + 1), {'a': l\($0), 'b': l\($0)}," }.reduce("cel.bind(l0,[1],", +)
      + "'%s'.format([l100])" + repeated(")", 101),
    (0..<100).map { "cel.bind(l\($0 + 1), [l\($0), l\($0)]," }.reduce("cel.bind(l0,[1],", +)
      + "google.protobuf.ListValue{values: l100}" + repeated(")", 101),
    // Failures that are evaluated again and again.
    (0..<100).map { "cel.bind(e\($0 + 1), e\($0) || e\($0)," }.reduce("cel.bind(e0,1/0 > x,", +) + "e100"
      + repeated(")", 101),
    // Nested loops.
    (0..<12).reduce("true") { text, depth in
      "[1,2,3,4,5,6,7,8,9,10].all(x\(depth), \(text))"
    },
    (0..<12).reduce("1") { text, depth in "lists.range(100).map(x\(depth), \(text))" },
    "lists.range(1000000000)",
    "lists.range(3000).map(a, lists.range(3000).map(b, a * b))",
    "lists.range(3000).map(a, 'abcdefghijklmnopqrstuvwxyz').join().matches('(a|aa)*z{1,900}$')",
    "lists.range(100000).map(a, a).sort()", "lists.range(20000).map(a, string(a)).distinct()",
    "sets.intersects(lists.range(30000), lists.range(30000).map(x, x + 30000))",
    "lists.range(1000).all(a, 'x'.matches('(((x{30}){30}){30})' + string(a)))",
    "'%s'.format([lists.range(1000000)])", "'%999999999d'.format([1])", "'a'.replace('', 'bbbbbbbbbb', 1000)",
    "lists.range(1000000).map(x, x).reverse().slice(0, 999999).flatten()",
    "lists.range(100000).map(x, 'aaaaaaaaaa').join('').indexOf('aaaaaaaaaaaaab')",
  ]

  @Test(arguments: costly.indices) func isStoppedByItsCost(_ index: Int) {
    Evaluate.onSmallStack {
      let clock = ContinuousClock()
      let start = clock.now
      _ = Evaluate.outcome(Self.costly[index], ["x": .int(1)], costLimit: 1_000_000)
      // A million steps take much less than a second. The bound is that high for debug builds on a busy
      // machine.
      #expect(clock.now - start < .seconds(60), "\(Self.costly[index].prefix(200))")
    }
  }

  @Test func spentBudgetIsNotAbsorbed() {
    for source in [
      "lists.range(1000).all(a, lists.range(1000).all(b, true)) || true",
      "false && lists.range(1000).exists(a, false) || [1].exists(c, lists.range(1000).all(b, b >= 0)) || true",
    ] {
      guard case .fails(let error) = Evaluate.outcome(source, costLimit: 500) else {
        Issue.record("\(source) has a value")
        continue
      }
      #expect(error.code == .costLimitExceeded)
    }
  }

  @Test func knowsTheMinimumCost() throws {
    for source in [
      "n + 1 == 2", "[1, 2, 3].all(i, i < n)", "{'a': n, 'b': [n]}.size() == 2", "n > 0 ? s : s + s",
    ] {
      let program = try Evaluate.environment.compile(source)
      var activation = Activation(Evaluate.environment)
      activation["n"] = 1
      activation["s"] = "a"
      #expect(program.minimumCost > 0)
      #expect(throws: EvaluationError.self) {
        try program.evaluate(&activation, costLimit: program.minimumCost - 1)
      }
      #expect(throws: Never.self) { try program.evaluate(&activation, costLimit: program.minimumCost + 200) }
    }
    #expect(try Evaluate.environment.compile("1 + 1 == 2").minimumCost == 0)
  }
}
