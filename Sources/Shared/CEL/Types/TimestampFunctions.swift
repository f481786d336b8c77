// SPDX-License-Identifier: Apache-2.0

/// `getFullYear()` and the like, in UTC or in the zone of an argument.
enum TimestampFunctions {
  static func declare(in declarations: inout Declarations) {
    // A zone that is not in the cache, or does not exist, is searched in the file system.
    let zone = Overload.Cost.custom { arguments in
      if case .string(let name) = arguments[1],
        name.isEmpty || name == "UTC" || name.utf8.contains(UInt8(ascii: ":"))
      {
        return 4 + name.utf8.count / 2
      }
      return 250 + WorkCost.bytes(arguments[1]) / 2
    }
    func declare(_ name: String, _ id: String, _ part: @escaping @Sendable (CivilDate) -> Int64) {
      declarations.function(
        name,
        .unary("timestamp_to_\(id)", member: true) { (time: TimestampValue) in
          part(CivilDate(secondsSinceEpoch: time.seconds))
        },
        .binary("timestamp_to_\(id)_with_tz", member: true, cost: zone) {
          (time: TimestampValue, zone: String) throws(EvaluationError) -> Int64 in
          let offset = try TimeZoneRules.offset(of: zone, at: time.seconds)
          return part(CivilDate(secondsSinceEpoch: time.seconds + offset))
        })
    }
    declare("getFullYear", "year") { $0.year }
    declare("getMonth", "month") { $0.month - 1 }
    declare("getDayOfYear", "day_of_year") { $0.dayOfYear }
    declare("getDayOfMonth", "day_of_month") { $0.day - 1 }
    declare("getDate", "day_of_month_1_based") { $0.day }
    declare("getDayOfWeek", "day_of_week") { $0.dayOfWeek }
    declare("getHours", "hours") { $0.secondOfDay / 3600 }
    declare("getMinutes", "minutes") { $0.secondOfDay / 60 % 60 }
    declare("getSeconds", "seconds") { $0.secondOfDay % 60 }
    declarations.function(
      "getMilliseconds",
      .unary("timestamp_to_milliseconds", member: true) { (time: TimestampValue) in
        Int64(time.nanoseconds) / 1_000_000
      },
      .binary("timestamp_to_milliseconds_with_tz", member: true, cost: zone) {
        (time: TimestampValue, zone: String) throws(EvaluationError) -> Int64 in
        _ = try TimeZoneRules.offset(of: zone, at: time.seconds)
        return Int64(time.nanoseconds) / 1_000_000
      })
  }
}
