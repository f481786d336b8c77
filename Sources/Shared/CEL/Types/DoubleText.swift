// SPDX-License-Identifier: Apache-2.0

/// Formats doubles as Go's `strconv` does, because cel-go's `string(double)` is the common reference.
package enum DoubleText {
  /// The shortest decimal that parses to the same double, with an exponent below 1e-4 and from 1e6.
  package static func shortest(_ value: Double) -> String {
    guard value.isFinite else { return value.isNaN ? "NaN" : (value < 0 ? "-Inf" : "+Inf") }
    let (digits, exponent) = decimal(value.magnitude)
    let sign = value.sign == .minus ? "-" : ""
    guard exponent >= -4, exponent < 6 else {
      return sign + scientific(digits, exponent, exponentDigits: 2)
    }
    return sign + plain(digits, exponent)
  }

  /// Parses what Go's `ParseFloat` accepts: a decimal or hexadecimal number, `inf`, `infinity`, `nan`. Nil
  /// for a number that is too large for a double.
  static func parse(_ text: String) -> Double? {
    let unsigned = text.drop { $0 == "+" || $0 == "-" }
    guard text.utf8.count - unsigned.utf8.count <= 1, let first = unsigned.utf8.first else { return nil }
    if first.isDigit || first == UInt8(ascii: ".") {
      var padded = unsigned.first == "." ? "0" + unsigned : String(unsigned)
      // Go requires a digit in the mantissa, and an exponent in a hexadecimal number.
      let mantissa = unsigned.utf8.prefix { $0 | 0x20 != UInt8(ascii: "e") }
      guard mantissa.contains(where: { $0.isDigit }) else { return nil }
      if padded.utf8.dropFirst().first.map({ $0 | 0x20 == UInt8(ascii: "x") }) ?? false,
        !padded.utf8.contains(where: { $0 | 0x20 == UInt8(ascii: "p") })
      {
        return nil
      }
      // Swift requires a digit after the point, Go does not.
      if padded.hasSuffix(".") { padded += "0" }
      guard let value = Double(padded), value.isFinite else { return nil }
      return text.hasPrefix("-") ? -value : value
    }
    switch unsigned.lowercased() {
    case "inf", "infinity": return text.hasPrefix("-") ? -.infinity : .infinity
    case "nan": return unsigned.utf8.count == text.utf8.count ? .nan : nil
    default: return nil
    }
  }

  /// The shortest digits, without zeros at either end, and the power of ten of the first digit. For 0: "0"
  /// and 0.
  static func decimal(_ magnitude: Double) -> (digits: [UInt8], exponent: Int) {
    let parts = magnitude.description.utf8.split(separator: UInt8(ascii: "e"))
    var exponent = parts.count > 1 ? Int(String(decoding: parts[1], as: UTF8.self)) ?? 0 : 0
    var digits = Array(parts[0])
    let point = digits.firstIndex(of: UInt8(ascii: ".")) ?? digits.count
    if point < digits.count { digits.remove(at: point) }
    exponent += point - 1
    let zeros = digits.prefix { $0 == UInt8(ascii: "0") }.count
    guard zeros < digits.count else { return ([UInt8(ascii: "0")], 0) }
    digits.removeFirst(zeros)
    while digits.last == UInt8(ascii: "0") { digits.removeLast() }
    return (digits, exponent - zeros)
  }

  /// One digit before the point, and an exponent of at least so many digits.
  static func scientific(_ digits: [UInt8], _ exponent: Int, exponentDigits: Int) -> String {
    var text = String(decoding: digits.prefix(1), as: UTF8.self)
    if digits.count > 1 { text += "." + String(decoding: digits.dropFirst(), as: UTF8.self) }
    let magnitude = String(exponent.magnitude)
    let zeros = String(repeating: "0", count: max(0, exponentDigits - magnitude.count))
    return text + "e" + (exponent < 0 ? "-" : "+") + zeros + magnitude
  }

  /// Without an exponent.
  static func plain(_ digits: [UInt8], _ exponent: Int) -> String {
    let text = String(decoding: digits, as: UTF8.self)
    if exponent < 0 { return "0." + String(repeating: "0", count: -exponent - 1) + text }
    guard digits.count > exponent + 1 else {
      return text + String(repeating: "0", count: exponent + 1 - digits.count)
    }
    return text.prefix(exponent + 1) + "." + text.dropFirst(exponent + 1)
  }
}
