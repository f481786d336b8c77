// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(5))) struct ManualTests {
  private struct Help: Decodable {
    struct Command: Decodable { var arguments: [Argument]? }
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

  @Test func namesEveryFlagAndNoOther() throws {
    let dump = try Tool.run("wfilter", ["--experimental-dump-help"])
    let help = try JSONDecoder().decode(Help.self, from: Data(dump.output.utf8))
    var flags: Set<String> = ["--help", "-h", "--version"]
    for argument in help.command.arguments ?? [] where argument.kind != "positional" {
      for name in argument.names ?? [] { flags.insert((name.kind == "long" ? "--" : "-") + name.name) }
    }
    let page = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appending(path: "man/wfilter.1")
    var documented: Set<String> = []
    for line in try String(contentsOf: page, encoding: .utf8).split(separator: "\n")
    where line.hasPrefix(".It Fl") {
      for entry in line.dropFirst(4).components(separatedBy: " , ") {
        let words = entry.split(separator: " ")
        documented.insert(words.starts(with: ["Fl", "Fl"]) ? "--\(words[2])" : "-\(words[1])")
      }
    }
    #expect(documented == flags)
  }
}
