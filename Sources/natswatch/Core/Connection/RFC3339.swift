// SPDX-License-Identifier: Apache-2.0

/// RFC 3339 times with nanoseconds, in both directions, without a calendar library.
package enum RFC3339 {
  /// Nanoseconds since 1970 of an RFC 3339 time such as `2026-11-21T08:00:00.123456789Z`; nil when it is none.
  package static func nanoseconds(_ text: String) -> Int64? {
    let bytes = Array(text.utf8)
    func digits(_ range: Range<Int>) -> Int64? {
      guard range.upperBound <= bytes.count else { return nil }
      var value: Int64 = 0
      for index in range {
        guard bytes[index] >= 0x30, bytes[index] <= 0x39 else { return nil }
        value = value * 10 + Int64(bytes[index] - 0x30)
      }
      return value
    }
    guard bytes.count >= 20, let year = digits(0..<4), bytes[4] == 0x2d, let month = digits(5..<7),
      bytes[7] == 0x2d, let day = digits(8..<10), bytes[10] == 0x54 || bytes[10] == 0x74 || bytes[10] == 0x20,
      let hour = digits(11..<13), bytes[13] == 0x3a, let minute = digits(14..<16), bytes[16] == 0x3a,
      let second = digits(17..<19), (1...12).contains(month), (1...31).contains(day), hour < 24, minute < 60,
      second < 61, (1678...2261).contains(year)
    else { return nil }
    var position = 19
    var fraction: Int64 = 0
    if bytes[position] == 0x2e {
      position += 1
      var scale: Int64 = 100_000_000
      let start = position
      while position < bytes.count, let digit = digits(position..<position + 1) {
        fraction += digit * scale
        scale /= 10
        position += 1
      }
      guard position > start else { return nil }
    }
    guard position < bytes.count else { return nil }
    var offset: Int64 = 0
    switch bytes[position] {
    case 0x5a, 0x7a: position += 1
    case 0x2b, 0x2d:
      guard let hours = digits(position + 1..<position + 3), position + 6 <= bytes.count,
        bytes[position + 3] == 0x3a, let minutes = digits(position + 4..<position + 6)
      else { return nil }
      offset = (hours * 60 + minutes) * 60 * (bytes[position] == 0x2b ? 1 : -1)
      position += 6
    default: return nil
    }
    guard position == bytes.count else { return nil }
    let days = daysSince1970(year: year, month: month, day: day)
    return ((days * 24 + hour) * 60 + minute) * 60_000_000_000 + (second - offset) * 1_000_000_000 + fraction
  }

  /// RFC 3339 in UTC with nine digits of fraction.
  package static func text(nanoseconds: Int64) -> String {
    var writer = TimestampWriter()
    return String(decoding: writer.text(nanoseconds), as: UTF8.self)
  }

  /// Howard Hinnant's days-from-civil, the inverse of the one in ``TimestampWriter``.
  private static func daysSince1970(year: Int64, month: Int64, day: Int64) -> Int64 {
    let shifted = month <= 2 ? year - 1 : year
    let era = shifted / 400
    let yearOfEra = shifted - era * 400
    let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
    let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
    return era * 146_097 + dayOfEra - 719_468
  }
}

/// Writes times, most of which share their second with the one before: the date is worked out once a second.
struct TimestampWriter {
  private var second = Int64.min
  private var text: [UInt8] = []

  /// RFC 3339 in UTC with nine digits of a second, for nanoseconds since 1970.
  mutating func text(_ nanoseconds: Int64) -> [UInt8] {
    let (quotient, remainder) = nanoseconds.quotientAndRemainder(dividingBy: 1_000_000_000)
    let seconds = remainder < 0 ? quotient - 1 : quotient
    var fraction = UInt32(remainder < 0 ? remainder + 1_000_000_000 : remainder)
    if seconds != second {
      second = seconds
      text = Self.date(seconds) + Array("000000000Z".utf8)
    }
    unsafe text.withUnsafeMutableBufferPointer { bytes in
      var index = bytes.count - 1
      for _ in 0..<9 {
        index &-= 1
        let quotient = fraction / 10
        unsafe bytes[index] = UInt8(truncatingIfNeeded: fraction &- quotient &* 10) | 0x30
        fraction = quotient
      }
    }
    return text
  }

  /// `2026-11-21T08:00:00.` for a second since 1970.
  private static func date(_ seconds: Int64) -> [UInt8] {
    let dayNumber = seconds >= 0 ? seconds / 86_400 : (seconds - 86_399) / 86_400
    let secondOfDay = seconds - dayNumber * 86_400
    let shifted = dayNumber + 719_468
    let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
    let dayOfEra = shifted - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let monthIndex = (5 * dayOfYear + 2) / 153
    let month = monthIndex < 10 ? monthIndex + 3 : monthIndex - 9
    var bytes: [UInt8] = []
    func put(_ value: Int64, width: Int, then separator: Character) {
      let text = String(value)
      for _ in 0..<max(0, width - text.utf8.count) { bytes.append(0x30) }
      bytes.append(contentsOf: text.utf8)
      bytes.append(contentsOf: String(separator).utf8)
    }
    put(yearOfEra + era * 400 + (month <= 2 ? 1 : 0), width: 4, then: "-")
    put(month, width: 2, then: "-")
    put(dayOfYear - (153 * monthIndex + 2) / 5 + 1, width: 2, then: "T")
    put(secondOfDay / 3600, width: 2, then: ":")
    put(secondOfDay / 60 % 60, width: 2, then: ":")
    put(secondOfDay % 60, width: 2, then: ".")
    return bytes
  }
}
