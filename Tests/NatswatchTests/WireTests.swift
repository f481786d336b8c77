// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

@testable import NatswatchCore

/// One operation, as a server writes it, and what is read in it.
@Suite struct WireParserTests {
  private func parse(_ bytes: some Collection<UInt8>, from start: Int = 0) -> WireParser.Outcome {
    unsafe Array(bytes).withUnsafeBufferPointer { unsafe WireParser.parse($0, from: start) }
  }

  private func parse(_ text: String, from start: Int = 0) -> WireParser.Outcome {
    parse(text.utf8, from: start)
  }

  private func part(_ text: String, _ range: Range<Int>) -> String {
    String(decoding: Array(text.utf8)[range], as: UTF8.self)
  }

  struct Case: Sendable, CustomTestStringConvertible {
    var bytes: String
    var subscription: Int64
    var subject: String
    var reply = ""
    var header = ""
    var payload = ""
    var testDescription: String { bytes }
  }

  @Test(arguments: [
    Case(bytes: "MSG a.b 9 5\r\nhello\r\n", subscription: 9, subject: "a.b", payload: "hello"),
    Case(
      bytes: "MSG a.b 9 _R.1 5\r\nhello\r\n", subscription: 9, subject: "a.b", reply: "_R.1", payload: "hello"
    ),
    Case(bytes: "MSG  a.b\t9   0\r\n\r\n", subscription: 9, subject: "a.b"),
    Case(bytes: "MSG a 1 2\r\n\r\n\r\n", subscription: 1, subject: "a", payload: "\r\n"),
    Case(
      bytes: "HMSG a 2 12 17\r\nNATS/1.0\r\n\r\nhello\r\n", subscription: 2, subject: "a",
      header: "NATS/1.0\r\n\r\n", payload: "hello"),
    Case(
      bytes: "HMSG a 2 _R.1 12 12\r\nNATS/1.0\r\n\r\n\r\n", subscription: 2, subject: "a", reply: "_R.1",
      header: "NATS/1.0\r\n\r\n"),
  ]) func readsMessages(_ c: Case) throws {
    guard case .operation(.message(let layout), let end) = parse(c.bytes) else {
      Issue.record("\(parse(c.bytes))")
      return
    }
    #expect(end == c.bytes.utf8.count)
    #expect(layout.subscription == c.subscription)
    #expect(part(c.bytes, layout.subject) == c.subject && part(c.bytes, layout.reply) == c.reply)
    #expect(part(c.bytes, layout.header) == c.header && part(c.bytes, layout.payload) == c.payload)
  }

  /// However it is cut, it is incomplete up to its last byte, and the same behind others.
  @Test(arguments: [
    "MSG a.b 9 5\r\nhello\r\n", "HMSG a 2 _R.1 12 17\r\nNATS/1.0\r\n\r\nhello\r\n", "PING\r\n", "PONG\r\n",
    "+OK\r\n",
    "-ERR 'Stale Connection'\r\n", "INFO {\"max_payload\":1}\r\n",
  ]) func waitsForTheRest(_ text: String) {
    for count in 0..<text.utf8.count {
      guard case .incomplete(let end) = parse(text.utf8.prefix(count)) else {
        Issue.record("\(count) bytes: \(parse(text.utf8.prefix(count)))")
        continue
      }
      #expect(end > count && end <= text.utf8.count)
    }
    guard case .operation(_, let end) = parse("PING\r\n" + text, from: 6) else {
      Issue.record("behind another")
      return
    }
    #expect(end == 6 + text.utf8.count)
  }

  @Test func readsTheRest() {
    #expect(parse("PING\r\n") == .operation(.ping, end: 6))
    #expect(parse("PONG\n") == .operation(.acknowledgement, end: 5))
    #expect(parse("+OK\r\n") == .operation(.acknowledgement, end: 5))
    #expect(parse("INFO {}\r\n") == .operation(.info(5..<7), end: 9))
    #expect(parse("-ERR 'x y'\r\n") == .operation(.error(6..<9), end: 12))
    #expect(parse("-ERR\r\n") == .operation(.error(4..<4), end: 6))
  }

  @Test(arguments: [
    "HELLO\r\n", "\r\n", "MSG a 1\r\n", "MSG a 1 x\r\n", "MSG a b 1\r\n", "MSG a 1 r 2 3\r\n",
    "MSG a 1 -1\r\n",
    "MSG a 1 99999999999\r\n", "MSG a 1 999999999999999999999\r\n", "HMSG a 1 5\r\n",
    "HMSG a 1 6 5\r\n.....\r\n",
    "MSG a 1 1\r\nxyz\r\n", "HMSG a 1 r 1 2 3\r\n", String(repeating: "x", count: WireParser.lineLimit + 1),
  ]) func refusesOthers(_ text: String) { #expect(parse(text) == .malformed, "\(text.prefix(40))") }
}

/// What comes through a socket, whatever its pieces.
@Suite struct WireReaderTests {
  private struct Pair: ~Copyable {
    let (ours, theirs): (Int32, Int32)
    init() throws {
      var ends: [Int32] = [-1, -1]
      try #require(unsafe socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends) == 0)
      (ours, theirs) = (ends[0], ends[1])
    }
    deinit {
      close(ours)
      close(theirs)
    }
    func send(_ bytes: [UInt8]) { unsafe _ = write(theirs, bytes, bytes.count) }
  }

  private func text(_ bytes: UnsafeBufferPointer<UInt8>) -> String {
    unsafe String(decoding: bytes, as: UTF8.self)
  }

  @Test(arguments: [1, 2, 7, 64, 4096]) func sortsMessagesBySubscription(_ piece: Int) throws {
    let pair = try Pair()
    var reader = WireReader()
    reader.open(1)
    reader.open(2)
    var stream = "INFO {\"connect_urls\":[\"h:1\",\"h:2\"]}\r\n"
    for number in 0..<50 {
      stream += "MSG s.\(number) \(number % 3) r \(String(number).count)\r\n\(number)\r\nPING\r\n"
    }
    stream += "-ERR 'Permissions Violation for Publish to \"x\"'\r\n"
    let bytes = Array(stream.utf8)
    for start in stride(from: 0, to: bytes.count, by: piece) {
      pair.send(Array(bytes[start..<min(start + piece, bytes.count)]))
      #expect(try reader.read(from: pair.ours))
    }
    var messages: [WireMessage] = []
    for subscription in 1...2 {
      messages.removeAll()
      reader.take(Int64(subscription), &messages)
      let numbers = (0..<50).filter { $0 % 3 == subscription }
      #expect(messages.map { unsafe text($0.payload) } == numbers.map(String.init))
      #expect(messages.map { unsafe text($0.subject) } == numbers.map { "s.\($0)" })
      #expect(messages.allSatisfy { unsafe text($0.reply) == "r" })
    }
    #expect(reader.news.pings == 50 && reader.news.servers == ["h:1", "h:2"])
    #expect(reader.news.errors == ["Permissions Violation for Publish to \"x\""])
    #expect(try !reader.read(from: pair.ours), "nothing more is there")
  }

  /// A block is filled again only when no message points into it any more.
  @Test func keepsWhatIsHeld() throws {
    let pair = try Pair()
    var reader = WireReader()
    reader.open(1)
    var held: [WireMessage] = []
    let letters = Array("abcdefghij".utf8)
    for letter in letters {
      let payload = [UInt8](repeating: letter, count: 60_000)
      pair.send(Array("MSG s 1 60000\r\n".utf8) + payload + Array("\r\n".utf8))
      while held.count <= letters.firstIndex(of: letter) ?? 0 {
        try #require(try reader.read(from: pair.ours))
        var messages: [WireMessage] = []
        reader.take(1, &messages)
        held += messages
      }
    }
    for (letter, message) in zip(letters, held) {
      #expect(unsafe message.payload.count == 60_000 && message.payload.allSatisfy { $0 == letter })
    }
  }

  @Test func takesMessagesLargerThanABlock() throws {
    let pair = try Pair()
    var reader = WireReader()
    reader.open(1)
    let size = 5 * WireReader.blockSize + 17
    let payload = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 7) }
    let bytes = Array("PING\r\nMSG s 1 \(size)\r\n".utf8) + payload + Array("\r\nMSG s 1 2\r\nok\r\n".utf8)
    var messages: [WireMessage] = []
    for start in stride(from: 0, to: bytes.count, by: 50_000) {
      pair.send(Array(bytes[start..<min(start + 50_000, bytes.count)]))
      while try reader.read(from: pair.ours) {}
    }
    reader.take(1, &messages)
    try #require(messages.count == 2)
    #expect(unsafe Array(messages[0].payload) == payload)
    #expect(unsafe text(messages[1].payload) == "ok")
  }

  @Test func saysWhyAConnectionIsOver() throws {
    var pair = try Pair()
    var reader = WireReader()
    pair.send(Array("HTTP/1.1 400 Bad Request\r\n".utf8))
    do throws(WireReader.Loss) {
      _ = try reader.read(from: pair.ours)
      Issue.record("that was no NATS")
    } catch {
      #expect(error.reason.contains("\"HTTP/1.1 400 Bad Request"))
    }
    pair = try Pair()
    reader = WireReader()
    shutdown(pair.theirs, Int32(SHUT_RDWR))
    do throws(WireReader.Loss) {
      _ = try reader.read(from: pair.ours)
      Issue.record("it was closed")
    } catch {
      #expect(error.reason == "the server has closed the connection")
    }
  }

  @Test func readsHeaders() throws {
    let pair = try Pair()
    var reader = WireReader()
    reader.open(1)
    for header in [
      "NATS/1.0\r\nB: two\r\nA:one\r\nB:  three\r\n\r\n", "NATS/1.0 503\r\n\r\n",
      "NATS/1.0 100 Idle Heartbeat\r\nNats-Last-Stream: 7\r\n\r\n",
    ] { pair.send(Array("HMSG s 1 \(header.utf8.count) \(header.utf8.count)\r\n\(header)\r\n".utf8)) }
    while try reader.read(from: pair.ours) {}
    var messages: [WireMessage] = []
    reader.take(1, &messages)
    try #require(messages.count == 3)
    #expect(messages[0].headers.map(\.name) == ["A", "B"])
    #expect(messages[0].headers.map(\.values) == [["one"], ["two", "three"]])
    #expect(messages.map(\.isNoResponders) == [false, true, false])
    #expect(messages[2].header("Status") == "100" && messages[2].header("Description") == "Idle Heartbeat")
    #expect(messages[2].header("Nats-Last-Stream") == "7" && messages[2].header("X") == nil)
  }
}
