// SPDX-License-Identifier: Apache-2.0
import TestSupport
import Testing

@testable import WfanoutCore

struct WebSocketDecoderTests {
  /// A client's frame.
  static func frame(
    _ opcode: UInt8, _ payload: [UInt8], isFinal: Bool = true, reserved: UInt8 = 0, isMasked: Bool = true
  ) -> [UInt8] {
    var bytes: [UInt8] = [(isFinal ? 0x80 : 0) | reserved << 4 | opcode]
    let masked: UInt8 = isMasked ? 0x80 : 0
    switch payload.count {
    case ..<126: bytes.append(masked | UInt8(payload.count))
    case ..<65536: bytes += [masked | 126, UInt8(payload.count >> 8), UInt8(payload.count & 255)]
    default: bytes += [masked | 127, 0, 0, 0, 0] + [24, 16, 8, 0].map { UInt8(payload.count >> $0 & 255) }
    }
    guard isMasked else { return bytes + payload }
    let mask: [UInt8] = [0xA1, 0x02, 0x93, 0x44]
    return bytes + mask + payload.enumerated().map { $0.element ^ mask[$0.offset % 4] }
  }

  enum Outcome: Equatable {
    case events([WebSocketDecoder.Event])
    case violation(UInt16, after: [WebSocketDecoder.Event])
  }

  static func decode(_ pieces: [[UInt8]], limit: Int = 65_536, inflater: Inflater? = nil) -> Outcome {
    var decoder = WebSocketDecoder(messageLimit: limit, inflater: inflater)
    var events: [WebSocketDecoder.Event] = []
    do throws(WebSocketDecoder.ProtocolError) {
      for piece in pieces {
        var bytes = piece.makeIterator()
        while let event = try decoder.next(&bytes) { events.append(event) }
      }
      return .events(events)
    } catch {
      return .violation(error.code, after: events)
    }
  }

  @Test func messagesAreReadAtAnySplit() {
    let bytes =
      Self.frame(1, Array("hé€🎉".utf8)) + Self.frame(1, Array("one ".utf8), isFinal: false)
      + Self.frame(9, [1, 2]) + Self.frame(0, Array("two ".utf8), isFinal: false) + Self.frame(10, [])
      + Self.frame(0, Array("three".utf8)) + Self.frame(2, [UInt8](repeating: 7, count: 300))
      + Self.frame(2, []) + Self.frame(8, [0x03, 0xE8] + Array("bye".utf8)) + Self.frame(1, [0x41])
    let expected = Outcome.events([
      .text(Array("hé€🎉".utf8)), .ping([1, 2]), .pong([]), .text(Array("one two three".utf8)),
      .binary([UInt8](repeating: 7, count: 300)), .binary([]), .close(code: 1000, reason: "bye"),
    ])
    #expect(Self.decode([bytes]) == expected)
    #expect(Self.decode(bytes.map { [$0] }) == expected)
    for (first, second) in everySplit(of: bytes) {
      #expect(Self.decode([Array(first), Array(second)]) == expected)
    }
  }

  struct Case: Sendable, CustomTestStringConvertible {
    var name: String
    var bytes: [UInt8]
    var code: UInt16
    var testDescription: String { name }
  }

  static let violations: [Case] = [
    Case(name: "not masked", bytes: frame(1, [0x41], isMasked: false), code: 1002),
    Case(name: "reserved bit 1", bytes: frame(1, [0x41], reserved: 4), code: 1002),
    Case(name: "reserved bit 2", bytes: frame(1, [0x41], reserved: 2), code: 1002),
    Case(name: "reserved bit 3", bytes: frame(1, [0x41], reserved: 1), code: 1002),
    Case(name: "reserved opcode 3", bytes: frame(3, []), code: 1002),
    Case(name: "reserved opcode 11", bytes: frame(11, []), code: 1002),
    Case(name: "fragmented ping", bytes: frame(9, [], isFinal: false), code: 1002),
    Case(name: "long ping", bytes: frame(9, [UInt8](repeating: 0, count: 126)), code: 1002),
    Case(name: "continuation of nothing", bytes: frame(0, [0x41]), code: 1002),
    Case(
      name: "message in a message", bytes: frame(1, [0x41], isFinal: false) + frame(1, [0x41]), code: 1002),
    Case(name: "close of one byte", bytes: frame(8, [3]), code: 1002),
    Case(name: "close code 999", bytes: frame(8, [0x03, 0xE7]), code: 1002),
    Case(name: "close code 1005", bytes: frame(8, [0x03, 0xED]), code: 1002),
    Case(name: "close code 1006", bytes: frame(8, [0x03, 0xEE]), code: 1002),
    Case(name: "close code 2999", bytes: frame(8, [0x0B, 0xB7]), code: 1002),
    Case(name: "close code 5000", bytes: frame(8, [0x13, 0x88]), code: 1002),
    Case(name: "close reason not UTF-8", bytes: frame(8, [0x03, 0xE8, 0xFF]), code: 1007),
    Case(name: "text not UTF-8", bytes: frame(1, [0x41, 0xFF]), code: 1007),
    Case(name: "text ends in a character", bytes: frame(1, [0xE2, 0x82]), code: 1007),
    Case(name: "surrogate", bytes: frame(1, [0xED, 0xA0, 0x80]), code: 1007),
    Case(name: "overlong", bytes: frame(1, [0xC0, 0x80]), code: 1007),
    Case(name: "beyond U+10FFFF", bytes: frame(1, [0xF4, 0x90, 0x80, 0x80]), code: 1007),
    Case(name: "65537 bytes", bytes: frame(2, [UInt8](repeating: 0, count: 65_537)), code: 1009),
    Case(
      name: "65537 bytes in fragments",
      bytes: frame(2, [UInt8](repeating: 0, count: 65_536), isFinal: false) + frame(0, [0]), code: 1009),
    Case(name: "63-bit length", bytes: [0x82, 0xFF, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], code: 1002),
  ]

  @Test(arguments: violations) func refuses(_ violation: Case) {
    #expect(Self.decode([violation.bytes]) == .violation(violation.code, after: []))
    #expect(Self.decode(violation.bytes.map { [$0] }) == .violation(violation.code, after: []))
  }

  @Test func malformedTextFailsAtItsFirstBadByte() {
    let message = Self.frame(1, Array("ab".utf8) + [0xFF] + Array("cdef".utf8))
    #expect(Self.decode([Array(message[..<9])]) == .violation(1007, after: []))
  }

  @Test func acceptsTheLargestMessage() {
    let payload = [UInt8](repeating: 0x41, count: 65_536)
    #expect(Self.decode([Self.frame(1, payload)]) == .events([.text(payload)]))
  }

  @Test func answersTheHandshakeOfTheStandard() {
    #expect(WebSocketHandshake.accept("dGhlIHNhbXBsZSBub25jZQ==") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
  }
}
