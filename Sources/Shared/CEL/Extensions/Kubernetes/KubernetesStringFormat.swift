// SPDX-License-Identifier: Apache-2.0

/// Kubernetes' form of `%s`, `%d`, `%f` and `%e` in `string.format`: lists and maps as CEL literals, numbers
/// as in American English (`1,234.500000`, `3.140000×10⁰⁰`).
enum KubernetesStringFormat {
  static func append(
    _ argument: Value, clause: UInt8, _ precision: Int, to output: inout [UInt8]
  ) throws(EvaluationError) {
    switch clause {
    case UInt8(ascii: "s"): try appendText(argument, to: &output, depth: 0)
    case UInt8(ascii: "d"):
      switch argument {
      case .int(let value): output += "\(value)".utf8
      case .uint(let value): output += "\(value)".utf8
      default: throw StringFormat.mismatch("decimal clause can only be used on integers", argument)
      }
    default:
      let isFixed = clause == UInt8(ascii: "f")
      guard let value = number(argument) else {
        throw StringFormat.mismatch(
          "\(isFixed ? "fixed-point" : "scientific") clause can only be used on doubles", argument)
      }
      output += (isFixed ? fixed(value, precision) : scientific(value, precision)).utf8
    }
  }

  /// The argument as a double; nil if it is not a number. Accepts the strings for NaN and infinity.
  private static func number(_ argument: Value) -> Double? {
    switch argument {
    case .double(let value): value
    case .string("NaN"): .nan
    case .string("Infinity"): .infinity
    case .string("-Infinity"): -.infinity
    default: nil
    }
  }

  private static func fixed(_ value: Double, _ precision: Int) -> String {
    guard value.isFinite else { return value.isNaN ? "NaN" : (value < 0 ? "-∞" : "∞") }
    let digits = NumberText.fixed(value.magnitude, precision: precision).utf8
    let wholeCount = digits.prefix { $0 != UInt8(ascii: ".") }.count
    var grouped: [UInt8] = value.sign == .minus ? [UInt8(ascii: "-")] : []
    for (index, digit) in digits.enumerated() {
      let rest = wholeCount - index
      if index > 0, rest > 0, rest.isMultiple(of: 3) { grouped.append(UInt8(ascii: ",")) }
      grouped.append(digit)
    }
    return String(decoding: grouped, as: UTF8.self)
  }

  private static func scientific(_ value: Double, _ precision: Int) -> String {
    guard value.isFinite else { return value.isNaN ? "NaN" : (value < 0 ? "-∞" : "∞") }
    let parts = NumberText.scientific(value, precision: precision).split(separator: "e")
    let superscripts: [Character: Character] = [
      "0": "⁰", "1": "¹", "2": "²", "3": "³", "4": "⁴", "5": "⁵", "6": "⁶", "7": "⁷", "8": "⁸", "9": "⁹",
      "-": "⁻",
    ]
    let exponent = String((parts.last ?? "").compactMap { superscripts[$0] })
    return "\(parts.first ?? "")×10\(exponent)"
  }

  private static func appendText(
    _ value: Value, to output: inout [UInt8], depth: Int
  ) throws(EvaluationError) {
    switch value.native {
    case .double(let value): output += DoubleText.shortest(value).utf8
    case .list, .map: try appendLiteral(value, to: &output, depth: depth)
    default: try StringFormat.appendText(value, to: &output, depth: depth)
    }
  }

  /// Appends a value that is inside a list or map.
  private static func appendLiteral(
    _ value: Value, to output: inout [UInt8], depth: Int
  ) throws(EvaluationError) {
    try StringFormat.checkSize(output, depth: depth)
    switch value.native {
    case .string(let text): output += StringOperations.quote(text).utf8
    case .bytes(let bytes):
      output += ("b" + StringOperations.quote(String(decoding: bytes, as: UTF8.self))).utf8
    case .double(let value):
      output +=
        (value.isFinite ? NumberText.fixed(value, precision: 6) : "\"\(NumberText.shortest(value))\"").utf8
    case .timestamp, .duration:
      output += (value.typeName == .timestamp ? "timestamp(\"" : "duration(\"").utf8
      try StringFormat.appendText(value, to: &output, depth: depth)
      output += "\")".utf8
    case .list(let list): try StringFormat.append(list, to: &output, depth: depth, appendLiteral)
    case .map(let map): try StringFormat.append(map, colon: ":", to: &output, depth: depth, appendLiteral)
    default: try StringFormat.appendText(value, to: &output, depth: depth)
    }
  }
}
