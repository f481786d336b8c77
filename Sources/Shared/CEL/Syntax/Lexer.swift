// SPDX-License-Identifier: Apache-2.0

/// A syntax error at a UTF-8 offset. The parser converts it to a ``CompileError``.
struct SyntaxError: Error {
  let offset: Int
  let message: String
  var suggestion: String?
  var code = CompileError.Code.syntax
}

/// Splits source text into tokens, one at a time.
struct Lexer {
  private let source: [UInt8]
  private var position = 0

  init(_ source: String) { self.source = Array(source.utf8) }

  private func byte(_ ahead: Int = 0) -> UInt8 {
    position + ahead < source.count ? source[position + ahead] : 0
  }

  private func text(_ range: Range<Int>) -> String { String(decoding: source[range], as: UTF8.self) }

  mutating func next() throws(SyntaxError) -> Token {
    skipSpace()
    let start = position
    guard start < source.count else { return Token(.end, start..<start) }
    let first = byte()
    if first.isIdentifierStart { return try wordOrString() }
    if first.isDigit || (first == UInt8(ascii: ".") && byte(1).isDigit) {
      return try NumberLiteral.read(source, &position)
    }
    switch first {
    case UInt8(ascii: "'"), UInt8(ascii: "\""): return try string(from: start, isRaw: false, isBytes: false)
    case UInt8(ascii: "`"): return try quotedIdentifier()
    default: return try symbol()
    }
  }

  private mutating func skipSpace() {
    while position < source.count {
      switch source[position] {
      case 0x20, 0x09, 0x0A, 0x0C, 0x0D: position += 1
      case UInt8(ascii: "/") where byte(1) == UInt8(ascii: "/"):
        while position < source.count, source[position] != 0x0A { position += 1 }
      default: return
      }
    }
  }

  /// Reads an identifier, or a string with a prefix: `r''`, `b''`, `br''`.
  private mutating func wordOrString() throws(SyntaxError) -> Token {
    let start = position
    let isBytes = byte() | 0x20 == UInt8(ascii: "b")
    let rawAt = isBytes ? 1 : 0
    let isRaw = byte(rawAt) | 0x20 == UInt8(ascii: "r")
    let prefix = rawAt + (isRaw ? 1 : 0)
    if prefix > 0, byte(prefix) == UInt8(ascii: "'") || byte(prefix) == UInt8(ascii: "\"") {
      position += prefix
      return try string(from: start, isRaw: isRaw, isBytes: isBytes)
    }
    while byte().isIdentifierPart { position += 1 }
    let word = text(start..<position)
    if word == "in" { return Token(.symbol(.in), start..<position) }
    return Token(.identifier, start..<position, text: word)
  }

  private mutating func string(from start: Int, isRaw: Bool, isBytes: Bool) throws(SyntaxError) -> Token {
    let quote = byte()
    let isTriple = byte(1) == quote && byte(2) == quote
    position += isTriple ? 3 : 1
    let contentStart = position
    while true {
      guard position < source.count else { throw unterminated(start, isTriple, quote) }
      let current = byte()
      if current == quote, !isTriple || (byte(1) == quote && byte(2) == quote) { break }
      guard isTriple || (current != 0x0A && current != 0x0D) else {
        throw unterminated(start, isTriple, quote)
      }
      // A backslash escapes the next byte, except in a raw string: r"\" is complete.
      position += current == UInt8(ascii: "\\") && !isRaw ? 2 : 1
    }
    let content = contentStart..<position
    position += isTriple ? 3 : 1
    let literal = StringLiteral(source: source, range: content, isRaw: isRaw)
    if isBytes { return Token(.bytes(try literal.bytes()), start..<position) }
    return Token(.string(try literal.string()), start..<position)
  }

  private func unterminated(_ start: Int, _ isTriple: Bool, _ quote: UInt8) -> SyntaxError {
    let mark = String(repeating: String(UnicodeScalar(quote)), count: isTriple ? 3 : 1)
    return SyntaxError(offset: start, message: "string is not closed: expected \(mark)")
  }

  private mutating func quotedIdentifier() throws(SyntaxError) -> Token {
    let start = position
    position += 1
    while byte().isQuotedIdentifierPart { position += 1 }
    guard byte() == UInt8(ascii: "`") else {
      throw SyntaxError(
        offset: position < source.count ? position : start,
        message: "quoted name is not closed: expected `, letters, digits, or one of _.-/ and space")
    }
    let name = text(start + 1..<position)
    position += 1
    guard !name.isEmpty else { throw SyntaxError(offset: start, message: "quoted name is empty") }
    return Token(.quotedIdentifier, start..<position, text: name)
  }

  private mutating func symbol() throws(SyntaxError) -> Token {
    let start = position
    if let error = ForeignSyntax.error(source[start...].prefix(3), at: start) { throw error }
    for length in [2, 1] where start + length <= source.count {
      if let symbol = Token.Symbol(rawValue: text(start..<start + length)) {
        position += length
        return Token(.symbol(symbol), start..<position)
      }
    }
    throw unexpected(at: start)
  }

  private func unexpected(at start: Int) -> SyntaxError {
    // The message shows the whole character.
    var end = start + 1
    while end < source.count, source[end] & 0xC0 == 0x80 { end += 1 }
    let scalar = text(start..<end).unicodeScalars.first ?? "\0"
    let properties = scalar.properties
    let isInvisible = properties.isWhitespace || properties.generalCategory == .format
    let shown =
      isInvisible
      ? "character U+\(String(scalar.value, radix: 16, uppercase: true)), which is invisible"
      : properties.generalCategory == .control ? "a control character" : "'\(scalar)'"
    return SyntaxError(
      offset: start, message: "unexpected \(shown)", suggestion: ForeignSyntax.typographic[scalar])
  }
}

extension UInt8 {
  var isDigit: Bool { self >= 0x30 && self <= 0x39 }
  var isIdentifierStart: Bool { (self | 0x20 >= 0x61 && self | 0x20 <= 0x7A) || self == UInt8(ascii: "_") }
  var isIdentifierPart: Bool { isIdentifierStart || isDigit }

  fileprivate var isQuotedIdentifierPart: Bool {
    isIdentifierPart || self == UInt8(ascii: ".") || self == UInt8(ascii: "-") || self == UInt8(ascii: "/")
      || self == UInt8(ascii: " ")
  }

  /// The value of a hexadecimal digit.
  var hexValue: UInt32? {
    switch self {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(self) - 0x30
    case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt32(self) - 0x57
    case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt32(self) - 0x37
    default: nil
    }
  }
}
