// SPDX-License-Identifier: Apache-2.0

/// The flags of a command, read from its help text, so that help and completion cannot differ.
///
/// ArgumentParser has no other public list of flags. Its help is laid out for one wide line per flag:
///
///     -n, --namespace <name>  Watch this namespace. (default: the context's)
struct FlagTable: Sendable {
  struct Flag: Equatable, Sendable {
    /// All spellings, with their dashes.
    var names: [String]
    /// The value's name between `<` and `>`; `nil` when the flag takes no value.
    var value: String?
    var summary: String
    /// The values to choose from, if the help lists them.
    var choices: [String]
  }

  private(set) var flags: [Flag] = []

  init(help: String) {
    for line in help.split(separator: "\n", omittingEmptySubsequences: false) {
      let text = line.drop { $0 == " " }
      let indentation = line.count - text.count
      if indentation == 2, text.hasPrefix("-") {
        flags.append(Self.flag(String(text)))
      } else if indentation > 20, !text.isEmpty, let last = flags.indices.last, flags[last].summary.isEmpty {
        // A label that is longer than its column has its summary on the next line.
        flags[last] = Self.described(flags[last], String(text))
      }
    }
  }

  /// The flag with this spelling.
  func flag(_ name: some StringProtocol) -> Flag? { flags.first { $0.names.contains(String(name)) } }

  private static func flag(_ text: String) -> Flag {
    var names: [String] = []
    var value: String?
    var rest = text[...]
    while let first = rest.first, first == "-" || first == "<" {
      if first == "<" {
        guard let end = rest.firstIndex(of: ">") else { break }
        value = String(rest[rest.index(after: rest.startIndex)..<end])
        rest = rest[rest.index(after: end)...]
      } else {
        let name = rest.prefix { $0 != " " && $0 != "," }
        names.append(String(name))
        rest = rest.dropFirst(name.count)
      }
      let separator = rest.prefix { $0 == " " || $0 == "," }
      rest = rest.dropFirst(separator.count)
      // Two spaces begin the summary, which may itself begin with a dash.
      if separator.count > 1, !separator.hasPrefix(",") { break }
    }
    let flag = Flag(names: names, value: value, summary: "", choices: choices(inValueName: value ?? ""))
    return rest.isEmpty ? flag : described(flag, String(rest))
  }

  private static func described(_ flag: Flag, _ summary: String) -> Flag {
    var flag = flag
    flag.summary = summary
    if flag.choices.isEmpty, flag.value != nil { flag.choices = choices(inSummary: summary) }
    return flag
  }

  /// `<pass|match|drop>`; in `<duration|never>` the first is not a word to type.
  private static func choices(inValueName name: String) -> [String] {
    guard name.contains("|") else { return [] }
    return name.split(separator: "|").map(String.init).filter { word in
      word != "duration" && word.allSatisfy { $0.isLowercase || $0.isNumber || $0 == "-" }
    }
  }

  /// `(values: relist, error, exit; default: relist)`, as ArgumentParser describes an enum.
  private static func choices(inSummary summary: String) -> [String] {
    let opening = "(values: "
    let starts = summary.indices.filter { summary[$0...].hasPrefix(opening) }
    guard let start = starts.first else { return [] }
    let list = summary[start...].dropFirst(opening.count).prefix { $0 != ";" && $0 != ")" }
    return list.split(separator: ",").map { String($0.drop { $0 == " " }) }
  }
}
