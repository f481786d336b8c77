// SPDX-License-Identifier: Apache-2.0

/// The completions at the cursor.
package enum Completion: Equatable, Sendable {
  case files
  case directories
  /// Another command and its arguments.
  case command
  /// One of these words; with `isPartial` no blank follows, since the word continues.
  case words([Word], isPartial: Bool = false)

  package static let nothing = Completion.words([])

  package struct Word: Equatable, Sendable {
    package var text: String
    package var summary: String

    package init(_ text: String, _ summary: String = "") {
      self.text = text
      self.summary = summary
    }
  }
}

/// The place at the cursor, for a tool that knows its values.
package struct CompletionRequest: Equatable, Sendable {
  package enum Place: Equatable, Sendable {
    /// The operand with this index; the subcommand does not count.
    case operand(Int)
    /// The value of a flag, by the flag's longest name and the value's name in the help text.
    case value(of: String, name: String)
  }

  package var place: Place
  /// The part of the word that has been typed.
  package var word: String
  package var subcommand: String?
  package var operands: [String]
  /// Whether there is a `--` before the cursor.
  package var isAfterDashes = false
  /// The flags before the cursor, by their longest names, and their values ("" for a flag without one).
  package var flags: [String: [String]]

  /// The words that begin with what has been typed, after its last comma if the place takes a list.
  package func matching(_ words: [Completion.Word], separator: Character? = nil) -> Completion {
    let head = separator.flatMap { word.lastIndex(of: $0) }.map { String(word[...$0]) } ?? ""
    let last = word.dropFirst(head.count)
    return .words(
      words.filter { $0.text.hasPrefix(last) }.map { Completion.Word(head + $0.text, $0.summary) })
  }
}
