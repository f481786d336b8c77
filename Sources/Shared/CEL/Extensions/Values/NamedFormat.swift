// SPDX-License-Identifier: Apache-2.0

import Names

/// One of Kubernetes' named string formats, which validates a text.
struct NamedFormat: Sendable, OpaqueRepresentable {
  static let celTypeName = "kubernetes.NamedFormat"

  /// The name under `format.` in CEL.
  let name: String
  /// The problems of a text; empty if it is valid.
  let problems: @Sendable (String) -> [String]

  static func == (left: NamedFormat, right: NamedFormat) -> Bool { left.name == right.name }

  static func named(_ name: String) -> NamedFormat? { all.first { $0.name.isUTF8Equal(to: name) } }

  static let all: [NamedFormat] = [
    NamedFormat(name: "dns1123Label") { NameFormat.dns1123Label($0) },
    NamedFormat(name: "dns1123Subdomain") { NameFormat.dns1123Subdomain($0) },
    NamedFormat(name: "dns1035Label") { NameFormat.dns1035Label($0) },
    NamedFormat(name: "qualifiedName") { NameFormat.qualifiedName($0) },
    NamedFormat(name: "dns1123LabelPrefix") { NameFormat.dns1123Label(NameFormat.maskingTrailingDash($0)) },
    NamedFormat(name: "dns1123SubdomainPrefix") {
      NameFormat.dns1123Subdomain(NameFormat.maskingTrailingDash($0))
    },
    NamedFormat(name: "dns1035LabelPrefix") { NameFormat.dns1035Label(NameFormat.maskingTrailingDash($0)) },
    NamedFormat(name: "labelValue") { NameFormat.labelValue($0) },
    NamedFormat(name: "uri") { URLReference.requestProblem($0).map { [$0] } ?? [] },
    NamedFormat(name: "uuid") { isUUID($0) ? [] : ["does not match the UUID format"] },
    NamedFormat(name: "byte") { isBase64($0) ? [] : ["invalid base64"] },
    NamedFormat(name: "date") { isDate($0.utf8[...]) ? [] : ["invalid date"] },
    NamedFormat(name: "datetime") { isDateTime($0) ? [] : ["invalid datetime"] },
  ]

  /// Groups of 8, 4, 4, 4 and 12 hexadecimal digits, each dash optional.
  private static func isUUID(_ text: String) -> Bool {
    var rest = text.utf8[...]
    for (index, count) in [8, 4, 4, 4, 12].enumerated() {
      if index > 0, rest.first == UInt8(ascii: "-") { rest = rest.dropFirst() }
      guard rest.count >= count,
        rest.prefix(count).allSatisfy({ IPAddressParser.hexadecimalValue($0) != nil })
      else { return false }
      rest = rest.dropFirst(count)
    }
    return rest.isEmpty
  }

  /// Whether the text is padded base64 of at least one byte, without line ends.
  private static func isBase64(_ text: String) -> Bool {
    let bytes = text.utf8
    guard !bytes.isEmpty, bytes.count % 4 == 0 else { return false }
    let padding = bytes.reversed().prefix { $0 == UInt8(ascii: "=") }.count
    return padding <= 2
      && bytes.dropLast(padding).allSatisfy { URLEscape.isAlphanumeric($0) || $0 == 0x2B || $0 == 0x2F }
  }

  /// Whether the text is `YYYY-MM-DD` and the day exists.
  private static func isDate(_ text: Substring.UTF8View) -> Bool {
    let bytes = Array(text)
    guard bytes.count == 10, bytes[4] == UInt8(ascii: "-"), bytes[7] == UInt8(ascii: "-") else {
      return false
    }
    guard let year = number(bytes[0..<4]), let month = number(bytes[5..<7]), let day = number(bytes[8..<10]),
      (1...12).contains(month)
    else { return false }
    let isLeapYear = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
    let days = [31, isLeapYear ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
    return day >= 1 && day <= days[month - 1]
  }

  /// Whether the text is a date, `T`, a time up to 23:59:59 with any fraction, and a zone, as in go-openapi's
  /// strfmt.
  private static func isDateTime(_ text: String) -> Bool {
    let bytes = text.utf8
    guard let separator = bytes.firstIndex(where: { $0 | 0x20 == UInt8(ascii: "t") }),
      isDate(bytes[..<separator])
    else { return false }
    let time = Array(bytes[bytes.index(after: separator)...])
    guard time.count >= 9, time[2] == UInt8(ascii: ":"), time[5] == UInt8(ascii: ":"),
      let hour = number(time[0..<2]), let minute = number(time[3..<5]), let second = number(time[6..<8]),
      hour <= 23, minute <= 59, second <= 59
    else { return false }
    var rest = time[8...]
    if rest.first == UInt8(ascii: ".") {
      let fraction = rest.dropFirst().prefix { $0 >= 0x30 && $0 <= 0x39 }
      guard !fraction.isEmpty else { return false }
      rest = rest[fraction.endIndex...]
    }
    if rest.count == 1 { return (rest.first ?? 0) | 0x20 == UInt8(ascii: "z") }
    let zone = Array(rest)
    return zone.count == 6 && (zone[0] == UInt8(ascii: "+") || zone[0] == UInt8(ascii: "-"))
      && zone[3] == UInt8(ascii: ":") && number(zone[1..<3]) != nil && number(zone[4..<6]) != nil
  }

  /// The number; nil if there is anything but digits.
  private static func number(_ bytes: ArraySlice<UInt8>) -> Int? {
    bytes.allSatisfy { $0 >= 0x30 && $0 <= 0x39 } ? Int(String(decoding: bytes, as: UTF8.self)) : nil
  }
}
