// SPDX-License-Identifier: Apache-2.0

/// A point in time between 0001-01-01T00:00:00Z and 9999-12-31T23:59:59.999999999Z, to the nanosecond.
public struct TimestampValue: Sendable, Hashable {
  /// Seconds since 1970-01-01T00:00:00Z.
  public let seconds: Int64
  /// 0…999,999,999, counted forward from `seconds`.
  public let nanoseconds: Int32
  /// The offset from UTC it was written with, in minutes. Only `string(timestamp)` shows it; it is not a part of equality.
  let offsetMinutes: Int16

  static let minimumSeconds: Int64 = -62_135_596_800
  static let maximumSeconds: Int64 = 253_402_300_799

  /// A point in time; nil outside years 1–9999, or when the nanoseconds are not below a second.
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

/// A span of time within int64 nanoseconds, about ±292 years.
public struct DurationValue: Sendable, Hashable, Comparable {
  /// The whole span in nanoseconds.
  public let nanoseconds: Int64

  /// A span of nanoseconds.
  public init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

  /// A span; nil beyond int64 nanoseconds.
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
