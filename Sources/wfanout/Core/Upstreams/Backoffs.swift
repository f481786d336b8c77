// SPDX-License-Identifier: Apache-2.0
import Process

/// The back-off of commands that ended soon after their start, by their channel: the next start waits,
/// whichever client requests it. Pure: the caller gives the time.
struct Backoffs: Sendable {
  struct Record: Sendable {
    var backoff = Backoff()
    /// The time at which the next command may start.
    var until: Duration
    var ending: UpstreamEnding
  }

  private var records: [String: Record] = [:]

  var count: Int { records.count }

  /// A command that ran for this long is not in a crash loop.
  static let healthyRun = Duration.seconds(10)
  private static let limit = 1000

  /// The delay of the next command and the last one's ending; nil if it may start now.
  func wait(_ key: String, now: Duration) -> (delay: Duration, last: UpstreamEnding)? {
    guard let record = records[key], record.until > now else { return nil }
    return (record.until - now, record.ending)
  }

  mutating func ended(_ key: String, _ ending: UpstreamEnding, after run: Duration, now: Duration) {
    guard run < Backoffs.healthyRun else {
      records[key] = nil
      return
    }
    if records.count >= Backoffs.limit { records = records.filter { $0.value.until > now } }
    if records.count >= Backoffs.limit { records = [:] }
    var record = records[key] ?? Record(until: now, ending: ending)
    // After a pause as long as the longest delay, the delay starts again from its first step.
    if now - record.until >= record.backoff.maximum { record.backoff.reset() }
    record.until = now + record.backoff.next(random: 1)
    record.ending = ending
    records[key] = record
  }
}
