// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import CEL

/// Users read the messages, so the whole text is compared.
@Suite struct CompileErrorTests {
  static let environment = Environment(
    variables: [
      Variable("object", .dyn), Variable("name", .string), Variable("labels", .map(.string, .string)),
    ],
    libraries: StandardLibraries.all)

  struct Row: Sendable, CustomTestStringConvertible {
    let source: String
    let text: String
    var testDescription: String { source }
  }

  static let rows = [
    Row(
      source: "objcet.status",
      text: """
        1:1: undeclared reference to 'objcet', did you mean 'object'?
        objcet.status
        ^
        """),
    Row(
      source: "name.startWith('a')",
      text: """
        1:6: undeclared function 'startWith', did you mean 'startsWith'?
        name.startWith('a')
             ^
        """),
    Row(
      source: "name = 'a'",
      text: """
        1:6: unexpected '=', did you mean '=='?
        name = 'a'
             ^
        """),
    Row(
      source: "name == 'a' and name == 'b'",
      text: """
        1:13: expected an operator or the end, found 'and', did you mean '&&'?
        name == 'a' and name == 'b'
                    ^
        """),
    Row(
      source: "name in ('a', 'b')",
      text: """
        1:13: expected ')' (a list is written as [a, b]), found ','
        name in ('a', 'b')
                    ^
        """),
    Row(
      source: "not name",
      text: """
        1:5: expected an operator or the end, found 'name', did you mean '!'?
        not name
            ^
        """),
    Row(
      source: "name =~ 'a'",
      text: """
        1:6: unexpected '=~', did you mean '.matches('?
        name =~ 'a'
             ^
        """),
    Row(
      source: "name == “a”",
      text: """
        1:9: unexpected '“', did you mean '"'?
        name == “a”
                ^
        """),
    Row(
      source: "len(name) > 1",
      text: """
        1:1: undeclared function 'len', did you mean 'size'?
        len(name) > 1
        ^
        """),
    Row(
      source: "name ==\n  (1 + 2",
      text: """
        2:9: expected ')', found the end of the expression
          (1 + 2
                ^
        """),
    Row(
      source: "name == 1",
      text: """
        1:6: no matching overload: string == int
        name == 1
             ^
        """),
    Row(
      source: "'🐱' + name.size()",
      text: """
        1:5: no matching overload: string + int: convert it with string(x)
        '🐱' + name.size()
            ^
        """),
    Row(
      source: "labels.all(l)",
      text: """
        1:8: all() takes 2 or 3 arguments, as in list.all(x, x > 1), not 1
        labels.all(l)
               ^
        """),
    Row(
      source: "has(name)",
      text: """
        1:5: has() takes a selection such as has(a.b)
        has(name)
            ^
        """),
    Row(
      source: "name.contains('a', 'b')",
      text: """
        1:6: contains() takes 1 argument, not 2
        name.contains('a', 'b')
             ^
        """),
    Row(
      source: "contains(name)",
      text: """
        1:1: contains is called on a value: x.contains(…)
        contains(name)
        ^
        """),
    Row(
      source: "name.phase == 'x'",
      text: """
        1:5: type 'string' has no members: '.phase' cannot be selected
        name.phase == 'x'
            ^
        """),
    Row(
      source: "name.map(c, c)",
      text: """
        1:1: a macro such as map() or all() needs a list or a map, not 'string'
        name.map(c, c)
        ^
        """),
    Row(
      source: "object.if.x && let",
      text: """
        1:16: 'let' is a reserved word and cannot be a name: write cel.bind(name, value, expression)
        object.if.x && let
                       ^
        """),
    Row(
      source: "name.matches('[')",
      text: """
        1:14: error parsing regexp: missing ]: [
        name.matches('[')
                     ^
        """),
    Row(
      source: "duration('5 m') > duration('1s')",
      text: """
        1:10: conversion failed: '5 m' is not a duration such as 1h30m, 45s or 100ms
        duration('5 m') > duration('1s')
                 ^
        """),
    Row(
      source: "{1.5: 2}",
      text: """
        1:2: a map key must be an int, uint, bool or string, not 'double'
        {1.5: 2}
         ^
        """),
  ]

  @Test(arguments: rows) func namesThePlaceAndTheReason(_ row: Row) {
    guard case .refused(let error) = Evaluate.outcome(row.source, in: Self.environment) else {
      Issue.record("accepted")
      return
    }
    #expect(error.description == row.text)
  }

  @Test func cutsLongLinesAndKeepsControlCharactersOut() throws {
    let source = String(repeating: "a", count: 500) + " \u{1B}[31m"
    guard case .refused(let error) = Evaluate.outcome("'" + source + "' + 1", in: Self.environment) else {
      Issue.record("accepted")
      return
    }
    let lines = error.caretText.split(separator: "\n", omittingEmptySubsequences: false)
    #expect(lines.count == 2)
    #expect(lines[0].unicodeScalars.count < 130)
    #expect(!error.caretText.unicodeScalars.contains("\u{1B}"))
  }

  @Test func countsColumnsInCodePoints() {
    guard case .refused(let error) = Evaluate.outcome("'e\u{301}é' +% 1", in: Self.environment) else {
      Issue.record("accepted")
      return
    }
    #expect(error.column == 8)
  }
}
