// SPDX-License-Identifier: Apache-2.0

/// Parses number literals: `1`, `0x1F`, `1u`, `1.5`, `.5`, `1e3`.
enum NumberLiteral {
  static func read(_ source: [UInt8], _ position: inout Int) throws(SyntaxError) -> Token {
    let start = position
    func byte(_ index: Int) -> UInt8 { index < source.count ? source[index] : 0 }

    if byte(position) == UInt8(ascii: "0"), byte(position + 1) | 0x20 == UInt8(ascii: "x"),
      byte(position + 2).hexValue != nil
    {
      position += 2
      while byte(position).hexValue != nil { position += 1 }
      return try integer(source, start, start + 2..<position, radix: 16, &position)
    }
    while byte(position).isDigit { position += 1 }
    var isDouble = false
    if byte(position) == UInt8(ascii: "."), byte(position + 1).isDigit {
      isDouble = true
      position += 1
      while byte(position).isDigit { position += 1 }
    }
    if byte(position) | 0x20 == UInt8(ascii: "e") {
      var end = position + 1
      if byte(end) == UInt8(ascii: "+") || byte(end) == UInt8(ascii: "-") { end += 1 }
      if byte(end).isDigit {
        isDouble = true
        while byte(end).isDigit { end += 1 }
        position = end
      }
    }
    guard isDouble else { return try integer(source, start, start..<position, radix: 10, &position) }
    let text = String(decoding: source[start..<position], as: UTF8.self)
    guard let value = Double(text.first == "." ? "0" + text : text), value.isFinite else {
      throw SyntaxError(offset: start, message: "number is too large for a double")
    }
    try noWordFollows(source, start, position)
    return Token(.double(value), start..<position)
  }

  private static func integer(
    _ source: [UInt8], _ start: Int, _ digits: Range<Int>, radix: Int, _ position: inout Int
  ) throws(SyntaxError) -> Token {
    let magnitude = UInt64(String(decoding: source[digits], as: UTF8.self), radix: radix)
    let isUnsigned = position < source.count && source[position] | 0x20 == UInt8(ascii: "u")
    if isUnsigned { position += 1 }
    try noWordFollows(source, start, position)
    if isUnsigned {
      guard let magnitude else {
        throw SyntaxError(offset: start, message: "number is too large for a uint")
      }
      return Token(.uint(magnitude), start..<position)
    }
    guard let magnitude, magnitude <= 1 << 63 else {
      throw SyntaxError(offset: start, message: "number is too large for an int")
    }
    let value = Int64(exactly: magnitude)
    return Token(value.map(Token.Kind.int) ?? .intMinimumMagnitude, start..<position)
  }

  /// Refuses `12abc` here, because the message is clearer than one about two tokens in a row.
  private static func noWordFollows(_ source: [UInt8], _ start: Int, _ end: Int) throws(SyntaxError) {
    guard end < source.count, source[end].isIdentifierStart else { return }
    // The grammar allows `1in`: a number and an operator.
    let word = source[end...].prefix { $0.isIdentifierPart }
    guard !word.elementsEqual("in".utf8) else { return }
    let number = String(decoding: source[start..<end], as: UTF8.self)
    let unit = String(decoding: word, as: UTF8.self)
    var remedy = ""
    if ["ns", "us", "ms", "s", "m", "h"].contains(unit) {
      remedy = ": write duration(\"\(number)\(unit)\")"
    } else if ["k", "M", "G", "T", "Ki", "Mi", "Gi", "Ti"].contains(unit) {
      remedy = ": write quantity(\"\(number)\(unit)\")"
    }
    throw SyntaxError(offset: start, message: "malformed number\(remedy)")
  }
}
