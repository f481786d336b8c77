// SPDX-License-Identifier: Apache-2.0
package import Foundation

/// The repository from which the tests were built. Its documents are compared with the tools.
package enum Repository {
  package static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

  package static func text(_ path: String) throws -> String {
    try String(contentsOf: root.appending(path: path), encoding: .utf8)
  }
}

/// The sets of flags in a tool's command line and in its manual page.
package enum Manual {
  /// The flags in which a tool and its manual page differ: in the help but not documented, or documented but
  /// unknown. A hidden flag may be documented.
  package static func differences(of tool: String) throws -> Set<String> {
    let documented = try documentedFlags(of: tool)
    let undocumented = try flags(of: tool).subtracting(documented)
    return try undocumented.union(documented.subtracting(flags(of: tool, withHidden: true)))
  }

  /// The flags of a tool, including those of its subcommands: `--timeout`, `-j`.
  package static func flags(of tool: String, withHidden: Bool = false) throws -> Set<String> {
    struct Dump: Decodable {
      struct Command: Decodable {
        var arguments: [Argument]?
        var subcommands: [Command]?
      }
      struct Argument: Decodable {
        var names: [Name]?
        var shouldDisplay: Bool?
      }
      struct Name: Decodable {
        var kind: String
        var name: String
      }
      var command: Command
    }
    func flags(_ command: Dump.Command) -> Set<String> {
      let shown = (command.arguments ?? []).filter { withHidden || $0.shouldDisplay ?? true }
      let names: [Dump.Name] = shown.flatMap { $0.names ?? [] }
      // ArgumentParser also accepts -help, which no page documents.
      let own: [String] = names.filter { $0.kind != "longWithSingleDash" }
        .map { ($0.kind == "long" ? "--" : "-") + $0.name }
      return (command.subcommands ?? []).reduce(Set(own)) { $0.union(flags($1)) }
    }
    let help = try Tool.run(tool, ["--experimental-dump-help"])
    let dump = try JSONDecoder().decode(Dump.self, from: Data(help.output.utf8))
    return flags(dump.command).union(["--help", "-h", "--version"])
  }

  /// The flags that `man/TOOL.1` describes: the words after `Fl` in its `.It Fl` lines.
  private static func documentedFlags(of tool: String) throws -> Set<String> {
    var documented: Set<String> = []
    for line in try Repository.text("man/\(tool).1").split(separator: "\n") where line.hasPrefix(".It Fl") {
      let words = line.split(separator: " ")
      var index = 1
      while let flag = words[index...].firstIndex(of: "Fl"), flag + 1 < words.endIndex {
        // A long flag is written as `Fl -name` or `Fl Fl name`.
        let isDouble = words[flag + 1] == "Fl" && flag + 2 < words.endIndex
        documented.insert(isDouble ? "--\(words[flag + 2])" : "-\(words[flag + 1])")
        index = flag + (isDouble ? 3 : 2)
      }
    }
    return documented
  }
}
