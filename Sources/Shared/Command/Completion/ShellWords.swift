// SPDX-License-Identifier: Apache-2.0

/// A command line up to the cursor, split into words as a POSIX shell does: quotes and backslashes are removed.
struct ShellWords: Equatable {
  /// The words before the one at the cursor, the command's name included.
  var words: [String] = []
  /// The word at the cursor, as far as it has been typed; empty after a blank.
  var current = ""
  /// Whether the word at the cursor is inside quotes.
  var isQuoted = false

  init(_ line: String) {
    var quote: Character?
    var isEscaped = false
    var hasWord = false
    for character in line {
      if isEscaped {
        isEscaped = false
        current.append(character)
      } else if let open = quote {
        switch character {
        case open: quote = nil
        case "\\" where open == "\"": isEscaped = true
        default: current.append(character)
        }
      } else {
        switch character {
        case "\\":
          isEscaped = true
          hasWord = true
        case "'", "\"":
          quote = character
          hasWord = true
        case " ", "\t", "\n":
          if hasWord { words.append(current) }
          current = ""
          hasWord = false
        default:
          current.append(character)
          hasWord = true
        }
      }
    }
    isQuoted = quote != nil
  }
}
