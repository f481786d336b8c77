// SPDX-License-Identifier: Apache-2.0

/// Times as RFC 3339 writes them, without a calendar library.
package enum RFC3339 {
  /// Nanoseconds since 1970 of a time such as `2026-11-21T08:00:00.123456789Z`; nil when the text is no such time.
  ///
  /// An Int64 has room for times from 1677 to 2262. An earlier or later time becomes the limit, so that
  /// `9999-12-31T23:59:59Z` still means a time that is never reached.
  package static func nanoseconds(_ text: String) -> Int64? {
    let bytes = Array(text.utf8)
    func digits(_ range: Range<Int>) -> Int64? { number(bytes, range) }
    guard bytes.count >= 20, let year = digits(0..<4), bytes[4] == 0x2D, let month = digits(5..<7),
      bytes[7] == 0x2D, let day = digits(8..<10), bytes[10] == 0x54 || bytes[10] == 0x74 || bytes[10] == 0x20,
      let hour = digits(11..<13), bytes[13] == 0x3A, let minute = digits(14..<16), bytes[16] == 0x3A,
      let second = digits(17..<19), hour < 24, minute < 60, second < 61
    else { return nil }
    let date = CivilDate(year: year, month: month, day: day)
    guard date.isValid else { return nil }
    var position = 19
    var fraction: Int64 = 0
    if bytes[position] == 0x2E {
      position += 1
      let start = position
      var scale: Int64 = 100_000_000
      while position < bytes.count, let digit = digits(position..<position + 1) {
        fraction += digit * scale
        scale /= 10
        position += 1
      }
      guard position > start else { return nil }
    }
    guard let offset = offset(bytes, at: position) else { return nil }
    let seconds = ((date.daysSince1970 * 24 + hour) * 60 + minute) * 60 + second - offset
    let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
    let (sum, isTooLate) = product.addingReportingOverflow(fraction)
    return overflow || isTooLate ? (seconds < 0 ? .min : .max) : sum
  }

  /// The offset from UTC in seconds that ends a time: `Z` or `+hh:mm`.
  private static func offset(_ bytes: [UInt8], at start: Int) -> Int64? {
    guard start < bytes.count else { return nil }
    let rest = bytes[start...]
    if rest.count == 1 { return rest.first == 0x5A || rest.first == 0x7A ? 0 : nil }
    guard rest.count == 6, bytes[start + 3] == 0x3A, bytes[start] == 0x2B || bytes[start] == 0x2D,
      let hours = number(bytes, start + 1..<start + 3), let minutes = number(bytes, start + 4..<start + 6),
      hours < 24, minutes < 60
    else { return nil }
    return (hours * 60 + minutes) * (bytes[start] == 0x2B ? 60 : -60)
  }

  /// The number that the digits of a range are; nil for anything but digits.
  private static func number(_ bytes: [UInt8], _ range: Range<Int>) -> Int64? {
    guard range.upperBound <= bytes.count else { return nil }
    var value: Int64 = 0
    for index in range {
      guard (0x30...0x39).contains(bytes[index]) else { return nil }
      value = value * 10 + Int64(bytes[index] - 0x30)
    }
    return value
  }

  /// A time in UTC with nine digits of a second, for nanoseconds since 1970.
  package static func text(nanoseconds: Int64) -> String {
    var writer = RFC3339Writer()
    return String(decoding: writer.text(nanoseconds), as: UTF8.self)
  }
}

/// Writes times, most of which share their second with the one before: the date is computed once a second.
package struct RFC3339Writer {
  private var second = Int64.min
  private var text: [UInt8] = []

  package init() {}

  /// RFC 3339 in UTC with nine digits of a second, for nanoseconds since 1970.
  package mutating func text(_ nanoseconds: Int64) -> [UInt8] {
    let seconds = nanoseconds.floorDivided(by: 1_000_000_000)
    // The product of an hour long past could not be represented: the remainder is the same without it.
    let remainder = nanoseconds % 1_000_000_000
    var fraction = UInt32(remainder < 0 ? remainder + 1_000_000_000 : remainder)
    if seconds != second {
      second = seconds
      text = Self.date(seconds) + Array(".000000000Z".utf8)
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

  /// `2026-11-21T08:00:00` for a second since 1970.
  static func date(_ seconds: Int64) -> [UInt8] {
    let days = seconds.floorDivided(by: 86_400)
    let time = seconds - days * 86_400
    let date = CivilDate(daysSince1970: days)
    var bytes: [UInt8] = []
    func put(_ value: Int64, width: Int, then separator: UInt8?) {
      let text = String(value)
      for _ in 0..<max(0, width - text.utf8.count) { bytes.append(0x30) }
      bytes += text.utf8
      if let separator { bytes.append(separator) }
    }
    put(date.year, width: 4, then: UInt8(ascii: "-"))
    put(date.month, width: 2, then: UInt8(ascii: "-"))
    put(date.day, width: 2, then: UInt8(ascii: "T"))
    put(time / 3600, width: 2, then: UInt8(ascii: ":"))
    put(time / 60 % 60, width: 2, then: UInt8(ascii: ":"))
    put(time % 60, width: 2, then: nil)
    return bytes
  }
}
