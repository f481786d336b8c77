// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import YAML

@Suite struct YAMLNodeTests {
  private func parse(_ text: String) throws -> YAMLNode? { try YAMLNode.parse(Array(text.utf8)) }

  /// A short form for comparisons: a scalar is its text, and `null` is ~.
  private func form(_ node: YAMLNode?) -> String {
    switch node {
    case nil: "nothing"
    case .scalar(let text, _): node?.isNull == true ? "~" : text
    case .sequence(let nodes): "[" + nodes.map(form).joined(separator: ",") + "]"
    case .mapping(let members):
      "{" + members.map { "\(form($0.key)):\(form($0.value))" }.joined(separator: ",") + "}"
    }
  }

  struct Case: Sendable, CustomTestStringConvertible {
    var text: String
    var form: String
    var testDescription: String { text }

    init(_ text: String, _ form: String) { (self.text, self.form) = (text, form) }
  }

  @Test(arguments: [
    Case("", "nothing"), Case("# only a comment\n", "nothing"), Case("a", "a"),
    Case("[a, 1, true]", "[a,1,true]"),
    Case("b: 1\na:\n- x\n- y: z\n", "{b:1,a:[x,{y:z}]}"),
    Case(#"{"json": ["a\tb", null]}"#, "{json:[a\tb,~]}"),
    Case("a: ~\nb: ''\nc: \"null\"\nd: Null\ne:\n", "{a:~,b:,c:null,d:~,e:~}"),
    Case("a: |\n  two\n  lines\n", "{a:two\nlines\n}"),
    Case("a: &x {k: v}\nb: *x\n", "{a:{k:v},b:{k:v}}"),
    // The mapping's own values take precedence, then those of the first base.
    Case(
      "x: &x {a: 1, b: 1}\ny: &y {b: 2, c: 2}\nz:\n  <<: [*x, *y]\n  a: 0\n",
      "{x:{a:1,b:1},y:{b:2,c:2},z:{a:0,b:1,c:2}}"),
    Case("a: !!null ''\n", "{a:~}"), Case("a: !!binary aGk=\n", "{a:hi}"),
    Case("first\n---\nsecond\n", "first"),
  ])
  func reads(_ each: Case) throws { #expect(try form(parse(each.text)) == each.form) }

  @Test(arguments: [
    ("a: [1, 2", "line"), ("a: b: c", "line 1"), ("k: v\n\tx: y\n", "line 2"),
    ("*nothing", "alias 'nothing'"),
    ("a: !!binary '***'\n", "line 1"), ("a: 1\nb: !!int text\n", "line 2: 'text'"), ("!!int 1.5", "!!int"),
    ("!!bool 1", "!!bool"), ("!!float '1.2.3'", "!!float"), ("!!null none", "!!null"), ("!!int ''", "!!int"),
    ("\"\\xZZ\"", "line 1"),
    (String(repeating: "[", count: 200) + String(repeating: "]", count: 200), "nested too deeply"),
  ])
  func refusesWithAReason(_ text: String, _ reason: String) throws {
    let error = #expect(throws: YAMLNode.SyntaxError.self) { try parse(text) }
    #expect(error?.description.contains(reason) == true, "\(error?.description ?? "")")
  }

  /// Each checked with kubectl, which decodes tagged scalars in this way.
  @Test(arguments: [
    ("!!int '5'", true), ("!!int 0x1F", true), ("!!float 5", true), ("!!float .nan", true),
    ("!!bool \"yes\"", true),
    ("!!str 5", false), ("!own 5", false), ("'5'", false), ("5", true),
    ("! 5", false), ("!\n  5", false), ("&a ! 5", false), ("! &a 5", false), ("&a  5", true), ("! ''", false),
    ("\u{FEFF}! 5", false),
  ])
  func aTagDecidesWhetherAScalarIsText(_ text: String, _ expected: Bool) throws {
    guard case .scalar(_, let isPlain)? = try parse(text) else {
      throw YAMLNode.SyntaxError(description: text)
    }
    #expect(isPlain == expected)
  }

  @Test func membersHaveTheirLineNumbers() throws {
    guard case .mapping(let members) = try parse("# c\na: 1\n\nb:\n  c: 2\n") else {
      Issue.record("no mapping")
      return
    }
    #expect(members.map(\.line) == [2, 4])
    #expect(members[0].value.string == "1" && members[1].value.string == nil)
  }

  @Test func nodesAreEqualByTheirContent() throws {
    #expect(try parse("{a: 'x', b: [y]}") == parse("a: x\nb:\n- \"y\"\n"))
    // The order of members is significant.
    #expect(try parse("{a: 1, b: 2}") != parse("{b: 2, a: 1}"))
    #expect(try parse("[a]") != parse("a"))
  }

  @Test func aliasesAreNotCopied() throws {
    // Ten levels of ten aliases would be 10^10 scalars if they were copied.
    var text = "l0: &l0 x\n"
    for level in 1...10 {
      text +=
        "l\(level): &l\(level) [" + Array(repeating: "*l\(level - 1)", count: 10).joined(separator: ",")
        + "]\n"
    }
    guard case .mapping(let members) = try parse(text) else {
      Issue.record("no mapping")
      return
    }
    #expect(members.count == 11)
  }
}
