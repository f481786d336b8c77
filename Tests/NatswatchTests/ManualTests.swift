// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(1))) struct ManualTests {
  private struct Help: Decodable {
    struct Command: Decodable {
      var arguments: [Argument]?
      var subcommands: [Command]?
    }
    struct Argument: Decodable {
      var kind: String
      var names: [Name]?
    }
    struct Name: Decodable {
      var kind: String
      var name: String
    }
    var command: Command
  }

  private func flags(of command: Help.Command) -> Set<String> {
    var flags: Set<String> = []
    for argument in command.arguments ?? [] where argument.kind != "positional" {
      for name in argument.names ?? [] where name.kind != "longWithSingleDash" {
        flags.insert((name.kind == "long" ? "--" : "-") + name.name)
      }
    }
    return (command.subcommands ?? []).reduce(flags) { $0.union(self.flags(of: $1)) }
  }

  @Test func namesEveryFlagAndNoOther() throws {
    let dump = try Tool.run("natswatch", ["--experimental-dump-help"])
    let help = try JSONDecoder().decode(Help.self, from: Data(dump.output.utf8))
    let page = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appending(path: "man/natswatch.1")
    var documented: Set<String> = []
    for line in try String(contentsOf: page, encoding: .utf8).split(separator: "\n")
    where line.hasPrefix(".It Fl") {
      let words = line.split(separator: " ")
      for (word, next) in zip(words, words.dropFirst()) where word == "Fl" { documented.insert("-\(next)") }
    }
    let known = flags(of: help.command).union(["--help", "-h", "--version"])
    #expect(documented.symmetricDifference(known).isEmpty)
  }
}
