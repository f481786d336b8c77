// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Formats doubles as Go's strconv does.
enum NumberText {
  /// The shortest decimal that parses to the same double, without exponent: `0.000000002`.
  static func shortest(_ value: Double) -> String {
    if let name = nonFinite(value) { return name }
    let (digits, exponent) = DoubleText.decimal(value.magnitude)
    return (value.sign == .minus ? "-" : "") + DoubleText.plain(digits, exponent)
  }

  /// The form in Go's JSON: like ``shortest(_:)``, but with an exponent below 1e-6 and from 1e21.
  static func json(_ value: Double) -> String {
    let magnitude = value.magnitude
    guard magnitude != 0, magnitude < 1e-6 || magnitude >= 1e21 else { return shortest(value) }
    let (digits, exponent) = DoubleText.decimal(value.magnitude)
    return (value.sign == .minus ? "-" : "") + DoubleText.scientific(digits, exponent, exponentDigits: 1)
  }

  /// `%.*f`: rounds to `precision` decimal places, exact ties to even.
  static func fixed(_ value: Double, precision: Int) -> String {
    nonFinite(value) ?? format("%.*f", value, precision)
  }

  /// `%.*e`: one digit before the point and an exponent of at least two digits.
  static func scientific(_ value: Double, precision: Int) -> String {
    nonFinite(value) ?? format("%.*e", value, precision)
  }

  private static func nonFinite(_ value: Double) -> String? {
    if value.isNaN { return "NaN" }
    return value.isInfinite ? (value < 0 ? "-Infinity" : "Infinity") : nil
  }

  private static func format(_ format: String, _ value: Double, _ precision: Int) -> String {
    // At most 309 digits before the point, a sign, the point, and the decimal places.
    var buffer = [CChar](repeating: 0, count: 330 + max(precision, 0))
    let count = unsafe withVaList([Int32(clamping: precision), value]) { arguments in
      unsafe vsnprintf(&buffer, buffer.count, format, arguments)
    }
    let length = min(max(Int(count), 0), buffer.count - 1)
    return String(decoding: buffer[..<length].map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
