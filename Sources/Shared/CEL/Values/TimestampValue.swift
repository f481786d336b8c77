// SPDX-License-Identifier: Apache-2.0

/// A point in time between 0001-01-01T00:00:00Z and 9999-12-31T23:59:59.999999999Z, to the nanosecond.
public struct TimestampValue: Sendable, Hashable {
  /// Seconds since 1970-01-01T00:00:00Z.
  public let seconds: Int64
  /// The nanoseconds after `seconds`, 0…999,999,999.
  public let nanoseconds: Int32
  /// The offset from UTC that the timestamp was written with, in minutes. Only `string(timestamp)` uses it;
  /// comparisons ignore it.
  let offsetMinutes: Int16

  static let minimumSeconds: Int64 = -62_135_596_800
  static let maximumSeconds: Int64 = 253_402_300_799

  /// Creates a timestamp; nil outside the years 1–9999, or if `nanoseconds` is not in 0…999,999,999.
  public init?(seconds: Int64, nanoseconds: Int32 = 0) {
    self.init(seconds: seconds, nanoseconds: nanoseconds, offsetMinutes: 0)
  }

  init?(seconds: Int64, nanoseconds: Int32, offsetMinutes: Int16) {
    guard seconds >= Self.minimumSeconds, seconds <= Self.maximumSeconds else { return nil }
    guard nanoseconds >= 0, nanoseconds < 1_000_000_000 else { return nil }
    self.seconds = seconds
    self.nanoseconds = nanoseconds
    self.offsetMinutes = offsetMinutes
  }
}

extension TimestampValue: Comparable {
  /// Whether both are the same point in time.
  public static func == (left: TimestampValue, right: TimestampValue) -> Bool {
    left.seconds == right.seconds && left.nanoseconds == right.nanoseconds
  }

  /// Hashes the point in time.
  public func hash(into hasher: inout Hasher) {
    hasher.combine(seconds)
    hasher.combine(nanoseconds)
  }

  /// Whether the left is earlier.
  public static func < (left: TimestampValue, right: TimestampValue) -> Bool {
    (left.seconds, left.nanoseconds) < (right.seconds, right.nanoseconds)
  }
}

/// A duration that fits into int64 nanoseconds, about ±292 years.
public struct DurationValue: Sendable, Hashable, Comparable {
  /// The whole duration in nanoseconds.
  public let nanoseconds: Int64

  /// Creates a duration from nanoseconds.
  public init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

  /// Creates a duration; nil if it does not fit into int64 nanoseconds.
  public init?(seconds: Int64, nanoseconds: Int64 = 0) {
    let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
    let (sum, sumOverflow) = product.addingReportingOverflow(nanoseconds)
    guard !overflow, !sumOverflow else { return nil }
    self.nanoseconds = sum
  }

  /// Whether the left is shorter.
  public static func < (left: DurationValue, right: DurationValue) -> Bool {
    left.nanoseconds < right.nanoseconds
  }
}
