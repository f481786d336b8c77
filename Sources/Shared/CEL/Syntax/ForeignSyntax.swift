// SPDX-License-Identifier: Apache-2.0

/// Operators and words of other languages that CEL's grammar does not have, and what to write instead.
enum ForeignSyntax {
  /// Longer ones first. A remedy in plain words, or an operator to take instead.
  private static let operators: [(text: String, remedy: String?, suggestion: String?)] = [
    ("===", nil, "=="), ("!==", nil, "!="), ("=~", nil, ".matches("), ("!~", "write !x.matches('…')", nil),
    ("->", "a macro takes a name and an expression, as in list.exists(x, x > 1)", nil),
    ("=>", "a macro takes a name and an expression, as in list.exists(x, x > 1)", nil), ("<>", nil, "!="),
    ("/*", "a comment begins with // and ends with its line", nil),
    ("**", "CEL has no operator for powers", nil),
    ("++", nil, "+ 1"), ("=", nil, "=="), ("&", nil, "&&"), ("|", nil, "||"), ("~", nil, ".matches("),
    ("^", "write math.bitXor(a, b) for exclusive or", nil),
    (";", "separate arguments with ',', and write no ';' at the end", nil),
    ("#", "a comment begins with //", "//"), ("$", "a name cannot contain '$'", nil),
    ("@", "a name cannot contain '@'", nil),
  ]

  /// The error for an operator of another language at the start of some bytes; nil where none is.
  static func error(_ bytes: some Sequence<UInt8>, at offset: Int) -> SyntaxError? {
    let bytes = Array(bytes)
    guard !bytes.starts(with: "&&".utf8), !bytes.starts(with: "||".utf8), !isEquality(bytes),
      let found = operators.first(where: { bytes.starts(with: $0.text.utf8) })
    else { return nil }
    let remedy = found.remedy.map { ": \($0)" } ?? ""
    return SyntaxError(
      offset: offset, message: "unexpected '\(found.text)'\(remedy)", suggestion: found.suggestion)
  }

  private static func isEquality(_ bytes: [UInt8]) -> Bool {
    bytes.starts(with: "==".utf8) && !bytes.starts(with: "===".utf8)
  }

  /// Characters that word processors and web pages write in place of ASCII ones.
  static let typographic: [Unicode.Scalar: String] = [
    "“": "\"", "”": "\"", "„": "\"", "‘": "'", "’": "'", "‚": "'", "≥": ">=", "≤": "<=", "≠": "!=", "−": "-",
    "–": "-", "—": "-", "×": "*", "÷": "/", "\u{A0}": " ", "\u{2009}": " ", "\u{202F}": " ", "\u{3000}": " ",
  ]

  /// Words of other languages that are used as operators, in lower case.
  static let infixWords = [
    "and": "&&", "or": "||", "is": "==", "eq": "==", "ne": "!=", "gt": ">",
    "ge": ">=",
    "gte": ">=", "lt": "<", "le": "<=", "lte": "<=", "like": ".matches(", "matches": ".matches(",
    "contains": ".contains(", "startswith": ".startsWith(", "endswith": ".endsWith(", "mod": "%", "div": "/",
    "instanceof": "type(x) ==",
  ]

  /// What to write instead of a reserved word.
  static func remedy(forReserved word: String) -> String {
    switch word {
    case "if", "else": ": write condition ? value : other"
    case "for", "while", "loop": ": use a macro, as in list.all(x, x > 1)"
    case "let", "var", "const": ": write cel.bind(name, value, expression)"
    case "return": ": write only the value"
    default: ""
    }
  }
}
