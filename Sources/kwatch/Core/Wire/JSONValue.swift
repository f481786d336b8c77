// SPDX-License-Identifier: Apache-2.0

/// A small JSON document in memory: discovery, a Status, an exec credential, a table row.
///
/// Not for objects on their way through: those stay bytes.
enum JSONValue: Equatable, Sendable {
  case null
  case bool(Bool)
  /// A number's own text; nothing here needs its value rounded.
  case number(String)
  case string(String)
  case array([JSONValue])
  case object([String: JSONValue])

  /// Documents this deep are none of ours.
  static let depthLimit = 128

  /// - Throws: `JSONFault` for text that is not one JSON value.
  static func parse(_ text: Span<UInt8>) throws(JSONFault) -> JSONValue {
    var walker = JSONWalker()
    let value = try parse(text, &walker, depth: 0)
    walker.skipSpace(text)
    guard walker.position == text.count else { throw .unexpected(at: walker.position) }
    return value
  }

  static func parse(_ bytes: [UInt8]) throws(JSONFault) -> JSONValue { try parse(bytes.span) }

  private static func parse(
    _ text: Span<UInt8>, _ walker: inout JSONWalker, depth: Int
  ) throws(JSONFault) -> JSONValue {
    guard depth < depthLimit else { throw .tooDeep }
    switch try walker.peek(text) {
    case UInt8(ascii: "{"):
      walker.position += 1
      var members: [String: JSONValue] = [:]
      while let key = try walker.nextKey(text) {
        let name = unescape(text, key)
        let value = try parse(text, &walker, depth: depth + 1)
        // The first of duplicate keys wins, in every tool.
        if members[name] == nil { members[name] = value }
      }
      return .object(members)
    case UInt8(ascii: "["):
      walker.position += 1
      var elements: [JSONValue] = []
      while try walker.nextElement(text) {
        elements.append(try parse(text, &walker, depth: depth + 1))
      }
      return .array(elements)
    case UInt8(ascii: "\""):
      return .string(unescape(text, try walker.string(text)))
    default:
      let range = try walker.skipValue(text)
      switch text.text(range) {
      case "null": return .null
      case "true": return .bool(true)
      case "false": return .bool(false)
      case let other:
        guard let first = other.utf8.first, first == UInt8(ascii: "-") || (0x30...0x39).contains(first) else {
          throw .unexpected(at: range.lowerBound)
        }
        return .number(other)
      }
    }
  }

  subscript(key: String) -> JSONValue? {
    if case .object(let members) = self { members[key] } else { nil }
  }

  var text: String? { if case .string(let text) = self { text } else { nil } }
  var elements: [JSONValue] { if case .array(let elements) = self { elements } else { [] } }
  var texts: [String] { elements.compactMap(\.text) }
  var flag: Bool? { if case .bool(let flag) = self { flag } else { nil } }
  var integer: Int? { if case .number(let text) = self { Int(text) } else { nil } }

  /// What people see of it in a table cell.
  var plain: String {
    switch self {
    case .null: "<none>"
    case .bool(let flag): flag ? "true" : "false"
    case .number(let text), .string(let text): text
    case .array(let elements): elements.map(\.plain).joined(separator: ",")
    case .object(let members): members.keys.sorted().joined(separator: ",")
    }
  }

  /// The text between the quotes of a JSON string, escapes resolved; what is no valid escape stays as it is, and
  /// a lone surrogate becomes U+FFFD.
  static func unescape(_ text: Span<UInt8>, _ range: Range<Int>) -> String {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(range.count)
    var index = range.lowerBound
    while index < range.upperBound {
      let byte = text[index]
      guard byte == UInt8(ascii: "\\"), index + 1 < range.upperBound else {
        bytes.append(byte)
        index += 1
        continue
      }
      index += 2
      switch text[index - 1] {
      case UInt8(ascii: "n"): bytes.append(0x0A)
      case UInt8(ascii: "t"): bytes.append(0x09)
      case UInt8(ascii: "r"): bytes.append(0x0D)
      case UInt8(ascii: "b"): bytes.append(0x08)
      case UInt8(ascii: "f"): bytes.append(0x0C)
      case UInt8(ascii: "u"):
        guard var unit = hexadecimal(text, index, before: range.upperBound) else {
          bytes += [UInt8(ascii: "\\"), UInt8(ascii: "u")]
          continue
        }
        index += 4
        if (0xD800..<0xDC00).contains(unit), index + 1 < range.upperBound, text[index] == UInt8(ascii: "\\"),
          text[index + 1] == UInt8(ascii: "u"),
          let low = hexadecimal(text, index + 2, before: range.upperBound), (0xDC00..<0xE000).contains(low)
        {
          unit = 0x10000 + (unit - 0xD800) << 10 + (low - 0xDC00)
          index += 6
        }
        bytes += Array(String(Character(Unicode.Scalar(unit) ?? "\u{FFFD}")).utf8)
      case let other: bytes.append(other)
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  private static func hexadecimal(_ text: Span<UInt8>, _ start: Int, before end: Int) -> UInt32? {
    guard start + 4 <= end else { return nil }
    var value: UInt32 = 0
    for index in start..<start + 4 {
      switch text[index] {
      case let digit where (0x30...0x39).contains(digit): value = value << 4 | UInt32(digit - 0x30)
      case let digit where (0x41...0x46).contains(digit): value = value << 4 | UInt32(digit - 0x37)
      case let digit where (0x61...0x66).contains(digit): value = value << 4 | UInt32(digit - 0x57)
      default: return nil
      }
    }
    return value
  }
}
