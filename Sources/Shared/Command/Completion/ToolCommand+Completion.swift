// SPDX-License-Identifier: Apache-2.0
internal import ArgumentParser

extension ToolCommand {
  /// The output of a run that a shell asked for its completion; `nil` for any other run.
  static func completionOutput(_ arguments: [String]) -> String? {
    guard arguments.count > 2 else { return nil }
    switch arguments[1] {
    case "--generate-completion-script":
      return CompletionScript.Shell(rawValue: arguments[2]).map { CompletionScript.text(for: $0, tool: tool) }
    case CompletionScript.request:
      guard arguments.count > 3, let shell = CompletionScript.Shell(rawValue: arguments[2]) else { return "" }
      let line = ShellWords(arguments[3])
      return CompletionReply.text(completer.complete(line), for: shell, isQuoted: line.isQuoted)
    default: return nil
    }
  }

  /// Adds the flag that was meant to an error about an unknown one, when a single flag begins with what was written.
  /// ArgumentParser suggests names that are spelled alike, not longer ones.
  static func withLongerFlag(_ text: String) -> String {
    let parts = text.split(separator: "'", omittingEmptySubsequences: false)
    guard parts.count == 3, parts[0] == "Unknown option ", parts[2].isEmpty else { return text }
    if let owner = completer.subcommands.first(where: { $0.flags.flag(parts[1]) != nil }) {
      return "\(text): it is an option of \(tool) \(owner.name)"
    }
    let tables = [completer.root] + completer.subcommands.map(\.flags)
    let names = Set(tables.flatMap(\.flags).flatMap(\.names).filter { $0.hasPrefix(parts[1]) })
    guard parts[1].count > 3, (1...4).contains(names.count) else { return text }
    return "\(text). Did you mean \(names.sorted().map { "'\($0)'" }.joined(separator: " or "))?"
  }

  private static var completer: Completer {
    let subcommands = configuration.subcommands.map { command in
      Completer.Command(
        name: command._commandName, summary: command.configuration.abstract,
        flags: FlagTable(help: helpMessage(for: command, columns: 10_000)))
    }
    return Completer(
      root: FlagTable(help: helpMessage(columns: 10_000)), subcommands: subcommands,
      implicit: configuration.defaultSubcommand?._commandName, values: { completions(for: $0) })
  }
}

/// The tool's response to its completion script.
enum CompletionReply {
  static func text(_ completion: Completion, for shell: CompletionScript.Shell, isQuoted: Bool) -> String {
    switch completion {
    case .files: return ":files\n"
    case .directories: return ":directories\n"
    case .command: return ":command\n"
    case .words(let words, let isPartial):
      let lines = words.map { word in
        let text = shell == .bash && !isQuoted ? escaped(word.text) : word.text
        return word.summary.isEmpty ? text : "\(text)\t\(word.summary)"
      }
      return ((isPartial ? [":partial"] : []) + lines).map { $0 + "\n" }.joined()
    }
  }

  /// bash inserts a word as it is; zsh and fish quote it themselves.
  private static func escaped(_ word: String) -> String {
    let special = Set(" \t'\"\\$`&;|<>()*?[]{}!#~")
    return word.reduce(into: "") { text, character in
      if special.contains(character) { text.append("\\") }
      text.append(character)
    }
  }
}
