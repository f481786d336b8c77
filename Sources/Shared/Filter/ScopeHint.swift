// SPDX-License-Identifier: Apache-2.0

import CEL

/// The hint that is added to a CEL error about a name: what to write instead.
enum ScopeHint {
  /// Messages about forms of jq and JavaScript, and what to write here.
  private static let habits = [
    "unexpected '|'": "for jq's x | f write x.f(), such as tags.size(), msg.matches('a|b') or tags.join(',')",
    "unknown escape": "write a + \": \" + b for a text with values, and r'\\d' or '\\\\d' in a pattern",
    "expected ':' between key and value": "write a key in quotes and its value, as in {\"level\": level}",
    "undeclared function 'group_by'": oneLine, "undeclared function 'sort_by'": oneLine,
    "undeclared function 'reduce'": oneLine, "undeclared function 'with_entries'": oneLine,
    "undeclared function 'map_values'": oneLine,
  ]
  private static let oneLine = "an expression sees one line: for more, use jq or sort(1) on the output"

  /// The hint, on a line of its own; empty if there is none.
  static func hint(for error: CompileError, in source: String) -> String {
    if let habit = habits.first(where: { error.message.hasPrefix($0.key) }) { return "\n\(habit.value)" }
    let isReserved = error.message.contains("is a reserved word")
    guard isReserved || error.code == .macro && error.message.hasPrefix("has() takes") else { return "" }
    let lines = source.split(separator: "\n", omittingEmptySubsequences: false)
    guard lines.indices.contains(error.line - 1) else { return "" }
    let name = lines[error.line - 1].unicodeScalars.dropFirst(error.column - 1).prefix {
      $0.properties.isAlphabetic || $0 == "_" || ("0"..."9").contains($0)
    }
    guard !name.isEmpty else { return "" }
    let text = String(name)
    return isReserved
      ? "\nwrite self.\(text) for a key of the line, object.\(text) for one of an event's object"
      : "\nwrite has(self.\(text)) for a key of the line, has(object.\(text)) for one of an event's object"
  }

  /// The hint for an error of an evaluation; empty if there is none.
  static func hint(for error: EvaluationError, in source: String?) -> String {
    let detail = error.detail
    switch error.code {
    case .noSuchKey: return hint(forKey: detail, in: source)
    case .noMatchingOverload where ["length", "size", "count"].contains(detail.split(separator: ".").last):
      return " (write size(x) for the size of a string, list or map)"
    case .noMatchingOverload where detail == "string[int]": return " (write s.charAt(0) for a character)"
    case .noMatchingOverload where detail == "contains":
      return " (write x in list for an element, \"k\" in map for a key)"
    case .noMatchingOverload: return conversion(detail)
    case .indexOutOfBounds where detail.hasPrefix("-"):
      return " (write list[list.size() - 1] for the last element)"
    default: return ""
    }
  }

  /// The conversion that makes an operator accept its operands, such as those of `int / double`.
  private static func conversion(_ mismatch: String) -> String {
    let parts = mismatch.split(separator: " ")
    guard parts.count == 3 else { return "" }
    let (types, sign) = (Set([parts[0], parts[2]]), parts[1])
    let numbers: Set<Substring> = ["int", "uint", "double"]
    if types.isSubset(of: numbers) { return " (numbers are not converted: write double(x))" }
    if types.contains("google.protobuf.Timestamp") { return " (write timestamp(x))" }
    if types.contains("google.protobuf.Duration") { return " (write duration(x))" }
    guard types.contains("string"), !types.isDisjoint(with: numbers) else { return "" }
    return sign == "+" ? " (write string(x))" : " (write double(x) for the number in a string)"
  }

  /// The hint for a name that the line lacks: it was probably meant as a string. Such names are written in
  /// capitals, or compared with a value, as in `phase == running` or `name == cart-1`.
  private static func hint(forKey name: String, in source: String?) -> String {
    if let hint = source.map({ hyphenHint(name, $0) }), !hint.isEmpty { return hint }
    guard !name.isEmpty, name.utf8.allSatisfy(isNameByte) else { return "" }
    if let source, source.contains(" // ") {
      return " (// begins a comment: write a.?b.orValue(c) for a value that may be absent)"
    }
    let text =
      source.flatMap { comparedWord($0, name) ?? wordAsKey($0, name) }
      ?? (name.first?.isUppercase == true ? name : nil)
    return text.map { " (write a string in quotes: \"\($0)\")" } ?? ""
  }

  /// The name, if it is the key of a map literal: `{level: msg}`.
  private static func wordAsKey(_ source: String, _ name: String) -> String? {
    let parts = source.filter { $0 != " " }.split(separator: ":", omittingEmptySubsequences: false).dropLast()
    return parts.contains { $0.hasSuffix("{\(name)") || $0.hasSuffix(",\(name)") } ? name : nil
  }

  /// The hint for a key with hyphens, such as `labels.app-name`, which reads as a subtraction.
  private static func hyphenHint(_ path: String, _ source: String) -> String {
    let words = source.split { !($0.isASCII && ($0.isLetter || $0.isNumber || "_.-".contains($0))) }
    for word in words {
      let parts = word.split(separator: "-", omittingEmptySubsequences: false)
      guard parts.count > 1, parts.allSatisfy({ $0.first?.isLetter == true }), parts.contains(Substring(path))
      else { continue }
      let parent = parts[0].lastIndex(of: ".").map { word[..<$0] } ?? "self"
      let start = parts[0].lastIndex(of: ".").map { word.index(after: $0) } ?? word.startIndex
      return " (a key with hyphens needs brackets: \(parent)[\"\(word[start...].prefix { $0 != "." })\"])"
    }
    return ""
  }

  /// The word after a comparison that begins with the name and is more than a path: the name alone, or joined
  /// with hyphens.
  private static func comparedWord(_ source: String, _ name: String) -> String? {
    let bytes = Array(source.utf8)
    for start in bytes.indices where bytes[start...].starts(with: name.utf8) {
      let before = bytes[..<start].reversed().drop { $0 == UInt8(ascii: " ") }
      guard before.first == UInt8(ascii: "="), before.dropFirst().first.map(isComparison) ?? false else {
        continue
      }
      let word = bytes[start...].prefix { isNameByte($0) || $0 == UInt8(ascii: "-") }
      // A path, a call or an operand is no string.
      let next = bytes[word.endIndex...].first { $0 != UInt8(ascii: " ") } ?? 0
      guard word.count == name.utf8.count || word.dropFirst(name.utf8.count).first == UInt8(ascii: "-"),
        word.last != UInt8(ascii: "-"), !".([+-*/%".utf8.contains(next)
      else { continue }
      return String(decoding: word, as: UTF8.self)
    }
    return nil
  }

  private static func isComparison(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: "=") || byte == UInt8(ascii: "!")
  }

  private static func isNameByte(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: "_") || (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte & 0xDF)
  }
}
