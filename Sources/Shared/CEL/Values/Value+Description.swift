// SPDX-License-Identifier: Apache-2.0

extension Value: CustomStringConvertible {
  /// The value in CEL's syntax, such as `{"name": "web", "since": timestamp("2026-01-01T00:00:00Z")}`.
  public var description: String {
    switch native {
    case .null: return "null"
    case .bool(let value): return value ? "true" : "false"
    case .int(let value): return "\(value)"
    case .uint(let value): return "\(value)u"
    case .double(let value):
      let text = DoubleText.shortest(value)
      return value.isFinite && text.utf8.allSatisfy { $0.isDigit || $0 == UInt8(ascii: "-") }
        ? text + ".0" : text
    case .string(let value): return StringOperations.quote(value)
    case .bytes(let value):
      return "b\"" + value.map { "\\x" + ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined() + "\""
    case .list(let list): return "[" + list.map(\.description).joined(separator: ", ") + "]"
    case .map(let map):
      return "{" + map.entries.map { "\($0.key): \($0.value)" }.joined(separator: ", ") + "}"
    case .timestamp(let value): return "timestamp(\"\(value)\")"
    case .duration(let value): return "duration(\"\(value)\")"
    case .type(let name): return name.description
    case .opaque(let value): return "\(value.typeName)(…)"
    case .optional(let inner): return inner.map { "optional.of(\($0))" } ?? "optional.none()"
    case .foreign: return ""
    }
  }
}
