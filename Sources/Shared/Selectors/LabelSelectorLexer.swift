// SPDX-License-Identifier: Apache-2.0

/// Splits a label selector into tokens.
struct LabelSelectorLexer {
  enum Token: Equatable {
    case end, identifier, comma, open, close, not, equals, doubleEquals, notEquals, greaterThan, lessThan
    case `in`, notIn, unknown
  }

  /// A token and the text it was read from.
  struct Item: Equatable {
    var token: Token
    var text: String
  }

  private let bytes: [UInt8]
  private var position = 0

  init(_ text: String) { bytes = Array(text.utf8) }

  mutating func next() -> Item {
    while position < bytes.count, LabelSelectorLexer.isSpace(bytes[position]) { position += 1 }
    guard position < bytes.count else { return Item(token: .end, text: "") }
    return LabelSelectorLexer.isSymbol(bytes[position]) ? symbol() : word()
  }

  /// Takes the longest operator that starts here. A symbol that only continues an operator, as none does
  /// today, would be swallowed up to one that does: Kubernetes' lexer works that way.
  private mutating func symbol() -> Item {
    let start = position
    var found: Item?
    while position < bytes.count, LabelSelectorLexer.isSymbol(bytes[position]) {
      let text = String(decoding: bytes[start...position], as: UTF8.self)
      if let token = LabelSelectorLexer.symbols[text] {
        found = Item(token: token, text: text)
      } else if found != nil {
        break
      }
      position += 1
    }
    let text = String(decoding: bytes[start..<position], as: UTF8.self)
    return found ?? Item(token: .unknown, text: text)
  }

  private mutating func word() -> Item {
    let start = position
    while position < bytes.count, !LabelSelectorLexer.isSymbol(bytes[position]),
      !LabelSelectorLexer.isSpace(bytes[position])
    {
      position += 1
    }
    let text = String(decoding: bytes[start..<position], as: UTF8.self)
    switch text {
    case "in": return Item(token: .in, text: text)
    case "notin": return Item(token: .notIn, text: text)
    default: return Item(token: .identifier, text: text)
    }
  }

  private static let symbols: [String: Token] = [
    ")": .close, ",": .comma, "!": .not, "==": .doubleEquals, "=": .equals, ">": .greaterThan,
    "<": .lessThan, "!=": .notEquals, "(": .open,
  ]

  private static func isSpace(_ byte: UInt8) -> Bool {
    byte == 0x20 || byte == 0x09 || byte == 0x0D || byte == 0x0A
  }

  private static func isSymbol(_ byte: UInt8) -> Bool { "=!(),><".utf8.contains(byte) }
}
