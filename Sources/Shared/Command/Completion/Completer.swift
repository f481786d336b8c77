// SPDX-License-Identifier: Apache-2.0

/// Finds the completions at the cursor of a command line: flags, subcommands, and values that the tool
/// offers.
struct Completer: Sendable {
  /// A command and its flags. The root has the empty name.
  struct Command: Sendable {
    var name: String
    var summary: String
    var flags: FlagTable
  }

  var root: FlagTable
  var subcommands: [Command] = []
  /// The subcommand that is run when none is named.
  var implicit: String?
  /// The tool's own values.
  var values: @Sendable (CompletionRequest) -> Completion

  func complete(_ line: ShellWords) -> Completion {
    let words = line.words.dropFirst()
    let named = words.first.flatMap { first in subcommands.first { $0.name == first } }
    let command = named ?? subcommands.first { $0.name == implicit }
    let tables = [command?.flags, root].compactMap { $0 }
    var request = CompletionRequest(
      place: .operand(0), word: line.current, subcommand: command?.name, operands: [], flags: [:])

    var expecting: FlagTable.Flag?
    for word in words.dropFirst(named == nil ? 0 : 1) {
      if let flag = expecting {
        request.flags[flag.key, default: []].append(word)
        expecting = nil
      } else if request.isAfterDashes || !word.hasPrefix("-") || word == "-" {
        request.operands.append(word)
      } else if word == "--" {
        request.isAfterDashes = true
      } else {
        expecting = note(word, tables, &request)
      }
    }
    request.place = .operand(request.operands.count)

    if let flag = expecting { return value(of: flag, request, prefix: "") }
    if request.isAfterDashes { return values(request) }
    if line.current.hasPrefix("--"), let equals = line.current.firstIndex(of: "=") {
      let name = line.current[..<equals]
      guard let flag = tables.lazy.compactMap({ $0.flag(name) }).first else { return .nothing }
      request.word = String(line.current[line.current.index(after: equals)...])
      return value(of: flag, request, prefix: name + "=")
    }
    if line.current.hasPrefix("-") { return names(tables, request) }
    let own = values(request)
    guard words.isEmpty, !subcommands.isEmpty else { return own }
    let commands = request.matching(subcommands.map { Completion.Word($0.name, $0.summary) })
    guard case .words(let theirs, let isPartial) = own, case .words(let ours, _) = commands else {
      return commands
    }
    return .words(ours + theirs, isPartial: ours.isEmpty && isPartial)
  }

  /// Notes a flag before the cursor; returns it when its value is the next word.
  private func note(_ word: String, _ tables: [FlagTable], _ request: inout CompletionRequest) -> FlagTable
    .Flag?
  {
    let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    guard let flag = tables.lazy.compactMap({ $0.flag(parts[0]) }).first else { return nil }
    guard flag.value != nil else {
      request.flags[flag.key, default: []].append("")
      return nil
    }
    guard parts.count > 1 else { return flag }
    request.flags[flag.key, default: []].append(String(parts[1]))
    return nil
  }

  private func value(of flag: FlagTable.Flag, _ request: CompletionRequest, prefix: String) -> Completion {
    var request = request
    let name = flag.value ?? ""
    request.place = .value(of: flag.key, name: name)
    let choices = (name == "where" ? ["inline", "stderr"] : flag.choices).map { Completion.Word($0) }
    let own = choices.isEmpty ? values(request) : request.matching(choices)
    switch own {
    case .words(let words, _) where words.isEmpty:
      switch name.lowercased() {
      case "file", "where": return .files
      case "directory", "folder": return .directories
      default: return .nothing
      }
    case .words(let words, let isPartial):
      return .words(words.map { Completion.Word(prefix + $0.text, $0.summary) }, isPartial: isPartial)
    default: return own
    }
  }

  private func names(_ tables: [FlagTable], _ request: CompletionRequest) -> Completion {
    var seen: Set<String> = []
    let all = tables.flatMap(\.flags).filter { seen.insert($0.key).inserted }
    let words = all.flatMap { flag in
      flag.names.filter { $0.hasPrefix("--") || request.word == "-" }.map {
        Completion.Word($0, flag.summary)
      }
    }
    return request.matching(words)
  }
}

extension FlagTable.Flag {
  /// The longest name, by which a flag is known.
  var key: String { names.max { $0.count < $1.count } ?? "" }
}
