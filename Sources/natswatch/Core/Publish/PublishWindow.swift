// SPDX-License-Identifier: Apache-2.0

/// The messages that have been sent and not been acknowledged, in their order.
///
/// Pure. Bounded in number and bytes: when it is full, nothing more is read. After anything that makes it doubtful
/// what the server has, all that is outstanding is sent again in order; the message ids keep that from doubling.
package struct PublishWindow: Sendable {
  struct Entry: Sendable, Equatable {
    var subject: String
    var payload: [UInt8]
    /// `Nats-Msg-Id`.
    var identifier: String
    var headers: [Header] = []
    /// The number of the line that it was made of.
    var line: UInt64 = 0
    /// The place of the message that the line was made of.
    var origin: TailState?
    /// Whether the id may be left out for want of room: it was not asked for.
    var isIdentifierGenerated = false
  }

  package struct Header: Sendable, Equatable {
    package var name: String
    package var value: String

    package init(name: String, value: String) {
      self.name = name
      self.value = value
    }

    /// Whether it is one header on the wire: a line break would begin another one, such as `Nats-Rollup`.
    package var isSendable: Bool {
      !name.isEmpty && name.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F && $0 != UInt8(ascii: ":") }
        && value.utf8.allSatisfy { $0 != 0x0D && $0 != 0x0A && $0 != 0 }
    }
  }

  let countLimit: Int
  let byteLimit: Int
  /// The number of the oldest entry; numbers rise by one.
  private(set) var firstNumber: UInt64 = 1
  private var entries: [Entry?] = []
  private var head = 0
  /// Numbers below this one may have been sent more than once.
  private var resentBefore: UInt64 = 0
  private(set) var outstanding = 0
  private(set) var bytes = 0
  /// Since when nothing has been acknowledged although something is outstanding.
  private(set) var waitingSince: Duration?

  init(countLimit: Int = 4096, byteLimit: Int = 32 << 20) {
    self.countLimit = countLimit
    self.byteLimit = byteLimit
  }

  var isEmpty: Bool { outstanding == 0 }
  /// A single message is let in whatever its size.
  var isFull: Bool { entries.count - head >= countLimit || (bytes >= byteLimit && outstanding > 0) }

  /// Above three quarters: who has found it full waits for the end of this, and messages leave in batches.
  var isNearlyFull: Bool {
    entries.count - head > countLimit * 3 / 4 || (bytes > byteLimit / 4 * 3 && outstanding > 0)
  }

  /// Takes in a message that is about to be sent, and gives its number.
  mutating func add(_ entry: Entry, now: Duration) -> UInt64 {
    if outstanding == 0 { waitingSince = now }
    entries.append(entry)
    outstanding += 1
    bytes += entry.payload.count
    return firstNumber + UInt64(entries.count - head) - 1
  }

  /// The server has the message. Nil when that was known, or the number is none of ours.
  @discardableResult
  mutating func acknowledge(_ number: UInt64, now: Duration) -> Entry? {
    guard let index = index(number), let entry = entries[index] else { return nil }
    entries[index] = nil
    outstanding -= 1
    bytes -= entry.payload.count
    waitingSince = outstanding == 0 ? nil : now
    while head < entries.count, entries[head] == nil {
      head += 1
      firstNumber += 1
    }
    // The front is given back now and then, which costs less than once for each message.
    if head >= 1024, head * 2 >= entries.count {
      entries.removeFirst(head)
      head = 0
    }
    return entry
  }

  func entry(_ number: UInt64) -> Entry? { index(number).flatMap { entries[$0] } }

  /// What has to be sent again, oldest first.
  var unacknowledged: [(number: UInt64, entry: Entry)] {
    entries[head...].enumerated().compactMap { offset, entry in
      entry.map { (firstNumber + UInt64(offset), $0) }
    }
  }

  /// All that is outstanding has been sent again.
  mutating func resent(now: Duration) {
    waitingSince = outstanding == 0 ? nil : now
    resentBefore = firstNumber + UInt64(entries.count - head)
  }

  /// Whether a message may have been sent more than once.
  func wasResent(_ number: UInt64) -> Bool { number < resentBefore }

  private func index(_ number: UInt64) -> Int? {
    guard number >= firstNumber, number - firstNumber < UInt64(entries.count - head) else { return nil }
    return head + Int(number - firstNumber)
  }
}
