// SPDX-License-Identifier: Apache-2.0
import Testing
import YAML

@testable import KwatchCore

/// How kubectl reads plain scalars in a kubeconfig. Each case was checked with kubectl 1.32.
@Suite struct PlainScalarTests {
  static let truthValues = ["y", "Y", "n", "N", "yes", "on", "off", "true", "True", "TRUE", "false"]
  static let numbers = [
    "12345", "0b1", "0x1F", "0X1F", "012345", "089", "1e3", "1E3", "+5", "-5", ".5", "5.", "+.5", "1__0",
    "1_",
    "0x_1", "1.5_0", "12345678901234567890123", "0o17", "00", "-0", "-0x1", "+0x1", ".inf", "-.Inf", ".nan",
  ]
  static let strings = [
    "tRUE", "1:30", "-", ".", "_1", "1e400", "nULL", "0b2", "1e", "e5", "1.2.3",
    "2001-12-14t21:59:43.10-05:00",
    "=", "abc", "nan", "inf", "0x1p3", "1.5f",
  ]

  @Test(arguments: truthValues) func readsWordsAsBooleans(_ text: String) {
    let isTrue = ["y", "Y", "yes", "on", "true", "True", "TRUE"].contains(text)
    #expect(PlainScalar(text) == .bool(isTrue))
  }

  @Test(arguments: numbers) func readsDigitsAsANumber(_ text: String) {
    let isNumber = if case .number = PlainScalar(text) { true } else { false }
    #expect(isNumber)
  }

  @Test(arguments: strings) func readsOtherScalarsAsStrings(_ text: String) {
    #expect(PlainScalar(text) == .string)
  }

  @Test(arguments: [
    ("010", "8"), ("0x1F", "31"), ("-0b11", "-3"), ("1_000", "1000"), ("1.50", "1.5"), ("5.", "5.0"),
    ("-7", "-7"),
  ]) func writesNumbersAsJSON(_ text: String, _ json: String) {
    #expect(PlainScalar(text) == .number(json))
  }

  /// Each field of a kubeconfig that is a string or a boolean.
  @Test(arguments: [
    ("users: [{name: u, user: {token: 12345}}]", "users[u].token that is a number"),
    ("users: [{name: u, user: {password: yes}}]", "users[u].password that is a truth value"),
    ("users: [{name: 12, user: {token: abc}}]", "users.name that is a number"),
    ("contexts: [{name: x, context: {namespace: 007}}]", "contexts[x].namespace that is a number"),
    ("current-context: 1", "current-context that is a number"),
    (
      "users: [{name: u, user: {exec: {command: x, args: [1, a]}}}]",
      "args that is not a list of strings: put a number"
    ),
    (
      "users: [{name: u, user: {exec: {command: x, env: [{name: A, value: 1}]}}}]",
      "exec.env.value that is a number"
    ),
    ("users: [{name: u, user: {as-groups: [true]}}]", "as-groups that is not a list of strings"),
    (
      #"clusters: [{name: c, cluster: {insecure-skip-tls-verify: "true"}}]"#,
      "insecure-skip-tls-verify that is neither true nor false, but a string"
    ),
    ("clusters: [{name: c, cluster: {disable-compression: 1}}]", "neither true nor false, but a number"),
  ]) func refusesWhatKubectlRefuses(_ text: String, _ words: String) {
    #expect {
      try KubeconfigParser(path: "/k").parse(Array(text.utf8))
    } throws: {
      "\($0)".contains(words) && "\($0)".contains("/k")
    }
  }

  @Test func acceptsQuotedDigitsAndNull() throws {
    let text = #"users: [{name: "12", user: {token: "12345", password: ~, username: !!str 7}}]"#
    let config = try KubeconfigParser(path: "/k").parse(Array(text.utf8))
    #expect(config.users["12"]?.token == "12345")
    #expect(config.users["12"]?.password == "")
    #expect(config.users["12"]?.username == "7")
  }

  /// kubectl reads the first document and silently ignores the others.
  @Test(arguments: [
    ("current-context: a\n---\ncurrent-context: b\n", true), ("---\ncurrent-context: a\n---\n", false),
    ("current-context: a\n...\ngarbage: [", true), ("current-context: a\n", false),
    ("current-context: a\n...\n# a comment\n", false),
  ]) func warnsOfFurtherDocuments(_ text: String, _ isWarned: Bool) throws {
    var warnings: [String] = []
    var loader = KubeconfigLoader(environment: { _ in nil }, read: { _ in Array(text.utf8) })
    loader.warn = { warnings.append($0) }
    #expect(try loader.load(explicit: "/k").currentContext == "a")
    #expect(warnings.count == (isWarned ? 1 : 0))
    #expect(warnings.allSatisfy { $0.contains("/k") })
  }
}
