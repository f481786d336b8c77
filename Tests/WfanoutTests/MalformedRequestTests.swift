// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport
import Testing

/// Requests that no well-behaved client sends. Each gets a clear response or a closed connection, and the
/// server continues.
@Suite(.timeLimit(.minutes(2))) struct MalformedRequestTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var name: String
    var request: String
    var expected: Int
    var testDescription: String { name }
    init(_ name: String, _ request: String, _ expected: Int) {
      (self.name, self.request, self.expected) = (name, request, expected)
    }
  }

  static let cases: [Case] = [
    Case("no HTTP at all", "\u{16}\u{3}\u{1}\u{2}\u{0}\u{1}\u{0}\u{1}\r\n\r\n", 400),
    Case("no version", "GET /healthz\r\n\r\n", 400),
    Case("version 9.9", "GET /healthz HTTP/9.9\r\nHost: localhost\r\n\r\n", 400),
    Case("spaces in the target", "GET /healthz and more HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
    Case("a NUL in the target", "GET /health\u{0}z HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
    Case("a NUL in a field", "GET /healthz HTTP/1.1\r\nHost: localhost\r\nA: b\u{0}c\r\n\r\n", 400),
    Case("a field without a colon", "GET /healthz HTTP/1.1\r\nHost: localhost\r\nnonsense\r\n\r\n", 400),
    Case(
      "space before the colon", "POST /healthz HTTP/1.1\r\nHost: localhost\r\nContent-Length : 3\r\n\r\nabc",
      400),
    Case("a field with an empty name", "GET /healthz HTTP/1.1\r\nHost: localhost\r\n: x\r\n\r\n", 400),
    Case("no Host", "GET /healthz HTTP/1.1\r\n\r\n", 400),
    Case("a Host that is none", "GET /healthz HTTP/1.1\r\nHost: [::1]evil\r\n\r\n", 400),
    Case("absolute form of another", "GET http://evil/healthz HTTP/1.1\r\nHost: localhost\r\n\r\n", 403),
    Case("two Hosts and 1.0", "GET /healthz HTTP/1.0\r\nHost: localhost\r\nHost: b\r\n\r\n", 400),
    Case("chunks and 1.0", "POST /healthz HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    Case("two Hosts", "GET /healthz HTTP/1.1\r\nHost: localhost\r\nHost: b\r\n\r\n", 400),
    Case("an unknown method", "FROBNICATE /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
    Case("a wrong method", "DELETE /events HTTP/1.1\r\nHost: localhost\r\n\r\n", 405),
    Case("CONNECT", "CONNECT example.com:443 HTTP/1.1\r\nHost: localhost\r\n\r\n", 404),
    Case("OPTIONS for all", "OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n", 404),
    Case("traversal", "GET /../../../etc/passwd HTTP/1.1\r\nHost: localhost\r\n\r\n", 404),
    Case("escaped traversal", "GET /%2e%2e/%2e%2e/etc/passwd HTTP/1.1\r\nHost: localhost\r\n\r\n", 404),
    Case("twice escaped", "GET /%252e%252e%252fetc HTTP/1.1\r\nHost: localhost\r\n\r\n", 404),
    Case("an escaped NUL", "GET /healthz%00 HTTP/1.1\r\nHost: localhost\r\n\r\n", 404),
    Case("broken escapes", "GET /%zz%f%?lastEventId=%%%1 HTTP/1.1\r\nHost: localhost\r\n\r\n", 404),
    Case("absolute form", "GET http://localhost/healthz HTTP/1.1\r\nHost: localhost\r\n\r\n", 200),
    Case("a 1.0 request without Host", "GET /healthz HTTP/1.0\r\n\r\n", 200),
    Case("empty lines first", "\r\n\r\nGET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n", 200),
  ]

  @Test(arguments: cases) func isRefusedWithTheRightStatus(_ test: Case) throws {
    let fanout = try Fanout()
    let peer = try RawPeer(fanout)
    peer.send(test.request)
    #expect(peer.status() == test.expected)
    #expect(try fanout.curl("/healthz").output == "ok\n")
  }

  /// Requests that two servers could delimit differently (RFC 9112, 6.1 and 11.2), so that they could be
  /// smuggled past a proxy.
  static let smuggling: [Case] = [
    Case("length and chunks", "Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    Case("chunks and length", "Transfer-Encoding: chunked\r\nContent-Length: 6\r\n\r\n0\r\n\r\n", 400),
    Case("two lengths", "Content-Length: 5\r\nContent-Length: 6\r\n\r\nabcde", 400),
    Case("a list of lengths", "Content-Length: 5, 6\r\n\r\nabcde", 400),
    Case("a signed length", "Content-Length: +5\r\n\r\nabcde", 400),
    Case("a negative length", "Content-Length: -5\r\n\r\nabcde", 400),
    Case("a hexadecimal length", "Content-Length: 0x5\r\n\r\nabcde", 400),
    Case("a length beyond 64 bits", "Content-Length: 18446744073709551621\r\n\r\nabcde", 400),
    Case("chunked, then identity", "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n", 400),
    Case("an unknown coding", "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 400),
    Case("a coding below chunked", "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 400),
    Case("chunked with a parameter", "Transfer-Encoding: chunked;a=1\r\n\r\n0\r\n\r\n", 400),
    Case("no coding", "Transfer-Encoding: \r\n\r\n", 400),
    Case("chunked after a vertical tab", "Transfer-Encoding: \u{b}chunked\r\n\r\n0\r\n\r\n", 400),
    Case("a chunk size of letters", "Transfer-Encoding: chunked\r\n\r\nxyz\r\nabc\r\n0\r\n\r\n", 400),
    Case(
      "a chunk size beyond 64 bits", "Transfer-Encoding: chunked\r\n\r\n10000000000000005\r\nabcde\r\n", 400),
    Case("a chunk longer than it says", "Transfer-Encoding: chunked\r\n\r\n3\r\nabcdef\r\n0\r\n\r\n", 400),
  ]

  @Test(arguments: smuggling) func anAmbiguousBodyEndsTheConnection(_ test: Case) throws {
    let fanout = try Fanout()
    let peer = try RawPeer(fanout)
    peer.send(
      "POST /healthz HTTP/1.1\r\nHost: localhost\r\n" + test.request
        + "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n")
    let answer = try #require(peer.receiveToEnd(), "the connection stays open")
    #expect(answer.hasPrefix("HTTP/1.1 400 "))
    #expect(answer.components(separatedBy: "HTTP/1.1 ").count == 2, "the smuggled request was answered")
    #expect(answer.contains("Connection: close"))
  }

  @Test(arguments: [
    "GET /" + String(repeating: "a", count: 200_000) + " HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "GET /healthz HTTP/1.1\r\nHost: localhost\r\nA: " + String(repeating: "b", count: 200_000) + "\r\n\r\n",
    "GET /healthz HTTP/1.1\r\nHost: localhost\r\n" + String(repeating: "A: b\r\n", count: 40_000) + "\r\n",
    "GET /healthz HTTP/1.1\r\nHost: localhost\r\n" + String(repeating: "a", count: 200_000),
  ]) func aHeadThatIsTooLargeIsRefused(request: String) throws {
    let fanout = try Fanout()
    let peer = try RawPeer(fanout)
    peer.send(request)
    let answer = peer.receiveToEnd() ?? "(still open)"
    #expect(answer.hasPrefix("HTTP/1.1 431 ") || answer.hasPrefix("HTTP/1.1 400 "), "\(answer.prefix(100))")
    #expect(!request.hasPrefix("GET /healthz") || answer.hasPrefix("HTTP/1.1 431 "), "\(answer.prefix(100))")
    #expect(try fanout.curl("/healthz").output == "ok\n")
  }

  @Test func aBodyThatIsTooLargeIsRefused() throws {
    let fanout = try Fanout()
    for framing in ["Content-Length: 3000000\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\n2dc6c0\r\n"] {
      for _ in 0..<10 {
        let peer = try RawPeer(fanout)
        peer.send("POST /healthz HTTP/1.1\r\nHost: localhost\r\n" + framing)
        peer.send([UInt8](repeating: 0x61, count: 3_000_000))
        #expect(peer.receiveToEnd()?.hasPrefix("HTTP/1.1 413 ") == true)
      }
    }
    // A client does not have to send a body that is refused.
    let peer = try RawPeer(fanout)
    peer.send(
      "POST /healthz HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 3000000\r\n\r\n")
    #expect(peer.receiveToEnd()?.hasPrefix("HTTP/1.1 413 ") == true)
    #expect(try fanout.curl("/healthz").output == "ok\n")
  }

  /// The decoder stops after such a request, so the next request on the connection would never be answered.
  @Test(arguments: [
    "GET /healthz HTTP/1.1\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk",
    "GET /none HTTP/1.1\r\nUpgrade: websocket\r\nConnection: upgrade", "CONNECT localhost:1 HTTP/1.1",
  ])
  func anUpgradeThatIsNotMadeEndsTheConnection(request: String) throws {
    let fanout = try Fanout()
    let peer = try RawPeer(fanout)
    peer.send("\(request)\r\nHost: localhost\r\n\r\n")
    let answer = try #require(peer.receiveToEnd(), "the connection stays open")
    #expect(answer.contains("Connection: close\r\n"), "\(answer)")
  }

  @Test func requestsInOneSegmentAreAnsweredInOrder() throws {
    let fanout = try Fanout()
    let peer = try RawPeer(fanout)
    peer.send(
      "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\nGET /none HTTP/1.1\r\nHost: localhost\r\n\r\n"
        + "HEAD /healthz HTTP/1.1\r\nHost: localhost\r\n\r\nGET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    )
    let answer = try #require(peer.receiveToEnd())
    let statuses = answer.components(separatedBy: "HTTP/1.1 ").dropFirst().map { $0.prefix(3) }
    #expect(statuses == ["200", "404", "200", "200"])
  }

  @Test func responsesKeepTheOrderOfRequests() throws {
    let fanout = try Fanout(["--snapshot"])
    let peer = try RawPeer(fanout)
    peer.send(
      "GET /api/v1/pods HTTP/1.1\r\nHost: localhost\r\n\r\nGET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
        + "GET /none HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\nGET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
    )
    let answer = try #require(peer.receiveToEnd())
    let statuses = answer.components(separatedBy: "HTTP/1.1 ").dropFirst().map { $0.prefix(3) }
    #expect(statuses == ["200", "200", "404"])
    #expect(answer.components(separatedBy: "ok\n")[0].contains("List"))
  }

  @Test(arguments: [
    "Upgrade", "keep-alive, Upgrade", "upgrade\t", "upgrade foo", "Upgrade;q=1", "x\r\nConnection: upgrade",
  ])
  func noRequestAfterAnUpgradeIsParsed(connection: String) throws {
    let fanout = try Fanout()
    let upgrade =
      "GET /ws?raw=1 HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: \(connection)\r\n"
      + "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    for body in ["\r\n", "Content-Length: 3\r\n\r\nabc", "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"] {
      let peer = try RawPeer(fanout)
      peer.send(upgrade + body + "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
      _ = peer.receive(within: .milliseconds(200))
      peer.send("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
    }
    #expect(try fanout.curl("/healthz").output == "ok\n")
  }

  @Test func aRequestAfterAListeningOneIsNotAnswered() throws {
    let fanout = try Fanout()
    let peer = try RawPeer(fanout)
    peer.send(
      "GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n"
        + String(repeating: "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n", count: 200))
    _ = peer.receive { String(decoding: $0, as: UTF8.self).hasSuffix("\r\n\r\n") }
    peer.send("GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n")
    fanout.feed("{}")
    let (bytes, hasEnded) = peer.receive { String(decoding: $0, as: UTF8.self).hasSuffix("data: {}\n\n\r\n") }
    #expect(!hasEnded && !String(decoding: bytes, as: UTF8.self).contains("HTTP/1.1"))
  }

  @Test func anOldClientGetsWhatItUnderstands() throws {
    let fanout = try Fanout()
    let peer = try RawPeer(fanout)
    peer.send(
      "POST /healthz HTTP/1.0\r\nConnection: keep-alive\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nab"
    )
    let first = String(decoding: peer.receive { $0.suffix(2) == Array("}\n".utf8) }.bytes, as: UTF8.self)
    #expect(first.hasPrefix("HTTP/1.1 405 ") && first.contains("\r\nConnection: keep-alive\r\n"), "\(first)")
    peer.send("GET /api/v1/pods HTTP/1.0\r\nAccept: text/html\r\n\r\n")
    let second = peer.receiveToEnd() ?? ""
    #expect(
      second.hasPrefix("HTTP/1.1 406 Not Acceptable\r\n") && !second.contains("keep-alive"), "\(second)")
  }

  @Test func aRequestMayArriveByteByByte() throws {
    let fanout = try Fanout()
    let peer = try RawPeer(fanout)
    for byte in Array(
      "GET /events?lastEventId= HTTP/1.1\r\nHost: localhost\r\nAccept: application/x-ndjson\r\n\r\n".utf8)
    {
      peer.send([byte])
    }
    _ = peer.receive { String(decoding: $0, as: UTF8.self).hasSuffix("\r\n\r\n") }
    fanout.feed("{}")
    #expect(String(decoding: peer.receive { $0.count >= 8 }.bytes, as: UTF8.self) == "3\r\n{}\n\r\n")
  }

  @Test func aPeerThatHasFinishedSendingStillGetsItsResponse() throws {
    let fanout = try Fanout()
    let peer = try RawPeer(fanout)
    peer.send("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
    peer.finishSending()
    #expect(peer.receiveToEnd()?.hasSuffix("ok\n") == true)
  }

  @Test func halfARequestAndAnEndIsNotALeak() throws {
    let fanout = try Fanout()
    let before = try openSockets(of: fanout)
    for _ in 0..<50 {
      let peer = try RawPeer(fanout)
      peer.send("GET /events HTTP/1.1\r\nHo")
      peer.finishSending()
      #expect(peer.receiveToEnd() != nil)
    }
    for _ in 0..<50 { try RawPeer(fanout).reset() }
    try eventually("all connections are gone") { try openSockets(of: fanout) <= before }
  }

  /// It takes sixteen seconds, because a peer has 15 s to send its request.
  @Test func aRequestThatNeverEndsIsCutOff() throws {
    let fanout = try Fanout()
    let silent = try RawPeer(fanout)
    let dripping = try RawPeer(fanout)
    dripping.send("POST /healthz HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\na")
    #expect(silent.receiveToEnd(within: .seconds(40)) == "")
    #expect(dripping.receiveToEnd(within: .seconds(40))?.hasPrefix("HTTP/1.1 408 ") == true)
  }

  private func openSockets(of fanout: Fanout) throws -> Int {
    let folder = "/proc/\(fanout.tool.processIdentifier)/fd"
    return try FileManager.default.contentsOfDirectory(atPath: folder).filter {
      (try? FileManager.default.destinationOfSymbolicLink(atPath: folder + "/" + $0))?.hasPrefix("socket:")
        == true
    }.count
  }
}
