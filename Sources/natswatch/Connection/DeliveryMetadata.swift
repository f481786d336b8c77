// SPDX-License-Identifier: Apache-2.0

/// What a delivered JetStream message says of itself in its reply subject.
///
/// `$JS.ACK.<stream>.<consumer>.<delivered>.<stream seq>.<consumer seq>.<time>.<pending>`, or with
/// `<domain>.<account hash>` before the stream and possibly more tokens behind (NATS ADR-15). Read from the bytes:
/// libnats' own reader allocates for each message.
struct DeliveryMetadata: Equatable, Sendable {
  /// How many times the message has been delivered, this time included.
  var deliveries: UInt64
  var streamSequence: UInt64
  var consumerSequence: UInt64
  /// When the message was stored, in nanoseconds since 1970.
  var time: Int64
  /// Messages that match and have not been delivered yet.
  var pending: UInt64
}

extension DeliveryMetadata {
  /// Nil when `reply` is not such a subject: the message is then no data of a consumer.
  init?(reply: UnsafeBufferPointer<UInt8>) {
    let prefix: StaticString = "$JS.ACK."
    guard reply.count > prefix.utf8CodeUnitCount else { return nil }
    for index in 0..<prefix.utf8CodeUnitCount where unsafe reply[index] != prefix.utf8Start[index] {
      return nil
    }
    var dots = 0
    for index in 0..<reply.count where unsafe reply[index] == UInt8(ascii: ".") { dots += 1 }
    let skipped: Int
    switch dots {
    case 8: skipped = 4
    case 10...: skipped = 6
    default: return nil
    }
    var position = 0
    for _ in 0..<skipped {
      while unsafe reply[position] != UInt8(ascii: ".") { position += 1 }
      position += 1
    }
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

  /// The decimal token at `position`, which moves behind its dot.
  private static func number(in text: UnsafeBufferPointer<UInt8>, _ position: inout Int) -> UInt64? {
    var value: UInt64 = 0
    let start = position
    while position < text.count, unsafe text[position] != UInt8(ascii: ".") {
      let digit = unsafe text[position] &- UInt8(ascii: "0")
      guard digit < 10 else { return nil }
      value = value &* 10 &+ UInt64(digit)
      position += 1
    }
    guard position > start, position - start <= 20 else { return nil }
    position += 1
    return value
  }
}
