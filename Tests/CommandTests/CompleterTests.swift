// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import Command

/// The completions that are offered at the end of a command line.
struct CompleterTests {
  /// A tool with an implicit `tail`, with known contexts, and with a file as its second operand.
  static let tailHelp = [
    "  --since-seq <n>  Start after it.", "  --since <duration>  Start at a time.",
    "  -f, --file <file>  Read it.",
    "  --on-gone <relist|exit>  What to do.", "  --context <name>  Where.",
    "  --status <where>  Report.", "  --poll <duration|never>  List.", "  --prune <path>  Remove.",
  ].joined(separator: "\n")

  static let completer = Completer(
    root: FlagTable(help: "  --version  Show the version."),
    subcommands: [
      .init(name: "tail", summary: "Read.", flags: FlagTable(help: tailHelp)),
      .init(name: "work", summary: "Handle.", flags: FlagTable(help: "  --durable <name>  The consumer.")),
    ],
    implicit: "tail",
    values: { request in
      switch request.place {
      case .value(of: "--context", _): request.matching([.init("prod"), .init("test")])
      case .value: .nothing
      case .operand where request.subcommand == "work" && request.isAfterDashes: .command
      case .operand(0): request.matching([.init("orders"), .init("pods"), .init("people")], separator: ",")
      case .operand: .files
      }
    })

  private func words(_ line: String) -> [String]? {
    guard case .words(let words, _) = Self.completer.complete(ShellWords(line)) else { return nil }
    return words.map(\.text)
  }

  struct Case: Sendable, CustomTestStringConvertible {
    var line: String
    var expected: [String]
    var testDescription: String { line }
    init(_ line: String, _ expected: String...) {
      self.line = line
      self.expected = expected
    }
  }

  @Test(arguments: [
    Case("x --since", "--since-seq", "--since"),
    Case("x tail --since", "--since-seq", "--since"),
    Case("x orders --on-gone ", "relist", "exit"),
    Case("x orders --on-gone=re", "--on-gone=relist"),
    Case("x orders --status ", "inline", "stderr"),
    Case("x orders --poll ", "never"),
    Case("x orders --prune "),
    Case("x --ver", "--version"),
    Case("x work --", "--durable", "--version"),
    Case("x w", "work"),
    Case("x o", "orders"),
    Case("x ", "tail", "work", "orders", "pods", "people"),
    Case("x pods,p", "pods,pods", "pods,people"),
    Case("x --context pr", "prod"),
    Case("x --context=pr", "--context=prod"),
    Case("x --since-seq "),
    Case("x --unknown="),
    Case("x -- --since"),
  ]) func offers(_ one: Case) {
    #expect(words(one.line) == one.expected)
  }

  @Test func offersFilesWhereAFileBelongs() {
    #expect(Self.completer.complete(ShellWords("x -f ev")) == .files)
    #expect(Self.completer.complete(ShellWords("x --file=ev")) == .files)
    #expect(Self.completer.complete(ShellWords("x orders ev")) == .files)
  }

  @Test func offersCommandsAfterTheDashes() {
    #expect(Self.completer.complete(ShellWords("x work orders -- ca")) == .command)
  }
}
