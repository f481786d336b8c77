// SPDX-License-Identifier: Apache-2.0

/// A CEL value as compact JSON, by the rules of cel-go's `json.encode`.
///
/// Integers beyond ±(2^53 - 1), which many readers would round, are written as strings; bytes as base64; timestamps
/// and durations as strings; map keys as strings, in the map's order.
package enum JSONEncoding {
  private static let nestingLimit = 200
  private static let resultLimit = StringOperations.resultLimit
  private static let exactLimit: Int64 = (1 << 53) - 1

  package static func encode(_ value: Value) throws(EvaluationError) -> String {
    var output: [UInt8] = []
    try append(value, to: &output, depth: 0)
    return String(decoding: output, as: UTF8.self)
  }

  private static func append(
    _ value: Value, to output: inout [UInt8], depth: Int
  ) throws(EvaluationError) {
    guard depth <= nestingLimit, output.count <= resultLimit else {
      throw .invalidArgument("a value is too large for json.encode")
    }
    switch value.native {
    case .null: output += "null".utf8
    case .bool(let value): output += (value ? "true" : "false").utf8
    case .int(let value):
      output += (value.magnitude <= UInt64(exactLimit) ? "\(value)" : "\"\(value)\"").utf8
    case .uint(let value): output += (value <= UInt64(exactLimit) ? "\(value)" : "\"\(value)\"").utf8
    case .double(let value):
      guard value.isFinite else { throw .invalidArgument("NaN and infinity have no form in JSON") }
      output += NumberText.json(value).utf8
    case .string(let value): append(value, to: &output)
    case .bytes(let value): append(Base64.encode(value), to: &output)
    case .timestamp(let value): append(StringFormat.utc(value), to: &output)
    case .duration(let value):
      let (seconds, rest) = value.nanoseconds.quotientAndRemainder(dividingBy: 1_000_000_000)
      append(NumberText.shortest(Double(seconds) + Double(rest) / 1e9) + "s", to: &output)
    case .list(let list):
      output.append(UInt8(ascii: "["))
      for (index, element) in list.enumerated() {
        if index > 0 { output.append(UInt8(ascii: ",")) }
        try append(element, to: &output, depth: depth + 1)
      }
      output.append(UInt8(ascii: "]"))
    case .map(let map):
      output.append(UInt8(ascii: "{"))
      for (index, entry) in map.entries.enumerated() {
        if index > 0 { output.append(UInt8(ascii: ",")) }
        append(keyText(entry.key), to: &output)
        output.append(UInt8(ascii: ":"))
        try append(entry.value, to: &output, depth: depth + 1)
      }
      output.append(UInt8(ascii: "}"))
    case .type, .opaque, .optional, .foreign:
      throw .invalidArgument("a value of type \(value.typeName) has no form in JSON")
    }
  }

  private static func keyText(_ key: Value) -> String {
    switch key.native {
    case .string(let text): text
    case .int(let value): "\(value)"
    case .uint(let value): "\(value)"
    case .bool(let value): value ? "true" : "false"
    default: ""
    }
  }

  /// A string in quotes. Besides what JSON demands, `<`, `>`, `&` and the line separators U+2028 and U+2029 are
  /// escaped, as Go does, so that the text can stand in HTML and JavaScript.
  private static func append(_ text: String, to output: inout [UInt8]) {
    output.append(UInt8(ascii: "\""))
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": output += "\\\"".utf8
      case "\\": output += "\\\\".utf8
      case "\n": output += "\\n".utf8
      case "\r": output += "\\r".utf8
      case "\t": output += "\\t".utf8
      case "\u{8}": output += "\\b".utf8
      case "\u{C}": output += "\\f".utf8
      case _
      where scalar.value < 0x20 || scalar == "<" || scalar == ">" || scalar == "&" || scalar.value == 0x2028
        || scalar.value == 0x2029:
        let digits = String(scalar.value, radix: 16)
        output += ("\\u" + String(repeating: "0", count: 4 - digits.count) + digits).utf8
      default: output += String(scalar).utf8
      }
    }
    output.append(UInt8(ascii: "\""))
  }
}
