// SPDX-License-Identifier: Apache-2.0

/// The path of values in a line: `object.data.*`, `metadata.annotations["x"]`, `items[0].token`.
///
/// Names are resolved as in an expression: `object`, `type`, `source` and paths after `self` start at the
/// line. Any other name starts at an event's object, or at a plain line.
package struct PathPattern: Sendable, Equatable {
  package enum Step: Sendable, Equatable {
    case key([UInt8])
    case index(Int)
    /// Every member or element.
    case all
  }

  /// Why a pattern is invalid.
  package struct SyntaxError: Error, Equatable, CustomStringConvertible {
    package var path: String
    /// From 1.
    package var column: Int
    package var expected: String
    package var description: String { "'\(path)': column \(column): expected \(expected)" }
  }

  /// As it was written.
  package let text: String
  /// Whether the path starts at the line, even for an event.
  package let isAbsolute: Bool
  /// At least one.
  package let steps: [Step]

  /// `allowsDashes`: Names may have dashes, as in `{trace-id}`. A flag that takes CEL, too, would subtract.
  package init(_ text: String, allowsDashes: Bool = false) throws(SyntaxError) {
    self.text = text
    var reader = Reader(text: text, characters: Array(text), allowsDashes: allowsDashes)
    let steps = try reader.steps()
    if case .key(let name) = steps.first,
      ["object", "type", "source", "self"].contains(where: { name == Array($0.utf8) })
    {
      isAbsolute = true
      self.steps = name == Array("self".utf8) ? Array(steps.dropFirst()) : steps
    } else {
      isAbsolute = false
      self.steps = steps
    }
    guard !self.steps.isEmpty else {
      throw SyntaxError(path: text, column: text.count + 1, expected: "'.' and a name")
    }
  }

  private struct Reader {
    let text: String
    let characters: [Character]
    let allowsDashes: Bool
    var position = 0

    var next: Character? { position < characters.count ? characters[position] : nil }

    func failure(_ expected: String) -> SyntaxError {
      SyntaxError(path: text, column: position + 1, expected: expected)
    }

    mutating func steps() throws(SyntaxError) -> [Step] {
      var steps = [next == "[" ? try bracket() : try name()]
      while let character = next {
        switch character {
        case ".":
          position += 1
          steps.append(try name())
        case "[": steps.append(try bracket())
        default: throw failure("'.' or '['")
        }
      }
      return steps
    }

    /// `name` or `*`.
    private mutating func name() throws(SyntaxError) -> Step {
      if next == "*" {
        position += 1
        return .all
      }
      var name = ""
      while let character = next, character.isASCII,
        character.isLetter || character.isNumber || character == "_" || allowsDashes && character == "-"
      {
        name.append(character)
        position += 1
      }
      guard let first = name.first, !first.isNumber, first != "-" else {
        position -= name.count
        throw failure("a name or '*'; other keys are written as [\"key\"]")
      }
      return .key(Array(name.utf8))
    }

    /// `["key"]`, `['key']`, `[0]` or `[*]`.
    private mutating func bracket() throws(SyntaxError) -> Step {
      position += 1
      let step: Step
      switch next {
      case "\"", "'": step = .key(try quoted())
      case "*":
        position += 1
        step = .all
      default:
        let digits = characters[position...].prefix { $0.isASCII && $0.isNumber }
        guard let index = Int(String(digits)) else { throw failure("a quoted key, an index or '*'") }
        position += digits.count
        step = .index(index)
      }
      guard next == "]" else { throw failure("']'") }
      position += 1
      return step
    }

    private mutating func quoted() throws(SyntaxError) -> [UInt8] {
      let quote = next
      position += 1
      var key = ""
      while let character = next, character != quote {
        position += 1
        if character == "\\" {
          guard let escaped = next, escaped == "\\" || escaped == quote else {
            throw failure("'\\' or the quote after '\\'")
          }
          key.append(escaped)
          position += 1
        } else {
          key.append(character)
        }
      }
      guard next != nil else { throw failure("the closing quote") }
      position += 1
      return Array(key.utf8)
    }
  }
}
