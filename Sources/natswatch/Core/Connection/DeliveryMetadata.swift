// SPDX-License-Identifier: Apache-2.0

import Glibc

/// The metadata of a JetStream message, which its reply subject contains.
///
/// `$JS.ACK.<stream>.<consumer>.<delivered>.<stream seq>.<consumer seq>.<time>.<pending>`, or with
/// `<domain>.<account hash>` before the stream and possibly more tokens at the end (NATS ADR-15). Parsed from
/// the bytes, because libnats' own parser allocates for each message.
package struct DeliveryMetadata: Equatable, Sendable {
  /// The number of deliveries of the message, including this one.
  var deliveries: UInt64
  var streamSequence: UInt64
  var consumerSequence: UInt64
  /// The time at which the message was stored, in nanoseconds since 1970.
  var time: Int64
  /// Messages that match and have not been delivered yet.
  var pending: UInt64
}

extension DeliveryMetadata {
  /// Nil if `reply` has another form: the message was then not delivered by a consumer.
  init?(reply: UnsafeBufferPointer<UInt8>) {
    guard let start = unsafe Self.startOfNumbers(reply) else { return nil }
    unsafe self.init(reply, numbersAt: start)
  }

  /// The index of the first number, the count of deliveries.
  fileprivate static func startOfNumbers(_ reply: UnsafeBufferPointer<UInt8>) -> Int? {
    let prefix: StaticString = "$JS.ACK."
    guard reply.count > prefix.utf8CodeUnitCount, let base = reply.baseAddress,
      unsafe memcmp(base, prefix.utf8Start, prefix.utf8CodeUnitCount) == 0
    else { return nil }
    var dots = 0
    for index in 0..<reply.count where unsafe reply[index] == UInt8(ascii: ".") { dots += 1 }
    var tokens: Int
    switch dots {
    case 8: tokens = 4
    case 10...: tokens = 6
    default: return nil
    }
    var position = 0
    while tokens > 0 {
      if unsafe reply[position] == UInt8(ascii: ".") { tokens -= 1 }
      position += 1
    }
    return position
  }

  fileprivate init?(_ reply: UnsafeBufferPointer<UInt8>, numbersAt start: Int) {
    var position = start
    guard let deliveries = unsafe Self.number(in: reply, &position),
      let streamSequence = unsafe Self.number(in: reply, &position),
      let consumerSequence = unsafe Self.number(in: reply, &position),
      let time = unsafe Self.number(in: reply, &position),
      let pending = unsafe Self.number(in: reply, &position)
    else { return nil }
    self.deliveries = deliveries
    self.streamSequence = streamSequence
    self.consumerSequence = consumerSequence
    self.time = Int64(truncatingIfNeeded: time)
    self.pending = pending
  }

  /// Parses the decimal token at `position` and moves that past its dot. Parses up to eight digits at a time
  /// if eight bytes can be read.
  @inline(__always)
  private static func number(in text: UnsafeBufferPointer<UInt8>, _ position: inout Int) -> UInt64? {
    guard let base = text.baseAddress else { return nil }
    var value: UInt64 = 0
    let start = position
    while position &+ 8 <= text.count {
      let word = unsafe UnsafeRawPointer(base + position).loadUnaligned(as: UInt64.self).littleEndian
      let digits = word ^ 0x3030_3030_3030_3030
      // The top bit of each byte that is not a digit; a carry reaches only bytes after such a one.
      let others = (digits | (digits &+ 0x7676_7676_7676_7676)) & 0x8080_8080_8080_8080
      if others == 0 {
        value = value &* 100_000_000 &+ decimal(digits)
        position &+= 8
        continue
      }
      let count = others.trailingZeroBitCount >> 3
      if count > 0 { value = value &* powersOfTen[count] &+ decimal(digits << (64 &- UInt64(count) &* 8)) }
      position &+= count
      break
    }
    while position < text.count {
      let digit = unsafe base[position] &- UInt8(ascii: "0")
      guard digit < 10 else { break }
      value = value &* 10 &+ UInt64(digit)
      position &+= 1
    }
    guard position > start, position &- start <= 20,
      unsafe position == text.count || base[position] == UInt8(ascii: ".")
    else { return nil }
    position &+= 1
    return value
  }

  private static let powersOfTen: InlineArray<8, UInt64> = [
    1, 10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000,
  ]

  /// The value of eight digits, the first in the lowest byte. Three multiplications combine neighbours into
  /// numbers of two, four and eight digits.
  @inline(__always)
  private static func decimal(_ digits: UInt64) -> UInt64 {
    let pairs = digits &* 10 &+ digits >> 8
    let low = (pairs & 0x0000_00ff_0000_00ff) &* 0x000f_4240_0000_0064
    let high = ((pairs >> 16) & 0x0000_00ff_0000_00ff) &* 0x0000_2710_0000_0001
    return (low &+ high) >> 32
  }
}

/// Parses the metadata of one consumer's messages, which differ only in their numbers.
package struct DeliveryMetadataReader {
  private let suffix: [UInt8]
  /// The text before the numbers; empty until the consumer's first message.
  private var prefix: [UInt8] = []

  /// - Parameter consumer: The consumer's name. Messages of others are ignored.
  init(consumer: String) { suffix = Array(".\(consumer).".utf8) }

  /// Nil for a message of another consumer.
  mutating func read(_ reply: UnsafeBufferPointer<UInt8>) -> DeliveryMetadata? {
    if unsafe !hasPrefix(reply) {
      guard let start = unsafe DeliveryMetadata.startOfNumbers(reply),
        unsafe reply[..<start].suffix(suffix.count).elementsEqual(suffix)
      else { return nil }
      prefix = unsafe Array(reply[..<start])
    }
    return unsafe DeliveryMetadata(reply, numbersAt: prefix.count)
  }

  private func hasPrefix(_ reply: UnsafeBufferPointer<UInt8>) -> Bool {
    guard !prefix.isEmpty, reply.count > prefix.count, let base = reply.baseAddress else { return false }
    return unsafe memcmp(base, prefix, prefix.count) == 0
  }
}
