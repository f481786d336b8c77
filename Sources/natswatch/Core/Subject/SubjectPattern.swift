// SPDX-License-Identifier: Apache-2.0

/// A NATS subject with or without wildcards: tokens between dots, `*` for one token, `>` for one or more at the end.
package struct SubjectPattern: Sendable, Equatable, CustomStringConvertible {
  package let tokens: [String]

  /// Nil if `text` is not a valid subject: empty tokens, spaces, control characters, `>` before the end.
  package init?(_ text: String) {
    let tokens = text.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
    for (index, token) in tokens.enumerated() {
      guard !token.isEmpty, !token.utf8.contains(where: { $0 <= 0x20 || $0 == 0x7f }) else { return nil }
      if token == ">", index != tokens.count - 1 { return nil }
    }
    self.tokens = tokens
  }

  /// Whether `text` can be the name of a stream or a consumer, which is one token of the API's subjects.
  package static func isName(_ text: String) -> Bool {
    guard let pattern = SubjectPattern(text), pattern.tokens.count == 1 else { return false }
    return !text.utf8.contains {
      [UInt8(ascii: "*"), UInt8(ascii: ">"), UInt8(ascii: "/"), UInt8(ascii: "\\")].contains($0)
    }
  }

  private init(tokens: [String]) { self.tokens = tokens }

  package var description: String { tokens.joined(separator: ".") }
  package var hasWildcard: Bool { tokens.contains { $0 == "*" || $0 == ">" } }

  /// Whether this pattern matches every subject that `other` matches.
  package func covers(_ other: SubjectPattern) -> Bool {
    for (index, token) in tokens.enumerated() {
      if token == ">" { return other.tokens.count > index }
      guard index < other.tokens.count else { return false }
      let theirs = other.tokens[index]
      if theirs == ">" { return false }
      if token != "*", token != theirs { return false }
    }
    return tokens.count == other.tokens.count
  }

  /// Whether both patterns match a common subject.
  package func overlaps(_ other: SubjectPattern) -> Bool {
    var index = 0
    while index < tokens.count, index < other.tokens.count {
      let mine = tokens[index]
      let theirs = other.tokens[index]
      if mine == ">" || theirs == ">" { return true }
      if mine != "*", theirs != "*", mine != theirs { return false }
      index += 1
    }
    return tokens.count == other.tokens.count
  }

  /// Whether the pattern matches `subject`, given as bytes. Allocates nothing.
  package func matches(_ subject: UnsafeBufferPointer<UInt8>) -> Bool {
    var position = 0
    for token in tokens {
      guard position <= subject.count else { return false }
      if token == ">" { return position < subject.count }
      var end = position
      while end < subject.count, unsafe subject[end] != UInt8(ascii: ".") { end += 1 }
      if token != "*" {
        guard unsafe subject[position..<end].elementsEqual(token.utf8) else { return false }
      } else if end == position {
        return false
      }
      position = end + 1
    }
    return position == subject.count + 1
  }

  /// The narrowest single pattern that covers all of `patterns`.
  package static func hull(of patterns: [SubjectPattern]) -> SubjectPattern {
    guard var tokens = patterns.first?.tokens else { return SubjectPattern(tokens: [">"]) }
    for other in patterns.dropFirst() {
      var joined: [String] = []
      var index = 0
      while index < tokens.count, index < other.tokens.count {
        let mine = tokens[index]
        let theirs = other.tokens[index]
        if mine == ">" || theirs == ">" { break }
        joined.append(mine == theirs ? mine : "*")
        index += 1
      }
      if index < tokens.count || index < other.tokens.count {
        // `>` needs at least one token: when one is shorter, its last token goes into the `>`.
        if index == tokens.count || index == other.tokens.count { joined.removeLast() }
        joined.append(">")
      }
      tokens = joined
    }
    return SubjectPattern(tokens: tokens)
  }

  /// The patterns without those that another one covers: a server refuses overlapping filters.
  package static func withoutCovered(_ patterns: [SubjectPattern]) -> [SubjectPattern] {
    var kept: [SubjectPattern] = []
    for pattern in patterns where !kept.contains(where: { $0.covers(pattern) }) {
      kept.removeAll { pattern.covers($0) }
      kept.append(pattern)
    }
    return kept
  }
}
