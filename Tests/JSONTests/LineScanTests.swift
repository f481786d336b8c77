// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import JSON

/// Comparisons of the bytes at a path during the walk over a line.
@Suite struct LineScanTests {
  static let line =
    #" {"a":1, "s":"caf\u00e9 bar","p":"plain","big":18446744073709551615,"neg":-5,"d":2.50,"t":true,"n":null,"#
    + #""o":{"x":{"y":"deep"},"z":[1,2]},"l":[3],"version":"42","long-key-name":7,"\u0065sc":"e","a":"second"} "#

  struct Case: Sendable, CustomTestStringConvertible {
    var path: [String]
    var operation: Comparison.Operation
    var operands: [Comparison.Operand] = []
    var whenMissing = false
    var expected: LineScan.Outcome
    var testDescription: String { "\(path.joined(separator: ".")) \(operation) \(operands)" }

    init(
      _ path: String, _ operation: Comparison.Operation, _ operands: Comparison.Operand...,
      whenMissing: Bool = false,
      is expected: LineScan.Outcome
    ) {
      self.path = path.split(separator: ".").map(String.init)
      self.operation = operation
      self.operands = operands
      self.whenMissing = whenMissing
      self.expected = expected
    }
  }

  private static func text(_ text: String) -> Comparison.Operand { .string(Array(text.utf8)) }
  private static func int(_ value: Int64) -> Comparison.Operand { .number(.int(value)) }
  private static func real(_ value: Double) -> Comparison.Operand { .number(.double(value)) }

  static let equality = [
    Case("a", .equal, int(1), is: .holds), Case("a", .equal, int(2), is: .fails),
    Case("a", .equal, real(1), is: .holds),
    Case("a", .equal, text("1"), is: .fails), Case("a", .notEqual, text("1"), is: .holds),
    Case("s", .equal, text("café bar"), is: .holds), Case("s", .equal, text("cafe bar"), is: .fails),
    Case("p", .equal, text("plain"), is: .holds), Case("p", .equal, text("plai"), is: .fails),
    Case("p", .equal, text("plains"), is: .fails), Case("esc", .equal, text("e"), is: .holds),
    Case("big", .equal, .number(.uint(.max)), is: .holds),
    Case("big", .equal, real(18_446_744_073_709_551_616), is: .holds),
    Case("big", .equal, int(-1), is: .fails), Case("neg", .equal, .number(.uint(5)), is: .fails),
    Case("d", .equal, real(2.5), is: .holds), Case("d", .equal, int(2), is: .fails),
    Case("d", .equal, int(3), is: .fails),
    Case("t", .equal, .bool(true), is: .holds), Case("t", .equal, .bool(false), is: .fails),
    Case("n", .equal, .null, is: .holds), Case("a", .equal, .null, is: .fails),
    Case("o", .equal, .null, is: .fails),
    Case("o.x.y", .equal, text("deep"), is: .holds), Case("long-key-name", .equal, int(7), is: .holds),
    Case("long-key-namE", .equal, int(7), is: .error), Case("nothing", .equal, int(1), is: .error),
    Case("p", .oneOf, text("x"), text("plain"), is: .holds), Case("p", .oneOf, text("x"), int(1), is: .fails),
    Case("a", .oneOf, text("1"), int(1), is: .holds),
  ]

  static let orderAndText = [
    Case("a", .less, int(2), is: .holds), Case("a", .less, int(1), is: .fails),
    Case("a", .lessOrEqual, int(1), is: .holds),
    Case("d", .greater, int(2), is: .holds), Case("d", .greater, int(3), is: .fails),
    Case("d", .less, real(2.6), is: .holds),
    Case("big", .greater, int(.max), is: .holds),
    Case("big", .greaterOrEqual, .number(.uint(.max)), is: .holds),
    Case("neg", .less, .number(.uint(0)), is: .holds), Case("neg", .less, real(-4.5), is: .holds),
    Case("neg", .greater, real(-5.5), is: .holds), Case("a", .less, text("b"), is: .error),
    Case("p", .less, text("q"), is: .holds), Case("p", .greater, text("pla"), is: .holds),
    Case("p", .less, int(1), is: .error),
    Case("s", .less, text("cafz"), is: .fails), Case("t", .less, int(1), is: .error),
    Case("p", .startsWith, text("pl"), is: .holds), Case("p", .startsWith, text("pla!"), is: .fails),
    Case("p", .startsWith, text("plain and more"), is: .fails),
    Case("s", .startsWith, text("café"), is: .holds),
    Case("a", .startsWith, text("1"), is: .error), Case("p", .endsWith, text("ain"), is: .holds),
    Case("p", .endsWith, text(""), is: .holds), Case("s", .endsWith, text("é bar"), is: .holds),
    Case("p", .contains, text("lai"), is: .holds),
    Case("p", .contains, text("longer than plain"), is: .fails),
    Case("s", .contains, text("é"), is: .holds), Case("l", .contains, text("3"), is: .error),
    Case("t", .isTrue, is: .holds), Case("a", .isTrue, is: .error), Case("nothing", .isTrue, is: .error),
    Case("a", .has, is: .holds), Case("o.x.y", .has, is: .holds), Case("o.q", .has, is: .fails),
    Case("a.b", .has, is: .fails),
    Case("o.z.q", .has, is: .error), Case("q.r", .has, is: .error),
  ]

  static let selectors = [
    Case("version", .textOneOf, text("42"), is: .holds), Case("a", .textOneOf, text("1"), is: .holds),
    Case("a", .textOneOf, text("1.0"), is: .fails), Case("t", .textOneOf, text("true"), is: .holds),
    Case("o", .textOneOf, text("x"), is: .fails),
    Case("q", .textOneOf, text("x"), whenMissing: true, is: .holds),
    Case("q", .textOneOf, text("x"), is: .fails),
    Case("n", .textNoneOf, text("x"), whenMissing: true, is: .holds),
    Case("version", .textNoneOf, text("42"), is: .fails),
    Case("version", .textNoneOf, text("43"), is: .holds),
    Case("version", .exists, is: .holds), Case("n", .exists, is: .fails), Case("q", .exists, is: .fails),
    Case("version", .existsNot, whenMissing: true, is: .fails),
    Case("q", .existsNot, whenMissing: true, is: .holds),
    Case("version", .textGreater, int(41), is: .holds), Case("version", .textLess, int(42), is: .fails),
    Case("p", .textGreater, int(0), is: .fails), Case("n", .textLess, int(9), is: .fails),
  ]

  @Test(arguments: equality + orderAndText + selectors) func comparesWhileItWalks(_ c: Case) {
    let comparison = Comparison(c.operation, path: 0, operands: c.operands, resultWhenMissing: c.whenMissing)
    // The comparison alone, as a condition that is checked later, and together with another path.
    for conditions: [Condition] in [[.comparison(comparison)], [.all([.comparison(comparison)])]] {
      let scan = LineScan(LineTest(paths: [c.path], conditions: conditions))
      #expect(PaddedText(Self.line).read { scan.scan($0) } == c.expected)
    }
    let both = LineScan(
      LineTest(
        paths: [c.path, ["p"]], conditions: [.comparison(comparison), .comparison(Comparison(.has, path: 1))])
    )
    #expect(PaddedText(Self.line).read { both.scan($0) } == c.expected)
  }

  private static let yes = Condition.comparison(Comparison(.equal, path: 0, operands: [int(1)]))
  private static let no = Condition.comparison(Comparison(.equal, path: 0, operands: [int(2)]))
  private static let unknown = Condition.comparison(Comparison(.isTrue, path: 1))

  static let combinations: [(Condition, LineScan.Outcome)] = [
    (.all([yes, yes]), .holds), (.all([yes, no]), .fails), (.all([unknown, no]), .fails),
    (.all([unknown, yes]), .error),
    (.any([no, yes]), .holds), (.any([unknown, yes]), .holds), (.any([unknown, no]), .error),
    (.any([no, no]), .fails),
    (.not(yes), .fails), (.not(no), .holds), (.not(unknown), .error), (.any([]), .fails), (.all([]), .holds),
    (.not(.any([.all([yes, no]), .not(yes)])), .holds),
  ]

  @Test(arguments: combinations.indices) func combinesAsCELDoes(_ index: Int) {
    let (condition, expected) = Self.combinations[index]
    let scan = LineScan(LineTest(paths: [["a"], ["missing"]], conditions: [condition]))
    #expect(PaddedText(Self.line).read { scan.scan($0) } == expected)
  }

  @Test func reportsTheEndOfAPath() {
    let paths = [["a"], ["o", "x", "y"], ["o", "q"], ["a", "b"], ["l", "b"], ["q", "r"], []]
    let scan = LineScan(LineTest(paths: paths, conditions: []))
    PaddedText(Self.line).read { line in
      #expect(scan.scan(line) == .holds)
      #expect(
        paths.indices.map(scan.state) == [
          .present, .present, .missingKey, .scalarParent, .arrayParent, .missingParent, .present,
        ])
      #expect(scan.value(0).text == "1" && scan.value(1).string == "deep" && scan.value(6).kind == .object)
    }
  }

  @Test(arguments: [
    "", "x", "{", #"{"a""#, #"{"a":"#, #"{"a":1"#, #"{"a" 1}"#, "{a:1}", #"{"a":1 "b":2}"#, "tru", #""x"#,
    "]",
  ])
  func isMalformedIfTheWalkCannotContinue(_ text: String) {
    let scan = LineScan(LineTest(paths: [["b"]], conditions: [.comparison(Comparison(.has, path: 0))]))
    #expect(PaddedText(text).read { scan.scan($0) } == .malformed)
  }

  @Test func doesNotTrapAtAnyCutOfALine() {
    let paths = [["a"], ["o", "x", "y"], ["o", "z"], ["esc"]]
    let scan = LineScan(LineTest(paths: paths, conditions: [.not(.comparison(Comparison(.has, path: 3)))]))
    let bytes = Array(Self.line.utf8)
    for cut in bytes.indices { _ = PaddedText(Array(bytes[..<cut])).read { scan.scan($0) } }
    // The scan gives correct results after broken lines too.
    #expect(PaddedText(Self.line).read { scan.scan($0) } == .fails)
  }

  @Test func mentionsKeys() {
    let key = ShortKey("object")
    let cases: [(String, Bool)] = [
      (#"{"object":1}"#, true), (#"{"a":"xx","objects":1}"#, false), (#"{"a":1}"#, false), ("", false),
      (#"{"\u006fbject":1}"#, true), (#"{"a":"\n"}"#, true), (#"{"objec"#, false), (#"{"object"#, false),
      (#"{"object""#, true),
      (String(repeating: "x", count: 100) + #""object""#, true),
    ]
    for (text, expected) in cases {
      // Bytes after the line must be ignored.
      #expect(PaddedText(text).read { $0.mayHave(key) } == expected, "\(text)")
    }
    for length in 0..<80 {
      let text = String(repeating: "y", count: length) + #""object""#
      #expect(PaddedText(text).read { $0.mayHave(key) })
      #expect(!PaddedText(String(text.dropLast())).read { $0.mayHave(key) })
    }
  }
}
