// SPDX-License-Identifier: Apache-2.0
import Glibc

/// The date format of HTTP (RFC 9110 section 5.6.7).
enum HTTPDate {
  static var now: String { text(time(nil)) }

  /// As `Sun, 06 Nov 1994 08:49:37 GMT`.
  static func text(_ seconds: time_t) -> String {
    var seconds = seconds
    var parts = unsafe tm()
    unsafe gmtime_r(&seconds, &parts)
    let days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
    let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    let (weekday, day, month) = unsafe (Int(parts.tm_wday), parts.tm_mday, Int(parts.tm_mon))
    let (year, hour, minute, second) = unsafe (
      1900 + parts.tm_year, parts.tm_hour, parts.tm_min, parts.tm_sec
    )
    func two(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }
    return "\(days[weekday % 7]), \(two(day)) \(months[month % 12]) \(year) "
      + "\(two(hour)):\(two(minute)):\(two(second)) GMT"
  }
}
