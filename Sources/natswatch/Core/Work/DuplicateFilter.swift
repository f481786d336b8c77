// SPDX-License-Identifier: Apache-2.0

/// Remembers handled ids for a limited time, so that a message that was published twice is handled once.
///
/// In this process only; if there are too many, the oldest ids are forgotten first.
struct DuplicateFilter: Sendable {
  enum Verdict: Sendable, Equatable {
    case new
    /// Another message with this id is being handled.
    case busy
    /// A message with this id has been handled.
    case duplicate
  }

  let window: Duration
  let limit: Int
  private var handled: [[UInt8]: Duration] = [:]
  private var order: [(identifier: [UInt8], at: Duration)] = []
  private var head = 0
  private var busy: Set<[UInt8]> = []

  init(window: Duration, limit: Int = 100_000) {
    self.window = window
    self.limit = limit
  }

  /// Looks up an id; a new one is marked as being handled.
  mutating func begin(_ identifier: [UInt8], now: Duration) -> Verdict {
    while head < order.count, order.count - head > limit || now - order[head].at >= window {
      let oldest = order[head]
      if handled[oldest.identifier] == oldest.at { handled[oldest.identifier] = nil }
      head += 1
    }
    if head > 1024, head * 2 > order.count {
      order.removeFirst(head)
      head = 0
    }
    if handled[identifier] != nil { return .duplicate }
    return busy.insert(identifier).inserted ? .new : .busy
  }

  /// The handling has ended.
  mutating func end(_ identifier: [UInt8], succeeded: Bool, now: Duration) {
    busy.remove(identifier)
    guard succeeded else { return }
    handled[identifier] = now
    order.append((identifier, now))
  }
}
