// SPDX-License-Identifier: Apache-2.0
import JSON
import YAML

extension YAMLNode {
  /// The node as JSON text, as kubectl converts it: plain scalars that look like a number, a truth value or null are
  /// that, all others are strings.
  var json: String {
    switch self {
    case .scalar(let text, let isPlain): isPlain ? Self.plain(text) : JSONText.string(text)
    case .sequence(let elements): "[" + elements.map(\.json).joined(separator: ",") + "]"
    case .mapping(let members):
      "{"
        + members.map { "\(JSONText.string($0.key.string ?? $0.key.json)):\($0.value.json)" }
        .joined(separator: ",") + "}"
    }
  }

  private static func plain(_ text: String) -> String {
    switch text {
    case "", "~", "null", "Null", "NULL": return "null"
    case "true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON": return "true"
    case "false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF": return "false"
    default: break
    }
    if let integer = Int(text) { return String(integer) }
    if text.hasPrefix("0x"), let integer = Int(text.dropFirst(2), radix: 16) { return String(integer) }
    if text.first.map({ $0.isASCII && ($0.isNumber || $0 == "-" || $0 == ".") }) == true,
      let number = Double(text), number.isFinite
    {
      return String(number)
    }
    return JSONText.string(text)
  }
}
