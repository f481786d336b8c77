// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport
import Testing

/// The manual page and the command line say the same.
@Suite struct ManualTests {
  private struct Dump: Decodable {
    struct Argument: Decodable {
      struct Name: Decodable {
        var kind: String
        var name: String
      }
      var kind: String
      var names: [Name]?
    }
    struct Command: Decodable { var arguments: [Argument]? }
    var command: Command
  }

  @Test func nameEveryFlag() throws {
    let help = try Tool.run("kwatch", ["--experimental-dump-help"])
    let dump = try JSONDecoder().decode(Dump.self, from: Data(help.output.utf8))
    var flags: Set<String> = []
    for argument in dump.command.arguments ?? [] {
      for name in argument.names ?? [] { flags.insert(name.kind == "long" ? "-\(name.name)" : name.name) }
    }
    #expect(flags.count > 30)
    let page = try String(
      contentsOf: Wire.folder.deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()
        .appending(path: "man/kwatch.1"), encoding: .utf8)
    var documented: Set<String> = []
    for line in page.split(separator: "\n") where line.hasPrefix(".It Fl ") {
      let words = line.split(separator: " ")
      for (index, word) in words.enumerated() where word == "Fl" && index + 1 < words.count {
        documented.insert(String(words[index + 1]))
      }
    }
    #expect(documented.subtracting(flags).isEmpty)
    #expect(flags.subtracting(documented).isEmpty)
  }
}
