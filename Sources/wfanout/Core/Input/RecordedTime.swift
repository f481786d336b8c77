// SPDX-License-Identifier: Apache-2.0
import CEL
import Encoding
import JSON

/// The time of a recorded line, if the line has one.
enum RecordedTime {
  /// In the order of precedence: natswatch's time, a METRICS object's, an event's own, and the time at which
  /// the API server last changed (`managedFields`) or created the object.
  static func find(_ line: RawJSON) -> Timestamp? {
    for path in [["source", "time"], ["object", "timestamp"], ["timestamp"]] {
      if let time = line.member(at: path)?.string.flatMap(parse) { return time }
    }
    guard let metadata = line.member(at: ["object", "metadata"]) else { return nil }
    var newest: Timestamp?
    if let fields = metadata.member("managedFields"), let entries = RawJSON.Elements(fields) {
      newest = entries.compactMap { $0.member("time")?.string.flatMap(parse) }.max()
    }
    return newest ?? metadata.member("creationTimestamp")?.string.flatMap(parse)
  }

  /// RFC 3339.
  private static func parse(_ text: String) -> Timestamp? {
    guard let value = try? TimestampValue.parse(text) else { return nil }
    let (nanoseconds, overflow) = value.seconds.multipliedReportingOverflow(by: 1_000_000_000)
    return overflow ? nil : Timestamp(nanoseconds: nanoseconds + Int64(value.nanoseconds))
  }
}
