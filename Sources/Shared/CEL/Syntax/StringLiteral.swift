// SPDX-License-Identifier: Apache-2.0

/// Decodes the content of a string or bytes literal, between its quotes.
struct StringLiteral {
  let source: [UInt8]
  let range: Range<Int>
  let isRaw: Bool

  private enum Piece {
    case byte(UInt8)
    /// `\x41` and `\101`: a code point in a string, an octet in bytes.
    case octet(UInt8)
    case scalar(Unicode.Scalar, offset: Int)
  }

  func string() throws(SyntaxError) -> String {
    guard !isRaw, source[range].contains(UInt8(ascii: "\\")) else {
      return String(decoding: source[range], as: UTF8.self)
    }
    var result: [UInt8] = []
    try walk { (piece) throws(SyntaxError) in
      switch piece {
      case .byte(let byte): result.append(byte)
      case .octet(let value): result.append(contentsOf: String(Unicode.Scalar(value)).utf8)
      case .scalar(let scalar, _): result.append(contentsOf: String(scalar).utf8)
      }
    }
    return String(decoding: result, as: UTF8.self)
  }

  func bytes() throws(SyntaxError) -> [UInt8] {
    guard !isRaw else { return Array(source[range]) }
    var result: [UInt8] = []
    try walk { (piece) throws(SyntaxError) in
      switch piece {
      case .byte(let byte), .octet(let byte): result.append(byte)
      case .scalar(_, let offset):
        throw SyntaxError(
          offset: offset,
          message: "\\u and \\U are not allowed in a bytes literal: write each byte of the UTF-8 as \\x")
      }
    }
    return result
  }

  private func walk(_ body: (Piece) throws(SyntaxError) -> Void) throws(SyntaxError) {
    var position = range.lowerBound
    while position < range.upperBound {
      guard source[position] == UInt8(ascii: "\\") else {
        try body(.byte(source[position]))
        position += 1
        continue
      }
      try body(escape(&position))
    }
  }

  private func escape(_ position: inout Int) throws(SyntaxError) -> Piece {
    let start = position
    let letter = start + 1 < range.upperBound ? source[start + 1] : 0
    position += 2
    switch letter {
    case UInt8(ascii: "a"): return .byte(0x07)
    case UInt8(ascii: "b"): return .byte(0x08)
    case UInt8(ascii: "f"): return .byte(0x0C)
    case UInt8(ascii: "n"): return .byte(0x0A)
    case UInt8(ascii: "r"): return .byte(0x0D)
    case UInt8(ascii: "t"): return .byte(0x09)
    case UInt8(ascii: "v"): return .byte(0x0B)
    case UInt8(ascii: "\\"), UInt8(ascii: "?"), UInt8(ascii: "\""), UInt8(ascii: "'"), UInt8(ascii: "`"):
      return .byte(letter)
    case UInt8(ascii: "x"), UInt8(ascii: "X"):
      return .octet(UInt8(truncatingIfNeeded: try hex(2, &position, start)))
    case UInt8(ascii: "u"): return try scalar(4, &position, start)
    case UInt8(ascii: "U"): return try scalar(8, &position, start)
    case UInt8(ascii: "0")...UInt8(ascii: "3"): return .octet(try octal(&position, start))
    default: throw SyntaxError(offset: start, message: "unknown escape in a string")
    }
  }

  private func hex(_ count: Int, _ position: inout Int, _ start: Int) throws(SyntaxError) -> UInt32 {
    var result: UInt32 = 0
    for _ in 0..<count {
      guard position < range.upperBound, let digit = source[position].hexValue else {
        throw SyntaxError(offset: start, message: "escape needs \(count) hexadecimal digits")
      }
      result = result << 4 | digit
      position += 1
    }
    return result
  }

  private func scalar(_ count: Int, _ position: inout Int, _ start: Int) throws(SyntaxError) -> Piece {
    guard let scalar = Unicode.Scalar(try hex(count, &position, start)) else {
      throw SyntaxError(offset: start, message: "escape is not a Unicode code point")
    }
    return .scalar(scalar, offset: start)
  }

  private func octal(_ position: inout Int, _ start: Int) throws(SyntaxError) -> UInt8 {
    position = start + 1
    var result: UInt32 = 0
    for _ in 0..<3 {
      guard position < range.upperBound, source[position] >= 0x30, source[position] <= 0x37 else {
        throw SyntaxError(offset: start, message: "escape needs three octal digits")
      }
      result = result << 3 | UInt32(source[position] - 0x30)
      position += 1
    }
    return UInt8(truncatingIfNeeded: result)
  }
}
