// SPDX-License-Identifier: Apache-2.0
import JSON
import TestSupport
import Testing

@testable import WfanoutCore

/// The negotiation and the messages of `permessage-deflate` (RFC 7692), without I/O.
struct CompressionTests {
  struct Offer: Sendable, CustomTestStringConvertible {
    var offers: String
    /// Nil if the offer is declined.
    var windowBits: Int?
    var testDescription: String { offers }
    init(_ offers: String, _ windowBits: Int?) { (self.offers, self.windowBits) = (offers, windowBits) }
  }

  static let offers = [
    Offer("permessage-deflate", 15), Offer("  permessage-deflate ; client_max_window_bits", 15),
    Offer("permessage-deflate; client_max_window_bits=8", 15),
    Offer("permessage-deflate; client_max_window_bits=\"10\"; server_no_context_takeover", 15),
    Offer("permessage-deflate; server_max_window_bits=9", 9),
    Offer("x-webkit-deflate-frame, permessage-deflate; server_max_window_bits=\"12\"", 12),
    // zlib has no window of 256 bytes. The next offer does not ask for one.
    Offer("permessage-deflate; server_max_window_bits=8, permessage-deflate", 15),
    Offer("permessage-deflate; unheard_of, permessage-deflate; server_max_window_bits=10", 10),
    Offer("", nil), Offer("permessage-bzip2", nil), Offer("permessage-deflate; server_max_window_bits", nil),
    Offer("permessage-deflate; server_max_window_bits=8", nil),
    Offer("permessage-deflate; server_max_window_bits=16", nil),
    Offer("permessage-deflate; server_max_window_bits=010", nil),
    Offer("permessage-deflate; client_max_window_bits=7", nil),
    Offer("permessage-deflate; client_max_window_bits=", nil),
    Offer("permessage-deflate; server_no_context_takeover=1", nil),
    Offer("permessage-deflate; client_no_context_takeover; client_no_context_takeover", nil),
    Offer("permessage-deflate; server_max_window_bits=9; server_max_window_bits=9", nil),
    Offer("permessage-deflate;", nil), Offer("permessage-deflate; a b", nil), Offer(";=,\"", nil),
  ]

  @Test(arguments: offers) func acceptsOffersAsTheStandardRequires(offer: Offer) {
    let accepted = MessageCompression(accepting: offer.offers)
    #expect(accepted?.windowBits == offer.windowBits)
    let window = offer.windowBits == 15 ? nil : offer.windowBits.map { "; server_max_window_bits=\($0)" }
    let context = "permessage-deflate; server_no_context_takeover; client_no_context_takeover"
    #expect(accepted.map(\.answer) == accepted.map { _ in context + (window ?? "") })
  }

  /// The examples of section 7.2.3: one block, a stored block, a block that is marked as the last, and two
  /// blocks.
  @Test(
    arguments: [
      [0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00],
      [0x00, 0x05, 0x00, 0xFA, 0xFF, 0x48, 0x65, 0x6C, 0x6C, 0x6F, 0x00],
      [0xF3, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00, 0x00],
      [0xF2, 0x48, 0x05, 0x00, 0x00, 0x00, 0xFF, 0xFF, 0xCA, 0xC9, 0xC9, 0x07, 0x00],
    ] as [[UInt8]])
  func readsTheExamplesOfTheStandard(payload: [UInt8]) throws {
    let expected = WebSocketDecoderTests.Outcome.events([.text(Array("Hello".utf8))])
    #expect(Self.decode([WebSocketDecoderTests.frame(1, payload, reserved: 4)]) == expected)
    for (first, second) in everySplit(of: payload) {
      let frames =
        WebSocketDecoderTests.frame(1, Array(first), isFinal: false, reserved: 4)
        + WebSocketDecoderTests.frame(9, []) + WebSocketDecoderTests.frame(0, Array(second))
      let events = WebSocketDecoderTests.Outcome.events([.ping([]), .text(Array("Hello".utf8))])
      #expect(Self.decode([frames]) == events)
      #expect(Self.decode(frames.map { [$0] }) == events)
    }
  }

  @Test(arguments: [9, 12, 15]) func decompressesWithTheNegotiatedWindow(bits: Int) throws {
    let deflater = Deflater(windowBits: bits)
    let inflater = Inflater(windowBits: bits)
    // More data than any window holds, so that a wrong window would show as a distance that is too large.
    let unit = (0..<20_000).map { UInt8(truncatingIfNeeded: $0 &* $0 / 7 % 251) }
    for message in [Array(pod("a").utf8), unit + unit, [UInt8](repeating: 0x61, count: 65_536)] {
      var payload: [UInt8] = [1, 2, 3]
      #expect(deflater.append(message, message.indices, to: &payload))
      #expect(payload.count - 3 < message.count)
      #expect(try inflater.message(Array(payload[3...]), limit: 65_536) == message)
    }
  }

  @Test func sendsIncompressibleMessagesUncompressed() {
    let deflater = Deflater(windowBits: 15)
    var generator = SystemRandomNumberGenerator()
    for count in [0, 1, 5, 1000] {
      let message = (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
      #expect(
        WebSocketFrame.message(.binary, message, with: deflater) == WebSocketFrame.message(.binary, message))
    }
    let line = Array(pod("a").utf8)
    #expect(WebSocketFrame.message(.text, line, with: deflater).first == 0xC1)
  }

  private static let bomb: [UInt8] = {
    var payload: [UInt8] = []
    let zeros = [UInt8](repeating: 0, count: 16 << 20)
    _ = Deflater(windowBits: 15).append(zeros, zeros.indices, to: &payload)
    return Array(payload.prefix(60_000))
  }()

  struct Fault: Sendable, CustomTestStringConvertible {
    var name: String
    var bytes: [UInt8]
    var code: UInt16
    var testDescription: String { name }
  }

  static let faults: [Fault] = [
    Fault(name: "bomb", bytes: WebSocketDecoderTests.frame(2, bomb, reserved: 4), code: 1009),
    Fault(
      name: "the second bit", bytes: WebSocketDecoderTests.frame(1, [], reserved: 2), code: 1002),
    Fault(name: "compressed ping", bytes: WebSocketDecoderTests.frame(9, [], reserved: 4), code: 1002),
    Fault(
      name: "the bit on a continuation",
      bytes: WebSocketDecoderTests.frame(1, [0xF2], isFinal: false, reserved: 4)
        + WebSocketDecoderTests.frame(0, [], reserved: 4), code: 1002),
    Fault(
      name: "no deflate", bytes: WebSocketDecoderTests.frame(1, [0xFF, 0xFF], reserved: 4), code: 1007),
    Fault(
      name: "ends inside a block", bytes: WebSocketDecoderTests.frame(1, [0xF2, 0x48, 0xCD], reserved: 4),
      code: 1007),
    Fault(
      name: "text that is not UTF-8",
      bytes: WebSocketDecoderTests.frame(1, [0x00, 0x02, 0x00, 0xFD, 0xFF, 0x41, 0xFF, 0x00], reserved: 4),
      code: 1007),
    Fault(
      name: "text that ends in a character",
      bytes: WebSocketDecoderTests.frame(1, [0x00, 0x01, 0x00, 0xFE, 0xFF, 0xC3, 0x00], reserved: 4),
      code: 1007),
  ]

  @Test(arguments: faults) func refuses(fault: Fault) {
    #expect(Self.decode([fault.bytes]) == .violation(fault.code, after: []))
    #expect(Self.decode(fault.bytes.map { [$0] }) == .violation(fault.code, after: []))
  }

  private static func decode(_ pieces: [[UInt8]]) -> WebSocketDecoderTests.Outcome {
    WebSocketDecoderTests.decode(pieces, inflater: Inflater())
  }
}

/// Compression over a real connection.
@Suite(.timeLimit(.minutes(1))) struct CompressedSocketTests {
  private static let offer = "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits"

  @Test func listenersGetTheSameEventsCompressedAndNot() throws {
    let fanout = try Fanout(configuration: "ws-compress: true")
    let small = "Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=9"
    let (raw, first, second, plain) = (
      try SocketClient(port: fanout.port, path: "/ws?raw=1", headers: [Self.offer]),
      try SocketClient(port: fanout.port, path: "/ws?raw=1&type=ADDED", headers: [small]),
      try SocketClient(port: fanout.port, path: "/ws", headers: [Self.offer]),
      try SocketClient(port: fanout.port, path: "/ws?raw=1")
    )
    #expect(raw.head.contains("Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover;"))
    #expect(first.head.contains("; server_max_window_bits=9"))
    #expect(!plain.head.contains("Sec-WebSocket-Extensions"))
    var subscribe: [UInt8] = []
    let message = Array(#"{"type":"subscribe","subscription":{"event_types":[],"cluster_filter":[]}}"#.utf8)
    #expect(Deflater(windowBits: 15).append(message, message.indices, to: &subscribe))
    second.write(WebSocketDecoderTests.frame(1, subscribe, reserved: 4))
    #expect(try second.nextMessage()["type"]?.string == "subscribed")
    fanout.feed([pod("a"), "1", pod("b", type: "MODIFIED"), pod("c")])
    let lines = [pod("a"), "1", pod("b", type: "MODIFIED"), pod("c")]
    for line in lines {
      #expect(try plain.next() == SocketClient.Frame(opcode: 1, payload: Array(line.utf8)))
      let frame = try #require(try raw.next())
      #expect(frame.isCompressed == (line != "1"))
      #expect(frame.text == line)
      let event = try #require(try second.next())
      #expect(event.isCompressed && JSONValue(event.payload)?["type"]?.string == "event")
    }
    #expect(try first.next()?.text == pod("a"))
    #expect(try first.next()?.text == pod("c"))
  }

  @Test func compressionMustBeOfferedAndEnabled() throws {
    let fanout = try Fanout()
    let client = try SocketClient(port: fanout.port, path: "/ws?raw=1", headers: [Self.offer])
    #expect(!client.head.contains("Sec-WebSocket-Extensions"))
    fanout.feed(pod("a"))
    #expect(try client.next()?.isCompressed == false)
  }

  @Test func aDecompressionBombIsClosedWith1009() throws {
    let fanout = try Fanout(configuration: "ws-compress: true")
    let client = try SocketClient(port: fanout.port, path: "/ws", headers: [Self.offer])
    client.write(CompressionTests.faults[0].bytes)
    #expect(try client.next()?.closeCode == 1009)
  }
}
