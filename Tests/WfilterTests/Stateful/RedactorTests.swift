// SPDX-License-Identifier: Apache-2.0
import Events
import Testing

@testable import WfilterCore

struct RedactorTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var paths: [String]
    var line: String
    /// Nil if the line does not change.
    var expected: String?
    var testDescription: String { "\(paths) \(line)" }
    init(_ paths: String..., line: String, expected: String?) {
      (self.paths, self.line, self.expected) = (paths, line, expected)
    }
  }

  static let cases: [Case] = [
    Case(
      "object.data.*", line: #"{"type":"ADDED","object":{"kind":"Secret","data":{"a":"c2V","b" : "eA=="}} }"#,
      expected: #"{"type":"ADDED","object":{"kind":"Secret","data":{"a":"***","b" : "***"}} }"#),
    Case(
      "data.*", line: #"{"type":"ADDED","object":{"data":{"a":"x"}},"data":{"a":"y"}}"#,
      expected: #"{"type":"ADDED","object":{"data":{"a":"***"}},"data":{"a":"y"}}"#),
    Case(
      "self.data", line: #"{"type":"ADDED","object":{"data":1},"data":[1,{"a":2}]}"#,
      expected: #"{"type":"ADDED","object":{"data":1},"data":"***"}"#),
    Case(
      "password", "tokens[*].v", "list[1]",
      line:
        #"{"password":null,"tokens":[{"v":1},{"w":2},{"v":{"x":[3]}}],"list":[10, 20 ,30],"n":12345678901234567890}"#,
      expected:
        #"{"password":"***","tokens":[{"v":"***"},{"w":2},{"v":"***"}],"list":[10, "***" ,30],"n":12345678901234567890}"#
    ),
    Case(
      #"metadata.annotations["a.b/c\"d"]"#,
      line: #"{"metadata":{"annotations":{"a.b/c\"d":"x","a":{"b":1}}}}"#,
      expected: #"{"metadata":{"annotations":{"a.b/c\"d":"***","a":{"b":1}}}}"#),
    // All values of a repeated key are hidden, because a reader may take any of them. A key with escapes is
    // the same key.
    Case(
      "object.data.a",
      line: #"{"type":"ADDED","object":{"data":{"a":1,"a":2}},"object":{"d\u0061ta":{"\u0061":3}}}"#,
      expected:
        #"{"type":"ADDED","object":{"data":{"a":"***","a":"***"}},"object":{"d\u0061ta":{"\u0061":"***"}}}"#),
    Case(
      "a", "a.b", "*.c", line: #"{"a":{"b":1},"b":{"c":2,"d":3}}"#,
      expected: #"{"a":"***","b":{"c":"***","d":3}}"#),
    Case("a.b.c", line: #"{"a":{"b":1},"b":{"c":2}}"#, expected: nil),
    Case("a.b", line: "[1,2]", expected: nil),
    Case("a[0]", line: #"{"a":{"0":1}}"#, expected: nil),
    Case("a", line: "{\"a\":\"x\"}\r", expected: "{\"a\":\"***\"}\r"),
  ]

  @Test(arguments: cases) func hidesOnlyTheValue(_ c: Case) throws {
    let redactor = LineEditor(hidden: try c.paths.map { try PathPattern($0) })
    let outcome = unsafe Line(c.line).withUnsafeBytes { unsafe redactor.redact($0) }
    #expect(outcome == c.expected.map { .changed(Line($0)) } ?? .unchanged)
  }

  @Test(arguments: [
    #"{"a":1 "b":2}"#, #"{"x":{"a":[1 2]}}"#, #"{"x" {"a":1}}"#, #"{"x":{"a":[1,}}"#, #"{x:1}"#,
    #"{"x":{"a":1"#,
  ])
  func withholdsLinesThatItCannotRead(_ text: String) throws {
    let redactor = LineEditor(hidden: [try PathPattern("x.a[5]"), try PathPattern("b")])
    #expect(unsafe Line(text).withUnsafeBytes { unsafe redactor.redact($0) } == .withheld)
  }

  @Test(arguments: [
    ("", 1), ("a.", 3), ("a..b", 3), ("a[", 3), ("a[x]", 3), (#"a["x"#, 5), (#"a["x]"#, 6), ("a b", 2),
    ("1a", 1),
    ("a[1", 4), (#"a["\n"]"#, 5), ("self", 5), ("a-b", 2), ("a[-1]", 3), ("a[99999999999999999999]", 3),
  ])
  func refusesInvalidPaths(_ text: String, _ column: Int) {
    let failure = #expect(throws: PathPattern.SyntaxError.self) { try PathPattern(text) }
    #expect(failure?.column == column, "\(failure.map(\.description) ?? "")")
  }
}
