// SPDX-License-Identifier: Apache-2.0

/// A token of the source text.
struct Token: Sendable {
  enum Kind: Sendable, Equatable {
    case end
    case identifier
    /// A name between backticks; `text` does not include them.
    case quotedIdentifier
    case int(Int64)
    /// 9223372036854775808, which is valid only after a minus.
    case intMinimumMagnitude
    case uint(UInt64)
    case double(Double)
    case string(String)
    case bytes([UInt8])
    case symbol(Symbol)
  }

  enum Symbol: String, Sendable {
    case dot = "."
    case comma = ","
    case colon = ":"
    case question = "?"
    case leftParenthesis = "("
    case rightParenthesis = ")"
    case leftBracket = "["
    case rightBracket = "]"
    case leftBrace = "{"
    case rightBrace = "}"
    case plus = "+"
    case minus = "-"
    case star = "*"
    case slash = "/"
    case percent = "%"
    case not = "!"
    case equal = "=="
    case notEqual = "!="
    case less = "<"
    case lessOrEqual = "<="
    case greater = ">"
    case greaterOrEqual = ">="
    case and = "&&"
    case or = "||"
    case `in` = "in"
  }

  let kind: Kind
  /// The token's range in the source, in UTF-8 offsets.
  let range: Range<Int>
  /// The name of an identifier; empty for other tokens.
  let text: String

  var offset: Int { range.lowerBound }

  init(_ kind: Kind, _ range: Range<Int>, text: String = "") {
    self.kind = kind
    self.range = range
    self.text = text
  }

  /// The text for a message such as "…, found X".
  var description: String {
    switch kind {
    case .end: "the end of the expression"
    case .identifier: "'\(text)'"
    case .quotedIdentifier: "'`\(text)`'"
    case .int, .intMinimumMagnitude, .uint, .double: "a number"
    case .string: "a string"
    case .bytes: "a bytes literal"
    case .symbol(let symbol): "'\(symbol.rawValue)'"
    }
  }
}
