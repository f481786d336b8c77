// SPDX-License-Identifier: Apache-2.0

package import Events

/// A subject with placeholders: `pods.{metadata.namespace}.{metadata.name}`.
///
/// A placeholder's value becomes part of one token: dots and white space are replaced by `_`; wildcards and
/// an empty value are refused. `{path>}` takes a whole subject with its dots, as for the replay of dead
/// letters.
package struct SubjectTemplate: Sendable, Equatable {
  package enum Part: Sendable, Equatable {
    case literal(String)
    case field(PathPattern, name: String, isSubject: Bool)
  }

  package struct SyntaxError: Error, Equatable, CustomStringConvertible {
    package var description: String
  }

  package let parts: [Part]
  package let text: String

  /// - Throws: ``SyntaxError`` for unclosed braces, invalid paths, and wildcards.
  package init(_ text: String, allowsWildcards: Bool = false) throws(SyntaxError) {
    self.text = text
    var parts: [Part] = []
    var literal = ""
    var rest = text[...]
    while let character = rest.first {
      guard character == "{" else {
        guard character != "}" else {
          throw SyntaxError(description: "the subject '\(text)' has a } without a {")
        }
        literal.append(character)
        rest = rest.dropFirst()
        continue
      }
      guard let end = rest.firstIndex(of: "}") else {
        throw SyntaxError(description: "the subject '\(text)' has a { without a }")
      }
      var name = String(rest[rest.index(after: rest.startIndex)..<end])
      guard literal.last != "$" else {
        throw SyntaxError(description: "the subject '\(text)': a field has no $: write {\(name)}")
      }
      let isSubject = name.hasSuffix(">")
      if isSubject { name.removeLast() }
      guard let path = try? PathPattern(name, allowsDashes: true), path.isSingle else {
        throw SyntaxError(
          description: "the subject '\(text)': {\(name)} is not a field; write one as {metadata.name}")
      }
      if !literal.isEmpty { parts.append(.literal(literal)) }
      literal = ""
      parts.append(.field(path, name: name, isSubject: isSubject))
      rest = rest[rest.index(after: end)...]
    }
    if !literal.isEmpty { parts.append(.literal(literal)) }
    self.parts = parts
    guard let pattern = Self.pattern(parts) else {
      throw SyntaxError(description: "\"\(text)\" makes no NATS subject")
    }
    if !allowsWildcards {
      for case .literal(let literal) in parts where literal.contains("*") || literal.contains(">") {
        throw SyntaxError(description: "\"\(text)\": a subject to publish to has no wildcards")
      }
    }
    self.pattern = pattern
  }

  /// The pattern that matches all subjects made from this template.
  package let pattern: SubjectPattern

  package var isLiteral: Bool { parts.allSatisfy { if case .literal = $0 { true } else { false } } }

  private static func pattern(_ parts: [Part]) -> SubjectPattern? {
    var text = ""
    for part in parts {
      switch part {
      case .literal(let literal): text += literal
      case .field(_, _, let isSubject): text += isSubject ? "\u{1}" : "\u{2}"
      }
    }
    var tokens: [String] = []
    for token in text.split(separator: ".", omittingEmptySubsequences: false) {
      if token.contains("\u{1}") {
        tokens.append(">")
        break
      }
      tokens.append(token.contains("\u{2}") ? "*" : String(token))
    }
    return SubjectPattern(tokens.joined(separator: "."))
  }

  /// Fills in the values.
  ///
  /// - Parameter value: Returns a field's text, nil if it is missing.
  /// - Returns: The subject.
  /// - Throws: ``SyntaxError`` that names the field.
  package func subject(_ value: (PathPattern) -> [UInt8]?) throws(SyntaxError) -> String {
    var bytes: [UInt8] = []
    for part in parts {
      switch part {
      case .literal(let literal): bytes.append(contentsOf: literal.utf8)
      case .field(let path, let name, let isSubject):
        guard let text = value(path) else { throw SyntaxError(description: "field \(name) is missing") }
        if isSubject {
          guard let subject = SubjectPattern(String(decoding: text, as: UTF8.self)), !subject.hasWildcard
          else {
            throw SyntaxError(
              description: "field \(name) is not a subject: \"\(String(decoding: text, as: UTF8.self))\"")
          }
          bytes.append(contentsOf: text)
        } else {
          try Self.append(token: text, name: name, to: &bytes)
        }
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// Fills in values by name, for a subject to subscribe to: a placeholder without a value matches any token.
  ///
  /// - Parameter values: The values by the names in the braces.
  /// - Returns: The pattern.
  /// - Throws: ``SyntaxError`` for a value with a wildcard, and for a name that is not in the template.
  package func pattern(with values: [String: String]) throws(SyntaxError) -> SubjectPattern {
    var names: Set<String> = []
    var bytes: [UInt8] = []
    for part in parts {
      switch part {
      case .literal(let literal): bytes.append(contentsOf: literal.utf8)
      case .field(_, let name, let isSubject):
        names.insert(name)
        if let value = values[name] {
          try Self.append(token: Array(value.utf8), name: name, to: &bytes)
        } else {
          bytes.append(isSubject ? UInt8(ascii: ">") : UInt8(ascii: "*"))
        }
      }
    }
    if let unknown = values.keys.sorted().first(where: { !names.contains($0) }) {
      throw SyntaxError(description: "\"\(text)\" has no {\(unknown)}")
    }
    guard let pattern = SubjectPattern(String(decoding: bytes, as: UTF8.self)) else {
      throw SyntaxError(description: "\"\(text)\" makes no NATS subject")
    }
    return pattern
  }

  private static func append(token: [UInt8], name: String, to bytes: inout [UInt8]) throws(SyntaxError) {
    guard !token.isEmpty else { throw SyntaxError(description: "field \(name) is empty") }
    for byte in token {
      switch byte {
      case UInt8(ascii: "*"), UInt8(ascii: ">"):
        throw SyntaxError(
          description: "field \(name) holds a wildcard: \"\(String(decoding: token, as: UTF8.self))\"")
      case UInt8(ascii: "."), 0...0x20, 0x7f: bytes.append(UInt8(ascii: "_"))
      default: bytes.append(byte)
      }
    }
  }
}
