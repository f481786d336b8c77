// SPDX-License-Identifier: Apache-2.0
import CEL
import Encoding
import JSON

/// The time of a recorded line, if the line has one.
enum RecordedTime {
  /// In the order of precedence: natswatch's time, a METRICS object's, an event's own, and the time at which
  /// the API server last changed (`managedFields`) or created the object.
  static func find(_ bytes: [UInt8], _ line: Range<Int>) -> Timestamp? {
    let paths: [[StaticString]] = [["source", "time"], ["object", "timestamp"], ["timestamp"]]
    for path in paths {
      if let text = SubscriptionMatcher.text(bytes, line, path), let time = parse(text) { return time }
    }
    guard let object = JSONScan.member("object", of: bytes, in: line),
      let metadata = JSONScan.member("metadata", of: bytes, in: object)
    else { return nil }
    if let fields = JSONScan.member("managedFields", of: bytes, in: metadata),
      case .array(let entries) = JSONValue(Array(bytes[fields])),
      let newest = entries.compactMap({ $0["time"]?.string.flatMap(parse) }).max()
    {
      return newest
    }
    return SubscriptionMatcher.text(bytes, metadata, ["creationTimestamp"]).flatMap(parse)
  }

  /// RFC 3339.
  private static func parse(_ text: String) -> Timestamp? {
    guard let value = try? TimestampValue.parse(text) else { return nil }
    let (nanoseconds, overflow) = value.seconds.multipliedReportingOverflow(by: 1_000_000_000)
    return overflow ? nil : Timestamp(nanoseconds: nanoseconds + Int64(value.nanoseconds))
  }
}
