// SPDX-License-Identifier: Apache-2.0
import JSON
import Process

/// Writes a JSON value as YAML in block style for people, keys in the server's order.
enum YAMLText {
  private static let depthLimit = 200

  /// - Throws: `JSONError` for text that is not JSON.
  static func make(_ json: Span<UInt8>) throws(JSONError) -> String {
    var walker = JSONWalker()
    var text = ""
    try write(json, &walker, indent: 0, isInSequence: false, &text)
    return text
  }

  /// `isInSequence`: the value follows a `- `, and its first line needs no break.
  private static func write(
    _ json: Span<UInt8>, _ walker: inout JSONWalker, indent: Int, isInSequence: Bool, _ text: inout String
  ) throws(JSONError) {
    guard indent < depthLimit else { throw .tooDeep }
    let margin = String(repeating: "  ", count: indent)
    switch try walker.peek(json) {
    case UInt8(ascii: "{"):
      try walker.enterObject(json)
      var isFirst = true
      while let key = try walker.nextKey(json) {
        let name = json.unescaped(key)
        text += (isFirst && isInSequence ? "" : margin) + (isPlain(name) ? name : quoted(name)) + ":"
        isFirst = false
        try writeMember(json, &walker, indent: indent, &text)
      }
    case UInt8(ascii: "["):
      try walker.enterArray(json)
      while try walker.nextElement(json) {
        text += margin + "-"
        switch try empty(json, walker) {
        case let short?:
          text += " \(short)\n"
          try walker.skipValue(json)
        case nil:
          let opens = try walker.peek(json)
          text += opens == UInt8(ascii: "[") ? "\n" : " "
          if opens == UInt8(ascii: "[") {
            try write(json, &walker, indent: indent + 1, isInSequence: false, &text)
          } else {
            try write(json, &walker, indent: indent + 1, isInSequence: true, &text)
          }
        }
      }
    default: text += try plain(json, &walker, indent) + "\n"
    }
  }

  private static func writeMember(
    _ json: Span<UInt8>, _ walker: inout JSONWalker, indent: Int, _ text: inout String
  ) throws(JSONError) {
    if let short = try empty(json, walker) {
      text += " \(short)\n"
      try walker.skipValue(json)
      return
    }
    switch try walker.peek(json) {
    case UInt8(ascii: "{"):
      text += "\n"
      try write(json, &walker, indent: indent + 1, isInSequence: false, &text)
    case UInt8(ascii: "["):
      // kubectl's style: the dashes stand below the key.
      text += "\n"
      try write(json, &walker, indent: indent, isInSequence: false, &text)
    default: text += " " + (try plain(json, &walker, indent + 1)) + "\n"
    }
  }

  /// `{}` or `[]`; nil for any other value.
  private static func empty(_ json: Span<UInt8>, _ walker: JSONWalker) throws(JSONError) -> String? {
    var ahead = walker
    let first = try ahead.peek(json)
    guard first == UInt8(ascii: "{") || first == UInt8(ascii: "[") else { return nil }
    ahead.position += 1
    switch try ahead.peek(json) {
    case UInt8(ascii: "}"): return "{}"
    case UInt8(ascii: "]"): return "[]"
    default: return nil
    }
  }

  private static func plain(
    _ json: Span<UInt8>, _ walker: inout JSONWalker, _ indent: Int
  ) throws(JSONError) -> String {
    guard try walker.peek(json) == UInt8(ascii: "\"") else { return json.text(try walker.skipValue(json)) }
    return scalar(json.unescaped(try walker.string(json)), indent)
  }

  /// A string that every YAML reader reads as a string: plain, as a block, or in JSON's quotes.
  private static func scalar(_ text: String, _ indent: Int) -> String {
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    let isPrintable = text.unicodeScalars.allSatisfy { $0 == "\n" || !TerminalText.isControl($0) }
    if lines.count > 1, isPrintable, lines.first?.first != " ", lines.first?.first != "\t", lines.first != ""
    {
      let margin = "\n" + String(repeating: "  ", count: indent)
      let body = lines.last == "" ? lines.dropLast() : lines[...]
      // A block ends with one line break (`|`) or none (`|-`). Only a quoted scalar can end with more.
      if lines.last != "" || body.last != "" {
        return (lines.last == "" ? "|" : "|-") + body.map { $0.isEmpty ? "\n" : margin + $0 }.joined()
      }
    }
    return isPlain(text) ? text : quoted(text)
  }

  /// A double-quoted scalar: JSON's, with the other characters escaped that command a terminal.
  private static func quoted(_ text: String) -> String {
    var result = ""
    for scalar in JSONText.string(text).unicodeScalars {
      guard TerminalText.isControl(scalar) else {
        result.unicodeScalars.append(scalar)
        continue
      }
      let digits = String(scalar.value, radix: 16)
      result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
    }
    return result
  }

  private static func isPlain(_ text: String) -> Bool {
    guard let first = text.utf8.first, text.utf8.last != 0x20, text.utf8.last != UInt8(ascii: ":") else {
      return false
    }
    let words = ["null", "true", "false", "yes", "no", "on", "off", "y", "n", "~"]
    guard !words.contains(text.lowercased()), !"0123456789+-.".utf8.contains(first) else { return false }
    guard !" !\"#$%&'*,:;<=>?@[\\]^`{|}".utf8.contains(first) else { return false }
    return !text.unicodeScalars.contains { $0 == "\t" || TerminalText.isControl($0) } && !text.contains(": ")
      && !text.contains(" #")
  }
}
