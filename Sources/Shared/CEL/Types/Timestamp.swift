// SPDX-License-Identifier: Apache-2.0

/// The text form of timestamps, and their parts in a zone.
extension TimestampValue: CustomStringConvertible {
  /// RFC 3339 with as many decimal places as needed, in the offset that the timestamp was written with.
  public var description: String {
    let offset = Int64(offsetMinutes)
    let date = CivilDate(secondsSinceEpoch: seconds + offset * 60)
    var text = "\(Self.pad(date.year, 4))-\(Self.pad(date.month, 2))-\(Self.pad(date.day, 2))T"
    text += Self.clock(date.secondOfDay)
    if nanoseconds > 0 { text += "." + Self.fraction(Int64(nanoseconds)) }
    guard offset != 0 else { return text + "Z" }
    return text + (offset < 0 ? "-" : "+") + Self.pad(abs(offset) / 60, 2) + ":"
      + Self.pad(abs(offset) % 60, 2)
  }

  private static func clock(_ second: Int64) -> String {
    "\(pad(second / 3600, 2)):\(pad(second / 60 % 60, 2)):\(pad(second % 60, 2))"
  }

  private static func pad(_ value: Int64, _ width: Int) -> String {
    let digits = String(value)
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
  }

  /// Nanoseconds as a point and decimal places, without trailing zeros.
  static func fraction(_ nanoseconds: Int64) -> String {
    var digits = pad(nanoseconds, 9)
    while digits.hasSuffix("0") { digits.removeLast() }
    return digits
  }

  /// Parses RFC 3339: `2009-02-13T23:31:30.5Z`, `…+01:00`. Digits below a nanosecond are ignored.
  ///
  /// - Throws: `invalidConversion` for other text, `outOfRange` outside years 1–9999
  package static func parse(_ text: String) throws(EvaluationError) -> TimestampValue {
    var reader = DigitReader(text)
    guard let year = reader.digits(4), reader.accept("-"), let month = reader.digits(2), reader.accept("-"),
      let day = reader.digits(2), reader.accept("T"), let hour = reader.digits(2), reader.accept(":"),
      let minute = reader.digits(2), reader.accept(":"), let second = reader.digits(2)
    else { throw reader.failure }
    var nanoseconds: Int64 = 0
    if reader.accept(".") {
      guard let fraction = reader.fraction() else { throw reader.failure }
      nanoseconds = fraction
    }
    guard let offset = reader.zone(), reader.isAtEnd, (1...12).contains(month), hour < 24, minute < 60,
      second < 60,
      day >= 1, day <= CivilDate.days(inMonth: month, of: year)
    else { throw reader.failure }
    let date = CivilDate(year: year, month: month, day: day, secondOfDay: hour * 3600 + minute * 60 + second)
    guard
      let result = TimestampValue(
        seconds: date.secondsSinceEpoch - offset * 60, nanoseconds: Int32(nanoseconds),
        offsetMinutes: Int16(offset))
    else { throw EvaluationError(.outOfRange, "timestamp \(text.prefix(64))") }
    return result
  }
}

/// Reads the fields of a timestamp.
private struct DigitReader {
  private let text: [UInt8]
  private var position = 0

  init(_ text: String) { self.text = Array(text.utf8) }

  var isAtEnd: Bool { position == text.count }

  var failure: EvaluationError {
    let shown = String(decoding: text.prefix(64), as: UTF8.self)
    // A year of five digits is reported as out of range, not as malformed.
    let isLongYear = text.prefix { $0.isDigit }.count > 4
    return isLongYear
      ? EvaluationError(.outOfRange, "timestamp \(shown)")
      : EvaluationError(
        .invalidConversion, "'\(shown)' is not an RFC 3339 timestamp such as 2026-01-31T00:00:00Z")
  }

  mutating func accept(_ character: UnicodeScalar) -> Bool {
    guard position < text.count, text[position] == UInt8(ascii: character) else { return false }
    position += 1
    return true
  }

  mutating func digits(_ count: Int) -> Int64? {
    guard position + count <= text.count else { return nil }
    var result: Int64 = 0
    for byte in text[position..<position + count] {
      guard byte.isDigit else { return nil }
      result = result * 10 + Int64(byte - 0x30)
    }
    position += count
    return result
  }

  /// The decimal places, as nanoseconds.
  mutating func fraction() -> Int64? {
    var result: Int64 = 0
    var count = 0
    while position < text.count, text[position].isDigit {
      if count < 9 { result = result * 10 + Int64(text[position] - 0x30) }
      count += 1
      position += 1
    }
    guard count > 0 else { return nil }
    for _ in min(count, 9)..<9 { result *= 10 }
    return result
  }

  /// The offset `Z` or `±hh:mm`, in minutes.
  mutating func zone() -> Int64? {
    if accept("Z") { return 0 }
    let isNegative = accept("-")
    guard isNegative || accept("+") else { return nil }
    guard let hours = digits(2), accept(":"), let minutes = digits(2), hours < 24, minutes < 60 else {
      return nil
    }
    return (isNegative ? -1 : 1) * (hours * 60 + minutes)
  }
}
