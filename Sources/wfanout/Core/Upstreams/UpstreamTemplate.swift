// SPDX-License-Identifier: Apache-2.0

/// `--upstream`: the arguments of a command, with placeholders for the fields of a request.
///
/// `kwatch {resourceType} [-n {namespace}|-A] [-l {labelSelector}]`: words are split at spaces, and quotes keep them together.
/// Brackets hold choices, separated by `|`: the first one whose placeholders all have a value is used, or
/// none of them.
/// `{{` and `}}` are literal braces. No shell is involved: a value becomes (part of) one argument, whatever is in it.
package struct UpstreamTemplate: Sendable, Equatable {
  struct TemplateError: Error, Equatable, CustomStringConvertible { var description: String }
  struct MissingFieldError: Error, Equatable { var field: String }

  private enum Piece: Sendable, Equatable {
    case text(String)
    case field(String)
  }
  private typealias Word = [Piece]

  private struct Group: Sendable, Equatable {
    var isOptional: Bool
    var choices: [[Word]]
  }

  private var groups: [Group] = []

  /// Words that a shell would not pass to a command as arguments.
  private static let shellOperators: Set = ["|", "||", "&&", "&", ";", ">", ">>", "<", "2>&1"]

  /// The names of the placeholders.
  private(set) var fields: Set<String> = []

  init(_ text: String) throws(TemplateError) {
    var choices: [[Word]]?
    for var word in try UpstreamTemplate.split(text) {
      var closes = false
      if !word.startsQuoted, word.text.hasPrefix("["), choices == nil {
        choices = [[]]
        word.text.removeFirst()
      }
      if choices != nil, !word.endsQuoted, word.text.hasSuffix("]") {
        closes = true
        word.text.removeLast()
      }
      if var open = choices {
        let parts =
          word.isQuoted ? [word.text[...]] : word.text.split(separator: "|", omittingEmptySubsequences: false)
        for (index, part) in parts.enumerated() {
          if index > 0 { open.append([]) }
          if !part.isEmpty || word.isQuoted { open[open.count - 1].append(try pieces(part)) }
        }
        choices = open
      } else {
        if !word.isQuoted { try Self.checkForShell(word.text) }
        groups.append(Group(isOptional: false, choices: [[try pieces(word.text[...])]]))
      }
      if closes, let closed = choices {
        groups.append(Group(isOptional: true, choices: closed))
        choices = nil
      }
    }
    if choices != nil { throw TemplateError(description: "a bracket is not closed") }
    guard command != nil else {
      throw TemplateError(description: "it must start with the name of a command")
    }
  }

  /// Refuses what only a shell replaces. A value in quotes may contain it.
  private static func checkForShell(_ word: String) throws(TemplateError) {
    if shellOperators.contains(word) {
      throw TemplateError(
        description:
          "'\(word)' would be an argument of the command, because no shell is used; put the command line into a script"
      )
    }
    if let match = word.wholeMatch(of: /\$\{?([A-Za-z_]+)\}?/) {
      let name = String(match.1)
      throw TemplateError(
        description: ChannelRequest.placeholders.contains(name)
          ? "'\(word)': write {\(name)}" : "'\(word)': no shell is used, so variables are not replaced")
    }
  }

  /// The command's name or path; nil only while the template is being read.
  var command: String? {
    guard let first = groups.first, !first.isOptional, first.choices[0][0].count == 1,
      case .text(let name) = first.choices[0][0][0], !name.isEmpty
    else { return nil }
    return name
  }

  /// - Throws: ``MissingFieldError`` when a placeholder outside brackets has no value.
  func arguments(_ values: [String: String]) throws(MissingFieldError) -> [String] {
    var arguments: [String] = []
    for group in groups {
      var missing: MissingFieldError?
      for choice in group.choices {
        do throws(MissingFieldError) {
          var filled: [String] = []
          for word in choice { filled.append(try fill(word, values)) }
          arguments += filled
          missing = nil
          break
        } catch {
          missing = error
        }
      }
      if let missing, !group.isOptional { throw missing }
    }
    return arguments
  }

  private func fill(_ word: Word, _ values: [String: String]) throws(MissingFieldError) -> String {
    var text = ""
    for piece in word {
      switch piece {
      case .text(let part): text += part
      case .field(let name):
        guard let value = values[name], !value.isEmpty else { throw MissingFieldError(field: name) }
        text += value
      }
    }
    return text
  }

  /// A word of the template without its quotes.
  private struct RawWord {
    var text = ""
    var isQuoted = false
    /// Whether its first and its last character were in quotes: only a bare bracket is a bracket.
    var startsQuoted = false
    var endsQuoted = false

    mutating func append(_ character: Character, isQuoted: Bool) {
      if text.isEmpty { startsQuoted = isQuoted }
      endsQuoted = isQuoted
      text.append(character)
    }
  }

  private static func split(_ text: String) throws(TemplateError) -> [RawWord] {
    var words: [RawWord] = []
    var word: RawWord?
    var quote: Character?
    for character in text {
      if let open = quote {
        if character == open { quote = nil } else { word?.append(character, isQuoted: true) }
      } else if character == "'" || character == "\"" {
        quote = character
        if word == nil { word = RawWord() }
        word?.isQuoted = true
      } else if character == " " || character == "\t" || character.isNewline {
        if let word { words.append(word) }
        word = nil
      } else {
        if word == nil { word = RawWord() }
        word?.append(character, isQuoted: false)
      }
    }
    if quote != nil { throw TemplateError(description: "a quote is not closed") }
    if let word { words.append(word) }
    return words
  }

  private mutating func pieces(_ word: Substring) throws(TemplateError) -> Word {
    var pieces: Word = []
    var text = ""
    var rest = word
    while let character = rest.first {
      if rest.hasPrefix("{{") || rest.hasPrefix("}}") {
        text.append(character)
        rest.removeFirst(2)
        continue
      }
      guard character == "{" || character == "}" else {
        text.append(character)
        rest.removeFirst()
        continue
      }
      guard character == "{", let close = rest.firstIndex(of: "}") else {
        throw TemplateError(
          description: character == "{"
            ? "'\(word)' has a { without a }; write {{ for a literal brace"
            : "'\(word)' has a } without a {; write }} for a literal brace")
      }
      let name = String(rest[rest.index(after: rest.startIndex)..<close])
      guard ChannelRequest.placeholders.contains(name) else {
        throw TemplateError(
          description:
            "unknown placeholder {\(name)}; the placeholders are {\(ChannelRequest.placeholders.joined(separator: "}, {"))}, and "
            + "{{ and }} for literal braces")
      }
      if !text.isEmpty { pieces.append(.text(text)) }
      text = ""
      pieces.append(.field(name))
      fields.insert(name)
      rest = rest[rest.index(after: close)...]
    }
    if !text.isEmpty || pieces.isEmpty { pieces.append(.text(text)) }
    return pieces
  }
}
