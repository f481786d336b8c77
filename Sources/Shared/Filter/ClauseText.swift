// SPDX-License-Identifier: Apache-2.0

/// Splits an expression's source at its outermost `&&`, so that a message can quote a clause as its author
/// wrote it.
enum ClauseText {
  /// The clauses' texts. If the source cannot be split into as many parts as the tree has, as for `(a && b)`,
  /// the texts are only numbers.
  static func split(_ source: String, count: Int) -> [String] {
    let bytes = Array(source.utf8)
    var texts: [[UInt8]] = [[]]
    var depth = 0
    var index = 0
    while index < bytes.count {
      let byte = bytes[index]
      if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") {
        let end = literalEnd(bytes, index)
        texts[texts.count - 1] += bytes[index..<end]
        index = end
        continue
      }
      if "([{".utf8.contains(byte) { depth += 1 }
      if ")]}".utf8.contains(byte) { depth -= 1 }
      if depth == 0, bytes[index...].starts(with: "&&".utf8) {
        texts.append([])
        index += 2
        continue
      }
      texts[texts.count - 1].append(byte)
      index += 1
    }
    guard texts.count == count else {
      return (1...max(1, count)).map { count == 1 ? source : "clause \($0)" }
    }
    return texts.map { String(decoding: trimmed($0), as: UTF8.self) }
  }

  private static func trimmed(_ bytes: [UInt8]) -> [UInt8] {
    let isSpace: (UInt8) -> Bool = { $0 <= 0x20 }
    return Array(bytes.drop(while: isSpace).reversed().drop(while: isSpace).reversed())
  }

  /// The index after the string literal that starts at `start`: single or tripled quotes, raw after an `r`.
  private static func literalEnd(_ bytes: [UInt8], _ start: Int) -> Int {
    let quote = bytes[start]
    let isRaw = start > 0 && (bytes[start - 1] | 0x20) == UInt8(ascii: "r")
    let width = bytes[start...].starts(with: [quote, quote, quote]) ? 3 : 1
    let closing = [UInt8](repeating: quote, count: width)
    var index = start + width
    while index < bytes.count {
      if !isRaw, bytes[index] == UInt8(ascii: "\\") {
        index += 2
      } else if bytes[index...].starts(with: closing) {
        return index + width
      } else {
        index += 1
      }
    }
    return bytes.count
  }
}
