// SPDX-License-Identifier: Apache-2.0

/// The back-off of commands that ended soon after their start, by their channel: the next start waits,
/// whichever client requests it. Pure: the caller gives the time.
struct Backoffs: Sendable {
  struct Record: Sendable {
    var count: Int
    /// The time at which the next command may start.
    var until: Duration
    var ending: UpstreamEnding
  }

  private var records: [String: Record] = [:]

  var count: Int { records.count }

  static let first = Duration.seconds(1)
  static let longest = Duration.seconds(30)
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
    // After a pause as long as the delay itself, the delay starts again from its first step.
    let previous = records[key].flatMap { now - $0.until < Backoffs.longest ? $0.count : nil } ?? 0
    let delay = min(Backoffs.first * (1 << min(previous, 5)), Backoffs.longest)
    records[key] = Record(count: previous + 1, until: now + delay, ending: ending)
  }
}
