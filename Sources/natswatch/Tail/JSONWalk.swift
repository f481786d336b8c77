// SPDX-License-Identifier: Apache-2.0

/// A checking walk over one JSON text in memory (RFC 8259, UTF-8 included), without allocation.
///
/// It borrows the bytes: they must outlive it.
@safe struct JSONWalk {
  let base: UnsafePointer<UInt8>
  let count: Int
  private(set) var position = 0
  /// A line break was seen between tokens.
  private(set) var sawLineBreak = false

  init(base: UnsafePointer<UInt8>, count: Int) {
    unsafe self.base = unsafe base
    self.count = count
  }

  var isAtEnd: Bool { position == count }
  /// The byte at the position, 0 at the end: no token starts with it.
  var peek: UInt8 { unsafe position < count ? base[position] : 0 }

  mutating func skipSpace() {
    while position < count {
      switch unsafe base[position] {
      case 0x20, 0x09: break
      case 0x0a, 0x0d: sawLineBreak = true
      default: return
      }
      position &+= 1
    }
  }

  /// True when the bytes of `range`, the inside of a string, spell `text`; escapes are read.
  func equals(_ range: Range<Int>, _ text: StaticString) -> Bool {
    let length = text.utf8CodeUnitCount
    if range.count == length {
      for index in 0..<length where unsafe base[range.lowerBound + index] != text.utf8Start[index] {
        return false
      }
      return true
    }
    // An escape of one of our names is six bytes for one, as in "\u006eame".
    guard range.count > length, range.count <= length * 6, (range.count - length) % 5 == 0 else {
      return false
    }
    var position = range.lowerBound
    for index in 0..<length {
      guard position < range.upperBound else { return false }
      var byte = unsafe base[position]
      if byte == UInt8(ascii: "\\") {
        guard position + 6 <= range.upperBound, unsafe base[position + 1] == UInt8(ascii: "u"),
          let scalar = hex(position + 2), scalar < 0x80
        else { return false }
        byte = UInt8(scalar)
        position += 6
      } else {
        position += 1
      }
      guard unsafe byte == text.utf8Start[index] else { return false }
    }
    return position == range.upperBound
  }

  /// True when `range`, the inside of a string, spells `text`; escapes are read.
  func equals(_ range: Range<Int>, _ text: [UInt8]) -> Bool {
    let bytes = unsafe UnsafeBufferPointer(start: base + range.lowerBound, count: range.count)
    if unsafe bytes.elementsEqual(text) { return true }
    return unsafe bytes.contains(UInt8(ascii: "\\")) && unescaped(range) == text
  }

  /// The inside of a valid JSON string with its escapes resolved; a lone surrogate becomes U+FFFD.
  func unescaped(_ range: Range<Int>) -> [UInt8] {
    var result: [UInt8] = []
    result.reserveCapacity(range.count)
    var index = range.lowerBound
    while index < range.upperBound {
      let byte = unsafe base[index]
      guard byte == UInt8(ascii: "\\"), index + 1 < range.upperBound else {
        result.append(byte)
        index += 1
        continue
      }
      let escape = unsafe base[index + 1]
      index += 2
      switch escape {
      case UInt8(ascii: "b"): result.append(0x08)
      case UInt8(ascii: "f"): result.append(0x0c)
      case UInt8(ascii: "n"): result.append(0x0a)
      case UInt8(ascii: "r"): result.append(0x0d)
      case UInt8(ascii: "t"): result.append(0x09)
      case UInt8(ascii: "u"):
        guard var value = index + 4 <= range.upperBound ? hex(index) : nil else { return result }
        index += 4
        if (0xd800..<0xdc00).contains(value), index + 6 <= range.upperBound,
          unsafe base[index] == UInt8(ascii: "\\"), unsafe base[index + 1] == UInt8(ascii: "u"),
          let low = hex(index + 2),
          (0xdc00..<0xe000).contains(low)
        {
          value = 0x10000 + (value - 0xd800) << 10 + (low - 0xdc00)
          index += 6
        }
        result.append(contentsOf: String(Unicode.Scalar(value) ?? "\u{fffd}").utf8)
      default: result.append(escape)
      }
    }
    return result
  }

  /// Walks the object at the position; `body` must consume each member's value.
  ///
  /// - Parameters:
  ///   - depth: How deep the object itself lies.
  ///   - body: Gets the range of the key without quotes and where the member starts.
  /// - Returns: False when the text is not JSON or `body` said so.
  mutating func forEachMember(
    depth: Int, _ body: (inout JSONWalk, Range<Int>, Int) -> Bool
  ) -> Bool {
    guard peek == UInt8(ascii: "{"), depth < PayloadScanner.depthLimit else { return false }
    position &+= 1
    skipSpace()
    if peek == UInt8(ascii: "}") {
      position &+= 1
      return true
    }
    while true {
      skipSpace()
      let memberStart = position
      guard skipString() else { return false }
      let key = memberStart + 1..<position - 1
      skipSpace()
      guard peek == UInt8(ascii: ":") else { return false }
      position &+= 1
      skipSpace()
      guard body(&self, key, memberStart) else { return false }
      skipSpace()
      let byte = peek
      guard byte == UInt8(ascii: ",") || byte == UInt8(ascii: "}") else { return false }
      position &+= 1
      if byte == UInt8(ascii: "}") { return true }
    }
  }

  /// Walks over one value of any kind.
  mutating func skipValue(depth: Int) -> Bool {
    switch peek {
    case UInt8(ascii: "\""): return skipString()
    case UInt8(ascii: "{"):
      return forEachMember(depth: depth) { cursor, _, _ in cursor.skipValue(depth: depth + 1) }
    case UInt8(ascii: "["): return skipArray(depth: depth)
    case UInt8(ascii: "t"): return skipLiteral("true")
    case UInt8(ascii: "f"): return skipLiteral("false")
    case UInt8(ascii: "n"): return skipLiteral("null")
    default: return skipNumber()
    }
  }

  private mutating func skipArray(depth: Int) -> Bool {
    guard depth < PayloadScanner.depthLimit else { return false }
    position &+= 1
    skipSpace()
    if peek == UInt8(ascii: "]") {
      position &+= 1
      return true
    }
    while true {
      skipSpace()
      guard skipValue(depth: depth + 1) else { return false }
      skipSpace()
      let byte = peek
      guard byte == UInt8(ascii: ",") || byte == UInt8(ascii: "]") else { return false }
      position &+= 1
      if byte == UInt8(ascii: "]") { return true }
    }
  }

  private mutating func skipLiteral(_ text: StaticString) -> Bool {
    let length = text.utf8CodeUnitCount
    guard count - position >= length else { return false }
    for index in 0..<length where unsafe base[position + index] != text.utf8Start[index] { return false }
    position &+= length
    return true
  }

  private mutating func skipNumber() -> Bool {
    if peek == UInt8(ascii: "-") { position &+= 1 }
    if peek == UInt8(ascii: "0") {
      position &+= 1
    } else {
      guard skipDigits() else { return false }
    }
    if peek == UInt8(ascii: ".") {
      position &+= 1
      guard skipDigits() else { return false }
    }
    if peek == UInt8(ascii: "e") || peek == UInt8(ascii: "E") {
      position &+= 1
      if peek == UInt8(ascii: "+") || peek == UInt8(ascii: "-") { position &+= 1 }
      guard skipDigits() else { return false }
    }
    return true
  }

  private mutating func skipDigits() -> Bool {
    let start = position
    while position < count, unsafe base[position] &- 0x30 < 10 { position &+= 1 }
    return position > start
  }

  mutating func skipString() -> Bool {
    guard peek == UInt8(ascii: "\"") else { return false }
    position &+= 1
    while true {
      skipPlain()
      guard position < count else { return false }
      let byte = unsafe base[position]
      if byte == UInt8(ascii: "\"") {
        position &+= 1
        return true
      }
      let isValid = byte == UInt8(ascii: "\\") ? skipEscape() : byte >= 0x80 ? skipUTF8() : false
      guard isValid else { return false }
    }
  }

  /// Moves to the next byte that is a quote, a backslash, a control character, or not ASCII.
  ///
  /// Eight bytes at a time: a byte's top bit is set in `stops` when it is one of these. Borrows reach only bytes
  /// behind a true hit, so that the lowest one is exact. (Swift's SIMD comparisons came out ten times slower.)
  private mutating func skipPlain() {
    let ones: UInt64 = 0x0101_0101_0101_0101
    while count &- position >= 8 {
      let word = unsafe UInt64(littleEndian: UnsafeRawPointer(base + position).loadUnaligned(as: UInt64.self))
      let quote = word ^ (ones &* 0x22)
      let backslash = word ^ (ones &* 0x5c)
      let stops =
        (((quote &- ones) & ~quote) | ((backslash &- ones) & ~backslash) | ((word &- ones &* 0x20) & ~word)
          | word)
        & (ones &* 0x80)
      if stops != 0 {
        position &+= stops.trailingZeroBitCount >> 3
        return
      }
      position &+= 8
    }
    while position < count {
      let byte = unsafe base[position]
      if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") || byte < 0x20 || byte >= 0x80 { return }
      position &+= 1
    }
  }

  private mutating func skipEscape() -> Bool {
    guard position + 1 < count else { return false }
    switch unsafe base[position + 1] {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
      UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
      position &+= 2
      return true
    case UInt8(ascii: "u"):
      guard position + 6 <= count, hex(position + 2) != nil else { return false }
      position &+= 6
      return true
    default: return false
    }
  }

  /// Four hexadecimal digits.
  private func hex(_ start: Int) -> UInt32? {
    var value: UInt32 = 0
    for index in start..<start + 4 {
      let byte = unsafe base[index]
      switch byte {
      case 0x30...0x39: value = value << 4 | UInt32(byte - 0x30)
      case 0x41...0x46: value = value << 4 | UInt32(byte - 0x37)
      case 0x61...0x66: value = value << 4 | UInt32(byte - 0x57)
      default: return nil
      }
    }
    return value
  }

  /// One well-formed sequence (Unicode 15, table 3-7): no surrogates, no overlong forms, nothing above U+10FFFF.
  private mutating func skipUTF8() -> Bool {
    let first = unsafe base[position]
    let length: Int
    var second: ClosedRange<UInt8> = 0x80...0xbf
    switch first {
    case 0xc2...0xdf: length = 2
    case 0xe0: (length, second) = (3, 0xa0...0xbf)
    case 0xed: (length, second) = (3, 0x80...0x9f)
    case 0xe1...0xef: length = 3
    case 0xf0: (length, second) = (4, 0x90...0xbf)
    case 0xf1...0xf3: length = 4
    case 0xf4: (length, second) = (4, 0x80...0x8f)
    default: return false
    }
    guard position + length <= count, unsafe second.contains(base[position + 1]) else { return false }
    for index in 2..<max(length, 2) where unsafe base[position + index] & 0xc0 != 0x80 { return false }
    position &+= length
    return true
  }
}
