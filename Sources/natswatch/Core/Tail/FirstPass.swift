// SPDX-License-Identifier: Apache-2.0

/// The first pass of `--last-per-subject`, which delivers each subject's last message up to where the stream ended when
/// the pass was planned.
///
/// Gaps are normal in it: the messages that have a newer one of their subject. Something is missing where the front of
/// the stream has overtaken the pass, and it had fewer messages than when it began.
struct FirstPass: Sendable {
  /// The last sequence that it covers.
  let end: UInt64
  /// The last sequence that had been removed from the front when the pass began.
  private let floor: UInt64
  /// Whether the pass continues with another consumer, which may deliver newer messages. A third consumer
  /// delivers every message after the end of the pass.
  private(set) var isResumed = false
  /// The number of messages that its consumer will deliver.
  private var count: UInt64 = 0
  /// The number of different messages that have arrived from its consumer.
  private var arrived: UInt64 = 0
  private var last: UInt64 = 0
  /// The first sequence of a gap that was not looked at.
  private var gap: UInt64?
  private var overtaken: Gone?

  init(_ info: StreamInfo) {
    end = info.state.last_seq
    floor = max(info.state.first_seq, 1) - 1
  }

  var hasGap: Bool { gap != nil }

  /// Another consumer will continue it.
  mutating func resume() { isResumed = true }

  /// Its consumer, with `count` messages, was created after everything up to `frontier` had been delivered.
  mutating func started(_ count: UInt64, after frontier: UInt64, first: UInt64) -> OrderedConsumer.Verdict {
    let position = max(frontier, floor)
    if isResumed, first > position + 1 { return .gone(.expired(after: position, first: first)) }
    (self.count, arrived, last) = (count, 0, 0)
    return .proceed
  }

  /// A message has arrived. Servers before 2.10 deliver the next message in place of each removed one, so it
  /// may arrive several times.
  mutating func arrived(_ sequence: UInt64) {
    guard sequence > last else { return }
    last = sequence
    arrived += 1
  }

  /// A message was delivered after a gap that begins with `sequence`.
  mutating func passed(gapFrom sequence: UInt64) { gap = min(gap ?? .max, sequence) }

  /// Whether it is over at the sequence `next`, with fewer messages than it had.
  func lacks(at next: UInt64) -> Bool {
    next >= end && arrived + (next == end && last < next ? 1 : 0) < count
  }

  /// Applies the stream's information, with everything up to `frontier` delivered and the consumer at `next`.
  mutating func prove(_ info: StreamInfo, after frontier: UInt64, at next: UInt64) -> OrderedConsumer.Verdict
  {
    let position = max(min(frontier, (gap ?? .max) - 1), floor)
    if info.state.first_seq > position + 1 {
      overtaken = overtaken ?? .expired(after: position, first: info.state.first_seq)
    }
    gap = nil
    guard lacks(at: next) else { return .proceed }
    if let overtaken { return .gone(overtaken) }
    count = 0
    return .proceed
  }
}
