// SPDX-License-Identifier: Apache-2.0

/// `--upstream`: the arguments of a command, with places for what a request asks for.
///
/// `kwatch {resourceType} [-n {namespace}] [-l {labelSelector}]`: words are split at spaces, quotes keep them together, and
/// what stands in brackets is left out when one of its places has no value. No shell ever sees any of it: a value
/// becomes (part of) one argument, whatever is in it.
package struct UpstreamTemplate: Sendable, Equatable {
  struct Malformed: Error, Equatable, CustomStringConvertible { var description: String }
  struct Missing: Error, Equatable { var field: String }

  private enum Piece: Sendable, Equatable {
    case text(String)
    case field(String)
  }
  private typealias Word = [Piece]

  private struct Group: Sendable, Equatable {
    var isOptional: Bool
    var words: [[Piece]]
  }

  private var groups: [Group] = []

  package static func == (left: UpstreamTemplate, right: UpstreamTemplate) -> Bool {
    left.groups == right.groups
  }

  init(_ text: String) throws(Malformed) {
    var optional: Group?
    for (word, isQuoted) in try UpstreamTemplate.split(text) {
      var word = word
      var closes = false
      if !isQuoted {
        if word.hasPrefix("["), optional == nil {
          optional = Group(isOptional: true, words: [])
          word.removeFirst()
        }
        if optional != nil, word.hasSuffix("]") {
          closes = true
          word.removeLast()
        }
      }
      if !word.isEmpty || isQuoted {
        let pieces = try UpstreamTemplate.pieces(word)
        if optional != nil {
          optional?.words.append(pieces)
        } else {
          groups.append(Group(isOptional: false, words: [pieces]))
        }
      }
      if closes, let group = optional {
        groups.append(group)
        optional = nil
      }
    }
    if optional != nil { throw Malformed(description: "a bracket is not closed") }
    guard let command = groups.first, !command.isOptional, command.words.first?.count == 1,
      case .text = command.words[0][0]
    else { throw Malformed(description: "it has to begin with the name of a command") }
  }

  /// Whether it takes whose request it is.
  var usesIdentity: Bool {
    groups.contains { $0.words.contains { $0.contains(.field(ChannelRequest.identityField)) } }
  }

  /// - Throws: ``Missing`` when a place outside brackets has no value.
  func arguments(_ values: [String: String]) throws(Missing) -> [String] {
    var arguments: [String] = []
    for group in groups {
      do throws(Missing) {
        var filled: [String] = []
        for word in group.words { filled.append(try fill(word, values)) }
        arguments += filled
      } catch {
        if !group.isOptional { throw error }
      }
    }
    return arguments
  }

  private func fill(_ word: [Piece], _ values: [String: String]) throws(Missing) -> String {
    var text = ""
    for piece in word {
      switch piece {
      case .text(let part): text += part
      case .field(let name):
        guard let value = values[name], !value.isEmpty else { throw Missing(field: name) }
        text += value
      }
    }
    return text
  }

  private static func split(_ text: String) throws(Malformed) -> [(word: String, isQuoted: Bool)] {
    var words: [(word: String, isQuoted: Bool)] = []
    var word = ""
    var isInWord = false
    var wasQuoted = false
    var quote: Character?
    for character in text {
      if let open = quote {
        if character == open { quote = nil } else { word.append(character) }
      } else if character == "'" || character == "\"" {
        quote = character
        isInWord = true
        wasQuoted = true
      } else if character == " " || character == "\t" || character == "\n" {
        if isInWord { words.append((word, wasQuoted)) }
        (word, isInWord, wasQuoted) = ("", false, false)
      } else {
        word.append(character)
        isInWord = true
      }
    }
    if quote != nil { throw Malformed(description: "a quote is not closed") }
    if isInWord { words.append((word, wasQuoted)) }
    return words
  }

  private static func pieces(_ word: String) throws(Malformed) -> [Piece] {
    var pieces: [Piece] = []
    var text = ""
    var rest = word[...]
    while let character = rest.first {
      guard character == "{", let close = rest.firstIndex(of: "}") else {
        text.append(character)
        rest.removeFirst()
        continue
      }
      let name = String(rest[rest.index(after: rest.startIndex)..<close])
      let fields = ChannelRequest.fields + [ChannelRequest.identityField]
      guard fields.contains(name) else {
        throw Malformed(
          description: "{\(name)} is not known; there are {\(fields.joined(separator: "}, {"))}")
      }
      if !text.isEmpty { pieces.append(.text(text)) }
      text = ""
      pieces.append(.field(name))
      rest = rest[rest.index(after: close)...]
    }
    if !text.isEmpty || pieces.isEmpty { pieces.append(.text(text)) }
    return pieces
  }
}
