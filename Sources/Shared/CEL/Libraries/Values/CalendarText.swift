// SPDX-License-Identifier: Apache-2.0

/// Timestamps as text.
enum CalendarText {
  /// RFC 3339 in UTC, with as many digits of a second as needed: `2023-02-03T23:31:20.5Z`.
  static func rfc3339(_ timestamp: TimestampValue) -> String {
    let (day, second) = (floorDivision(timestamp.seconds, 86_400), floorRemainder(timestamp.seconds, 86_400))
    let date = date(daysSinceEpoch: day)
    var fraction = ""
    if timestamp.nanoseconds != 0 {
      fraction = "." + padded(Int64(timestamp.nanoseconds), 9)
      while fraction.hasSuffix("0") { fraction.removeLast() }
    }
    return "\(padded(date.year, 4))-\(padded(date.month, 2))-\(padded(date.day, 2))"
      + "T\(padded(second / 3600, 2)):\(padded(second / 60 % 60, 2)):\(padded(second % 60, 2))\(fraction)Z"
  }

  /// The proleptic Gregorian date, counted in years that start in March so that leap days come last.
  private static func date(daysSinceEpoch: Int64) -> (year: Int64, month: Int64, day: Int64) {
    let shifted = daysSinceEpoch + 719_468
    let era = floorDivision(shifted, 146_097)
    let dayOfEra = shifted - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let monthFromMarch = (5 * dayOfYear + 2) / 153
    let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
    return (
      yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
    )
  }

  private static func floorDivision(_ value: Int64, _ divisor: Int64) -> Int64 {
    value / divisor - (value % divisor < 0 ? 1 : 0)
  }

  private static func floorRemainder(_ value: Int64, _ divisor: Int64) -> Int64 {
    value - floorDivision(value, divisor) * divisor
  }

  private static func padded(_ value: Int64, _ width: Int) -> String {
    let text = "\(value)"
    return String(repeating: "0", count: max(0, width - text.count)) + text
  }
}
