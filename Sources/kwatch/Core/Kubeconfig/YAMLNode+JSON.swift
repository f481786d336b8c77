// SPDX-License-Identifier: Apache-2.0
import JSON
import YAML

/// The JSON type of a plain YAML scalar. kubectl converts a kubeconfig to JSON before it reads its fields, so
/// a token of digits is a number there and not a string.
enum PlainScalar: Equatable {
  case null
  case bool(Bool)
  /// As JSON; nil: infinity or not a number, which JSON does not have.
  case number(String?)
  case string

  /// The rules of YAML 1.1 as Go's library (sigs.k8s.io/yaml) has them.
  init(_ text: String) {
    switch text {
    case "", "~", "null", "Null", "NULL": self = .null
    case "y", "Y", "yes", "Yes", "YES", "on", "On", "ON", "true", "True", "TRUE": self = .bool(true)
    case "n", "N", "no", "No", "NO", "off", "Off", "OFF", "false", "False", "FALSE": self = .bool(false)
    default: self = Self.numeral(text) ?? .string
    }
  }

  private static func numeral(_ text: String) -> PlainScalar? {
    let digits = text.utf8.filter { $0 != UInt8(ascii: "_") }
    guard let first = text.utf8.first,
      UInt8(ascii: "0")...UInt8(ascii: "9") ~= first || "+-.".utf8.contains(first)
    else { return nil }
    let plain = String(decoding: digits, as: UTF8.self)
    if let integer = integer(plain) { return .number(integer) }
    if [".inf", ".Inf", ".INF", ".nan", ".NaN", ".NAN"].contains(text.drop { "+-".contains($0) }) {
      return .number(nil)
    }
    // Double also reads hexadecimal floats and words.
    guard plain.utf8.allSatisfy({ "0123456789+-.eE".utf8.contains($0) }), plain != ".",
      let number = Double(plain.hasSuffix(".") ? plain + "0" : plain.replacing(".e", with: ".0e")),
      number.isFinite
    else { return nil }
    return .number(String(number))
  }

  private static func integer(_ text: String) -> String? {
    let sign = text.hasPrefix("-") ? "-" : ""
    let magnitude = text.first.map { "+-".contains($0) } == true ? text.dropFirst() : text[...]
    let (radix, digits): (UInt64, Substring) =
      switch magnitude.prefix(2).lowercased() {
      case "0x": (16, magnitude.dropFirst(2))
      case "0o": (8, magnitude.dropFirst(2))
      case "0b": (2, magnitude.dropFirst(2))
      case let start where start.utf8.count == 2 && start.utf8.first == UInt8(ascii: "0"):
        (8, magnitude.dropFirst())
      default: (10, magnitude)
      }
    guard !digits.isEmpty else { return nil }
    var value: UInt64 = 0
    for character in digits {
      guard let digit = character.hexDigitValue, character.isASCII, digit < radix else { return nil }
      let (product, isTooLarge) = value.multipliedReportingOverflow(by: radix)
      let (sum, overflows) = product.addingReportingOverflow(UInt64(digit))
      guard !isTooLarge, !overflows else { return nil }
      value = sum
    }
    return sign + String(value)
  }
}

extension YAMLNode {
  /// For messages, with an article: what a node is in JSON.
  var kindInJSON: String {
    switch self {
    case .sequence: "a list"
    case .mapping: "a mapping"
    case .scalar(_, isPlain: false): "a string"
    case .scalar(let text, isPlain: true):
      switch PlainScalar(text) {
      case .null: "null"
      case .bool: "a truth value"
      case .number: "a number"
      case .string: "a string"
      }
    }
  }

  /// The text of a scalar that is a string in JSON, too.
  var jsonString: String? {
    guard case .scalar(let text, let isPlain) = self, !isPlain || PlainScalar(text) == .string else {
      return nil
    }
    return text
  }

  /// The node as JSON text, as kubectl converts it.
  var json: String {
    var writer = JSONWriter()
    write(to: &writer)
    return String(decoding: writer.bytes, as: UTF8.self)
  }

  private func write(to writer: inout JSONWriter) {
    switch self {
    case .scalar(let text, isPlain: false): writer.value(text)
    case .scalar(let text, isPlain: true):
      switch PlainScalar(text) {
      case .null: writer.null()
      case .bool(let flag): writer.value(flag)
      case .number(let number?): writer.raw(number.utf8)
      case .number(nil), .string: writer.value(text)
      }
    case .sequence(let elements):
      writer.array { writer in for element in elements { element.write(to: &writer) } }
    case .mapping(let members):
      writer.object { writer in
        for member in members {
          writer.key(member.key.string ?? member.key.json)
          member.value.write(to: &writer)
        }
      }
    }
  }
}
