// SPDX-License-Identifier: Apache-2.0

/// The JSON type of a plain YAML scalar. kubectl converts a kubeconfig to JSON before it reads its fields, so
/// a token of digits is a number there and not a string.
package enum PlainScalar: Equatable {
  case null
  case bool(Bool)
  /// As JSON; nil: infinity or not a number, which JSON does not have.
  case number(String?)
  case string

  /// The rules of YAML 1.1 as Go's library (sigs.k8s.io/yaml) has them.
  package init(_ text: String) {
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

  /// The types whose tag makes a scalar what a plain one would be: `!!int "5"` is a number.
  enum TagType: String { case int, float, bool, null }

  static func type(ofTag tag: String) -> TagType? {
    let prefix = "tag:yaml.org,2002:"
    return tag.hasPrefix(prefix) ? TagType(rawValue: String(tag.dropFirst(prefix.count))) : nil
  }

  func isOf(_ type: TagType) -> Bool {
    switch (self, type) {
    case (.null, .null), (.bool, .bool), (.number, .float): true
    case (.number(let number?), .int): Int(number) != nil || UInt64(number) != nil
    default: false
    }
  }
}
