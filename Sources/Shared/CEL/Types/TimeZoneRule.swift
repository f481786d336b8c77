// SPDX-License-Identifier: Apache-2.0

/// The rule of a zone after its last transition, in the form of POSIX's TZ variable:
/// `CST6CDT,M3.2.0,M11.1.0`.
struct TimeZoneRule: Sendable {
  private let standard: Int64
  private let summer: Summer?

  private struct Summer: Sendable {
    let offset: Int64
    let start: Change
    let end: Change
  }

  /// A day of the year, and a time on that day.
  private struct Change: Sendable {
    enum Day: Sendable {
      /// A weekday 0…6 in week 1…5 of a month; 5 is the last week.
      case weekday(month: Int64, week: Int64, day: Int64)
      /// Day 1…365; February 29 is never counted.
      case julian(Int64)
      /// Day 0…365; February 29 is counted.
      case dayOfYear(Int64)
    }

    let day: Day
    let time: Int64

    /// The local time of the change, by the clock before it, in seconds since 1970 as if it were UTC.
    func localSeconds(in year: Int64) -> Int64 {
      let days: Int64
      switch day {
      case .julian(let number):
        let skipsLeapDay = CivilDate.isLeap(year) && number >= 60
        days = CivilDate(year: year, month: 1, day: 1).daysSinceEpoch + number - 1 + (skipsLeapDay ? 1 : 0)
      case .dayOfYear(let number): days = CivilDate(year: year, month: 1, day: 1).daysSinceEpoch + number
      case .weekday(let month, let week, let day):
        let first = CivilDate(year: year, month: month, day: 1)
        var date = 1 + (day - first.dayOfWeek + 7) % 7 + (week - 1) * 7
        if date > CivilDate.days(inMonth: month, of: year) { date -= 7 }
        days = first.daysSinceEpoch + date - 1
      }
      return days * 86_400 + time
    }
  }

  init?(_ text: ArraySlice<UInt8>) {
    var reader = Reader(rest: text)
    guard reader.name(), let standard = reader.time() else { return nil }
    self.standard = -standard
    guard reader.name() else {
      guard reader.rest.isEmpty else { return nil }
      self.summer = nil
      return
    }
    var offset = self.standard + 3600
    if reader.rest.first != UInt8(ascii: ","), let written = reader.time() { offset = -written }
    guard let start = reader.change(), let end = reader.change() else { return nil }
    self.summer = Summer(offset: offset, start: start, end: end)
  }

  /// Seconds east of UTC.
  func offset(at seconds: Int64) -> Int64 {
    guard let summer else { return standard }
    let year = CivilDate(secondsSinceEpoch: seconds + standard).year
    let start = summer.start.localSeconds(in: year) - standard
    let end = summer.end.localSeconds(in: year) - summer.offset
    // In the southern hemisphere, summer time spans the end of the year.
    let isSummer = start < end ? seconds >= start && seconds < end : seconds >= start || seconds < end
    return isSummer ? summer.offset : standard
  }

  private struct Reader {
    var rest: ArraySlice<UInt8>

    mutating func accept(_ character: UnicodeScalar) -> Bool {
      guard rest.first == UInt8(ascii: character) else { return false }
      rest.removeFirst()
      return true
    }

    /// `CST` or `<+03>`
    mutating func name() -> Bool {
      if accept("<") {
        rest = rest.drop { $0 != UInt8(ascii: ">") }
        return accept(">")
      }
      let letters = rest.prefix { $0.isIdentifierStart }
      rest = rest.dropFirst(letters.count)
      return letters.count >= 3
    }

    mutating func number() -> Int64? {
      let digits = rest.prefix { $0.isDigit }
      guard (1...3).contains(digits.count) else { return nil }
      rest = rest.dropFirst(digits.count)
      return digits.reduce(0) { $0 * 10 + Int64($1 - 0x30) }
    }

    /// `[+-]hh[:mm[:ss]]` in seconds
    mutating func time() -> Int64? {
      let isNegative = accept("-")
      if !isNegative { _ = accept("+") }
      guard let hours = number() else { return nil }
      var seconds = hours * 3600
      if accept(":") {
        guard let minutes = number() else { return nil }
        seconds += minutes * 60
        if accept(":") {
          guard let rest = number() else { return nil }
          seconds += rest
        }
      }
      return isNegative ? -seconds : seconds
    }

    mutating func change() -> Change? {
      guard accept(",") else { return nil }
      let day: Change.Day
      if accept("M") {
        guard let month = number(), accept("."), let week = number(), accept("."), let weekday = number(),
          (1...12).contains(month), (1...5).contains(week), (0...6).contains(weekday)
        else { return nil }
        day = .weekday(month: month, week: week, day: weekday)
      } else if accept("J") {
        guard let number = number(), (1...365).contains(number) else { return nil }
        day = .julian(number)
      } else {
        guard let number = number(), number <= 365 else { return nil }
        day = .dayOfYear(number)
      }
      guard accept("/") else { return Change(day: day, time: 7200) }
      return time().map { Change(day: day, time: $0) }
    }
  }
}
