// SPDX-License-Identifier: Apache-2.0

import Glibc

/// The NATS client protocol as a server speaks it, one operation at a time from the bytes as they came.
///
/// Pure. docs.nats.io, "Client Protocol": a line of tokens, and behind that of a message its header and payload.
enum WireParser {
  enum Operation: Equatable {
    case message(Layout)
    case ping
    /// PONG and +OK: nothing to be done.
    case acknowledgement
    /// Where the JSON of an INFO is.
    case info(Range<Int>)
    /// Where the text of an -ERR is, without its quotes.
    case error(Range<Int>)
  }

  /// Where the parts of a message are.
  struct Layout: Equatable {
    var subscription: Int64
    var subject: Range<Int>
    var reply: Range<Int>
    /// `NATS/1.0…` up to and with the empty line; empty for a message without.
    var header: Range<Int>
    var payload: Range<Int>
  }

  enum Outcome: Equatable {
    /// `end` is where the next one begins.
    case operation(Operation, end: Int)
    /// The bytes have to reach at least this far.
    case incomplete(end: Int)
    /// This is not the protocol.
    case malformed
  }

  /// How long a line may be: an INFO names all servers of a cluster.
  static let lineLimit = 1 << 20
  /// How long header and payload may be together: the server's own limit is 64 MiB.
  static let messageLimit: Int64 = 128 << 20

  /// Reads the operation that begins at `start`, which is within `bytes` or at its end.
  static func parse(_ bytes: UnsafeBufferPointer<UInt8>, from start: Int) -> Outcome {
    guard start < bytes.count, let base = bytes.baseAddress else { return .incomplete(end: start + 1) }
    guard let found = unsafe memchr(base + start, 0x0A, bytes.count - start) else {
      return bytes.count - start > lineLimit ? .malformed : .incomplete(end: bytes.count + 1)
    }
    let newline = unsafe found - UnsafeMutableRawPointer(mutating: base)
    let end = unsafe newline > start && base[newline - 1] == 0x0D ? newline - 1 : newline
    func begins(_ name: StaticString) -> Bool {
      unsafe end - start >= name.utf8CodeUnitCount
        && memcmp(base + start, name.utf8Start, name.utf8CodeUnitCount) == 0
    }
    if begins("MSG ") { return unsafe message(bytes, start + 4..<end, body: newline + 1, hasHeader: false) }
    if begins("HMSG ") { return unsafe message(bytes, start + 5..<end, body: newline + 1, hasHeader: true) }
    let next = newline + 1
    if begins("PING") { return .operation(.ping, end: next) }
    if begins("PONG") || begins("+OK") { return .operation(.acknowledgement, end: next) }
    if begins("INFO ") { return .operation(.info(start + 5..<end), end: next) }
    if begins("-ERR") {
      let isQuote: (UInt8) -> Bool = { $0 == UInt8(ascii: "'") || $0 == UInt8(ascii: " ") }
      var text = start + 4..<end
      while let first = text.first, unsafe isQuote(bytes[first]) { text.removeFirst() }
      while let last = text.last, unsafe isQuote(bytes[last]) { text.removeLast() }
      return .operation(.error(text), end: next)
    }
    return .malformed
  }

  /// `<subject> <subscription> [reply] [header size] <size>`, then the body and a line's end.
  private static func message(
    _ bytes: UnsafeBufferPointer<UInt8>, _ line: Range<Int>, body: Int, hasHeader: Bool
  ) -> Outcome {
    var tokens = unsafe Tokens(bytes: bytes, rest: line)
    guard let subject = tokens.next(), let name = tokens.next(), let third = tokens.next() else {
      return .malformed
    }
    let fourth = tokens.next()
    let fifth = hasHeader ? tokens.next() : nil
    guard tokens.next() == nil else { return .malformed }
    var (reply, headerToken): (Range<Int>, Range<Int>?) = (0..<0, nil)
    let sizeToken: Range<Int>
    switch (hasHeader, fourth, fifth) {
    case (false, nil, _): sizeToken = third
    case (false, let fourth?, _): (reply, sizeToken) = (third, fourth)
    case (true, let fourth?, nil): (headerToken, sizeToken) = (third, fourth)
    case (true, let fourth?, let fifth?): (reply, headerToken, sizeToken) = (third, fourth, fifth)
    case (true, nil, _): return .malformed
    }
    guard let subscription = unsafe number(bytes, name), let size = unsafe number(bytes, sizeToken),
      size <= messageLimit, let headerSize = headerToken.map({ unsafe number(bytes, $0) }) ?? 0,
      headerSize <= size
    else { return .malformed }
    let (split, end) = (body + Int(headerSize), body + Int(size))
    guard end + 2 <= bytes.count else { return .incomplete(end: end + 2) }
    guard unsafe bytes[end] == 0x0D, unsafe bytes[end + 1] == 0x0A else { return .malformed }
    let layout = Layout(
      subscription: subscription, subject: subject, reply: reply, header: body..<split, payload: split..<end)
    return .operation(.message(layout), end: end + 2)
  }

  private static func number(_ bytes: UnsafeBufferPointer<UInt8>, _ token: Range<Int>) -> Int64? {
    guard token.count <= 18 else { return nil }
    var value: Int64 = 0
    for index in token {
      let digit = unsafe bytes[index] &- UInt8(ascii: "0")
      guard digit < 10 else { return nil }
      value = value &* 10 &+ Int64(digit)
    }
    return value
  }

  /// The tokens of a line, which spaces and tabs divide.
  @safe private struct Tokens {
    let bytes: UnsafeBufferPointer<UInt8>
    var rest: Range<Int>

    mutating func next() -> Range<Int>? {
      var start = rest.lowerBound
      while start < rest.upperBound, unsafe bytes[start] <= 0x20 { start += 1 }
      guard start < rest.upperBound else { return nil }
      var end = start
      while end < rest.upperBound, unsafe bytes[end] > 0x20 { end += 1 }
      rest = end..<rest.upperBound
      return start..<end
    }
  }
}
