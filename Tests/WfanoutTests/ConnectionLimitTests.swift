// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport
import Testing

@testable import WfanoutCore

/// Connections without requests, too many connections, and the header of every response.
@Suite(.timeLimit(.minutes(2))) struct ConnectionLimitTests {
  @Test func halfOpenConnectionsKeepNoClientOut() throws {
    let fanout = try Fanout(["--max-clients", "50", "--loops", "1"])
    let listener = try fanout.listening("/events", ["-H", "Accept: application/x-ndjson"])
    // More connections than an address may have. The oldest are closed, and a request is still answered.
    let silent = try (0..<700).map { _ in try RawPeer(fanout) }
    #expect(try fanout.curl("/healthz").output == "ok\n")
    #expect(silent[0].receiveToEnd(within: .seconds(5)) != nil)
    let late = try #require(silent.last)
    late.send("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
    #expect(late.status() == 200)
    fanout.feed(#"{"n":1}"#)
    try listener.wait(for: "the event", .seconds(10)) { $0.soFar.output.contains(#"{"n":1}"#) }
  }

  private final class Waiting: AwaitingRequest {
    let isBeingAnswered = false
    var isClosed = false
    func waitedTooLong() {}
    func close() { isClosed = true }
  }

  /// The channel of a closed connection may be told later, after many other connections.
  @Test func eachNewConnectionClosesAnotherOne() {
    var idle = IdleConnections(limit: 20, addressLimit: 4)
    let connections = (0..<50).map { _ in Waiting() }
    for connection in connections { idle.add(connection, address: "a")?.close() }
    #expect(connections.map(\.isClosed) == (0..<50).map { $0 < 46 })
    let others = (0..<50).map { _ in Waiting() }
    for (number, connection) in others.enumerated() { idle.add(connection, address: "\(number)")?.close() }
    #expect((connections + others).count { !$0.isClosed } == 20)
  }

  @Test func waitsWarnsAndRecoversWhenOutOfDescriptors() throws {
    let server = try Tool.shell("exec wfanout --listen :0")
    try server.waitForDiagnostics("listening on http://127.0.0.1:")
    // Lowered after the server has divided its descriptors.
    _ = try Tool.shell("exec prlimit --pid \(server.processIdentifier) --nofile=64").waitForEnd()
    let port = try #require(
      server.soFar.diagnostics.matches(of: /127\.0\.0\.1:(\d+)/).first.flatMap { Int($0.1) })
    var sockets = (0..<150).compactMap { _ in LoopbackSocket.connect(to: port) }
    try server.waitForDiagnostics("accept a connection: Too many open files")
    func processorTime() throws -> Int {
      let text = try String(contentsOfFile: "/proc/\(server.processIdentifier)/stat", encoding: .utf8)
      let fields = text.components(separatedBy: ") ")[1].split(separator: " ")
      return (Int(fields[11]) ?? 0) + (Int(fields[12]) ?? 0)
    }
    let before = try processorTime()
    Thread.sleep(forTimeInterval: 2)
    // Hundredths of a second. A busy loop would take a hundred or more.
    #expect(try processorTime() - before < 60)
    for socket in sockets { socket.close() }
    sockets = []
    try eventually("it answers again", within: .seconds(20)) {
      try Tool.shell("curl -sS --max-time 2 http://127.0.0.1:\(port)/healthz").waitForEnd().output == "ok\n"
    }
    server.send(SIGTERM)
    _ = try server.waitForEnd()
  }

  @Test func everyResponseHasADateAndAKeepAliveTime() throws {
    let fanout = try Fanout(configuration: "keep-alive: 100s")
    for path in ["/healthz", "/nothing", "/metrics"] {
      let head = try fanout.curl(path, ["-i"]).output
      #expect(
        head.contains(/\r\nDate: (Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT\r\n/))
      #expect(head.contains("\r\nKeep-Alive: timeout=100\r\n"))
    }
  }

  @Test func aQuietConnectionIsKeptLongerThanTheRequestTimeout() throws {
    let fanout = try Fanout(configuration: "request-timeout: 1s\nkeep-alive: 20s")
    let peer = try RawPeer(fanout)
    peer.send("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
    #expect(peer.status() == 200)
    #expect(!peer.receive(within: .seconds(4)).hasEnded)
    peer.send("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
    #expect(peer.status() == 200)
  }

  @Test(arguments: ["/events", "/healthz", "/metrics", "/"]) func headHasNoBody(path: String) throws {
    let fanout = try Fanout()
    let head = try fanout.curl(path, ["-I"]).output
    #expect(head.hasPrefix("HTTP/1.1 200 ") && head.hasSuffix("\r\n\r\n"))
  }

  @Test func anAddressInUseIsNamedInPlainWords() throws {
    let fanout = try Fanout()
    let second = try Tool.run("wfanout", ["--admin", ":0", "--listen", "127.0.0.1:\(fanout.port)"])
    #expect(second.status == 69)
    #expect(!second.diagnostics.contains("serving operators"), "it has not started")
    #expect(second.diagnostics.contains("127.0.0.1:\(fanout.port): Address already in use: another process"))
    #expect(!second.diagnostics.contains("errno"))
  }

  @Test func datesAreThoseOfHTTP() {
    #expect(HTTPDate.text(784_111_777) == "Sun, 06 Nov 1994 08:49:37 GMT")
  }
}
