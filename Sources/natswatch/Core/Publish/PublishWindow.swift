// SPDX-License-Identifier: Apache-2.0

/// The unacknowledged messages, in order.
///
/// Pure. Bounded in number and bytes: while it is full, no lines are read. When it is unknown what the server
/// has stored, everything outstanding is sent again in order; message ids prevent duplicates.
package struct PublishWindow: Sendable {
  struct Entry: Sendable, Equatable {
    var subject: String
    var payload: [UInt8]
    /// `Nats-Msg-Id`.
    var identifier: String
    var headers: [Header] = []
    /// The number of its line.
    var line: UInt64 = 0
    /// The event's type, for the metrics; empty if they are not served.
    var type = ""
    /// The position of the original message.
    var origin: TailState?
    /// Whether the id was generated, and may be left out if there is no room.
    var isIdentifierGenerated = false
  }

  package struct Header: Sendable, Equatable {
    package var name: String
    package var value: HeaderValue

    package init(name: String, value: HeaderValue) {
      self.name = name
      self.value = value
    }

    package init(name: String, value: String) { self.init(name: name, value: HeaderValue(value)) }

    /// Whether it is one header on the wire: a line break would begin another one, such as `Nats-Rollup`.
    package var isSendable: Bool {
      !name.isEmpty && name.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F && $0 != UInt8(ascii: ":") }
        && value.bytes.allSatisfy { $0 != 0x0D && $0 != 0x0A && $0 != 0 }
    }
  }

  let countLimit: Int
  let byteLimit: Int
  /// The number of the oldest entry; numbers are consecutive.
  private(set) var firstNumber: UInt64 = 1
  private var entries: [Entry?] = []
  private var head = 0
  /// Numbers below this one may have been sent more than once.
  private var resentBefore: UInt64 = 0
  private(set) var outstanding = 0
  private(set) var bytes = 0
  /// The time since when messages are outstanding without an acknowledgement.
  private(set) var waitingSince: Duration?

  init(countLimit: Int = 4096, byteLimit: Int = 32 << 20) {
    self.countLimit = countLimit
    self.byteLimit = byteLimit
  }

  var isEmpty: Bool { outstanding == 0 }
  /// A single message is accepted whatever its size.
  var isFull: Bool { entries.count - head >= countLimit || (bytes >= byteLimit && outstanding > 0) }

  /// Whether it is more than three quarters full. A full window is refilled only below that, so that messages
  /// are sent in batches.
  var isNearlyFull: Bool {
    entries.count - head > countLimit * 3 / 4 || (bytes > byteLimit / 4 * 3 && outstanding > 0)
  }

  /// Adds a message that is about to be sent, and returns its number.
  mutating func add(_ entry: Entry, now: Duration) -> UInt64 {
    if outstanding == 0 { waitingSince = now }
    entries.append(entry)
    outstanding += 1
    bytes += entry.payload.count
    return firstNumber + UInt64(entries.count - head) - 1
  }

  /// Removes a stored message. Nil if it was removed before, or the number is unknown.
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
    // The front is removed in batches, which is cheaper than one by one.
    if head >= 1024, head * 2 >= entries.count {
      entries.removeFirst(head)
      head = 0
    }
    return entry
  }

  func entry(_ number: UInt64) -> Entry? { index(number).flatMap { entries[$0] } }

  /// The unacknowledged messages, oldest first.
  var unacknowledged: [(number: UInt64, entry: Entry)] {
    entries[head...].enumerated().compactMap { offset, entry in
      entry.map { (firstNumber + UInt64(offset), $0) }
    }
  }

  /// Notes that everything outstanding has been sent again.
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
