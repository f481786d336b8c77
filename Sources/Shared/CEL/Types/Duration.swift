// SPDX-License-Identifier: Apache-2.0

/// The text form of durations, as in Go's `ParseDuration`, which cel-go uses.
extension DurationValue: CustomStringConvertible {
  /// The duration in seconds, such as `90s` or `-0.5s`.
  public var description: String {
    let magnitude = nanoseconds.magnitude
    let fraction = Int64(magnitude % 1_000_000_000)
    let sign = nanoseconds < 0 ? "-" : ""
    let tail = fraction == 0 ? "" : "." + TimestampValue.fraction(fraction)
    return "\(sign)\(magnitude / 1_000_000_000)\(tail)s"
  }

  private static let units: [(suffix: String, nanoseconds: UInt64)] = [
    // Longer suffixes come first, so that "ms" is not read as "m".
    ("ns", 1), ("us", 1000), ("µs", 1000), ("μs", 1000), ("ms", 1_000_000),
    ("s", 1_000_000_000), ("m", 60_000_000_000), ("h", 3_600_000_000_000),
  ]

  /// Parses `1h30m`, `-1.5s`, `0`.
  ///
  /// - Throws: `invalidConversion` for other text, `outOfRange` beyond int64 nanoseconds
  package static func parse(_ text: String) throws(EvaluationError) -> DurationValue {
    var rest = Array(text.utf8)[...]
    let isNegative = rest.first == UInt8(ascii: "-")
    if isNegative || rest.first == UInt8(ascii: "+") { rest.removeFirst() }
    if rest.elementsEqual("0".utf8) { return DurationValue(nanoseconds: 0) }
    let malformed = EvaluationError(
      .invalidConversion, "'\(text.prefix(64))' is not a duration such as 1h30m, 45s or 100ms")
    let tooLong = EvaluationError(.outOfRange, "duration \(text.prefix(64))")
    guard !rest.isEmpty else { throw malformed }
    var total: UInt64 = 0
    while !rest.isEmpty {
      let whole = rest.prefix { $0.isDigit }
      rest = rest.dropFirst(whole.count)
      var fraction: ArraySlice<UInt8> = []
      if rest.first == UInt8(ascii: ".") {
        fraction = rest.dropFirst().prefix { $0.isDigit }
        rest = rest.dropFirst(1 + fraction.count)
      }
      guard !whole.isEmpty || !fraction.isEmpty,
        let unit = units.first(where: { rest.starts(with: $0.suffix.utf8) })
      else { throw malformed }
      rest = rest.dropFirst(unit.suffix.utf8.count)
      guard let amount = Self.amount(whole, fraction, unit.nanoseconds), amount <= 1 << 63, total <= 1 << 63
      else {
        throw tooLong
      }
      total += amount
    }
    guard total <= (isNegative ? 1 << 63 : UInt64(Int64.max)) else { throw tooLong }
    return DurationValue(nanoseconds: isNegative ? Int64(truncatingIfNeeded: 0 &- total) : Int64(total))
  }

  /// The amount in nanoseconds, rounded down; nil if it does not fit into 64 bits.
  private static func amount(_ whole: ArraySlice<UInt8>, _ fraction: ArraySlice<UInt8>, _ unit: UInt64)
    -> UInt64?
  {
    var result: UInt64 = 0
    for digit in whole {
      let (product, overflow) = result.multipliedReportingOverflow(by: 10)
      let (sum, sumOverflow) = product.addingReportingOverflow(UInt64(digit - 0x30))
      if overflow || sumOverflow { return nil }
      result = sum
    }
    let (product, overflow) = result.multipliedReportingOverflow(by: unit)
    if overflow { return nil }
    var part: UInt64 = 0
    var scale: UInt64 = 1
    // An hour has 3.6e12 nanoseconds, so that 13 digits of a fraction are enough, and their product fits into
    // 64 bits.
    for digit in fraction.prefix(13) {
      part = part * 10 + UInt64(digit - 0x30)
      scale *= 10
    }
    let scaled = unit.multipliedFullWidth(by: part)
    let (sum, sumOverflow) = product.addingReportingOverflow(scale.dividingFullWidth(scaled).quotient)
    return sumOverflow ? nil : sum
  }
}

/// `getHours()` and the like of durations. They return the whole duration in their unit, except
/// `getMilliseconds()`, which returns the part below a second.
enum DurationFunctions {
  static func declare(in declarations: inout Declarations) {
    func declare(_ name: String, _ id: String, _ part: @escaping @Sendable (Int64) -> Int64) {
      declarations.function(
        name, .unary(id, member: true) { (span: DurationValue) in part(span.nanoseconds) })
    }
    declare("getHours", "duration_to_hours") { $0 / 3_600_000_000_000 }
    declare("getMinutes", "duration_to_minutes") { $0 / 60_000_000_000 }
    declare("getSeconds", "duration_to_seconds") { $0 / 1_000_000_000 }
    declare("getMilliseconds", "duration_to_milliseconds") { $0 / 1_000_000 % 1000 }
  }
}
