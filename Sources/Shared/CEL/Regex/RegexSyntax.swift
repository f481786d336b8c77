// SPDX-License-Identifier: Apache-2.0

/// The differences between Go's regular expressions, which CEL specifies, and Debian's RE2.
enum RegexSyntax {
  /// The pattern with `(?<name>…)` replaced by `(?P<name>…)`, the form that RE2 supports.
  ///
  /// - Throws: `RegexError` for `\C`, which matches a single byte and could split a character. Go refuses it
  ///   too.
  static func adaptedToRE2(_ pattern: [UInt8]) throws(RegexError) -> [UInt8] {
    guard pattern.contains(UInt8(ascii: "\\")) || pattern.contains(UInt8(ascii: "<")) else { return pattern }
    var output: [UInt8] = []
    output.reserveCapacity(pattern.count + 4)
    var index = 0
    var classDepthStart: Int?
    while index < pattern.count {
      let byte = pattern[index]
      if byte == UInt8(ascii: "\\") {
        guard index + 1 < pattern.count else {
          output.append(byte)
          break
        }
        let escaped = pattern[index + 1]
        if escaped == UInt8(ascii: "C") {
          throw RegexError(message: "error parsing regexp: invalid escape sequence: `\\C`")
        }
        output.append(byte)
        output.append(escaped)
        index += 2
        if escaped == UInt8(ascii: "Q"), classDepthStart == nil {
          // Literal text up to \E contains no syntax.
          while index < pattern.count {
            if pattern[index] == UInt8(ascii: "\\"), index + 1 < pattern.count,
              pattern[index + 1] == UInt8(ascii: "E")
            {
              output.append(contentsOf: pattern[index..<index + 2])
              index += 2
              break
            }
            output.append(pattern[index])
            index += 1
          }
        }
        continue
      }
      if let start = classDepthStart {
        // A `]` directly after the `[` is a member, and `[:name:]` nests.
        if byte == UInt8(ascii: "["), index + 1 < pattern.count, pattern[index + 1] == UInt8(ascii: ":"),
          let end = endOfNamedClass(pattern, from: index + 2)
        {
          output.append(contentsOf: pattern[index..<end])
          index = end
          continue
        }
        if byte == UInt8(ascii: "]"), index > start { classDepthStart = nil }
      } else if byte == UInt8(ascii: "[") {
        let isNegated = index + 1 < pattern.count && pattern[index + 1] == UInt8(ascii: "^")
        classDepthStart = index + (isNegated ? 2 : 1)
      } else if byte == UInt8(ascii: "("), pattern[index...].starts(with: Array("(?<".utf8)) {
        output.append(contentsOf: Array("(?P<".utf8))
        index += 3
        continue
      }
      output.append(byte)
      index += 1
    }
    return output
  }

  /// Whether `\B` occurs. Literal text is not excluded, so the result may be true unnecessarily.
  static func hasNonBoundary(_ pattern: [UInt8]) -> Bool {
    zip(pattern, pattern.dropFirst()).contains { $0 == UInt8(ascii: "\\") && $1 == UInt8(ascii: "B") }
  }

  private static func endOfNamedClass(_ pattern: [UInt8], from: Int) -> Int? {
    var index = from
    while index + 1 < pattern.count {
      if pattern[index] == UInt8(ascii: ":"), pattern[index + 1] == UInt8(ascii: "]") { return index + 2 }
      if !(pattern[index] | 0x20 >= UInt8(ascii: "a") && pattern[index] | 0x20 <= UInt8(ascii: "z")),
        pattern[index] != UInt8(ascii: "^")
      {
        return nil
      }
      index += 1
    }
    return nil
  }
}
