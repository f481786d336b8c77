// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport
import Testing

/// Lists and snapshots that are still being read when something ends them.
@Suite(.timeLimit(.minutes(2))) struct UnfinishedDocumentTests {
  private static let count = 6000
  private static let pad = #","spec":{"pad":"\#(String(repeating: "x", count: 1000))"}"#
  private static let lastChunk = Array("\r\n0\r\n\r\n".utf8)

  /// A client that has read the beginning of a document of 7 MB, far more than the buffers of a connection.
  private static func reader(of fanout: Fanout, _ path: String, _ headers: String = "") throws -> RawPeer {
    fanout.feed((1...count).map { pod("p\($0)", version: $0, extra: pad) })
    try eventually("all objects are kept", within: .seconds(30)) {
      try fanout.curl(
        "/snapshot/uid-p\(count)",
        ["-o", "/dev/null", "-w", "%{http_code}", "-H", "Authorization: Bearer old"]
      ).output == "200"
    }
    let reader = try RawPeer(fanout)
    reader.send("GET \(path) HTTP/1.1\r\nHost: localhost\r\n\(headers)\r\n")
    let beginning = reader.receive { $0.count > 1000 }
    #expect(String(decoding: beginning.bytes, as: UTF8.self).hasPrefix("HTTP/1.1 200"))
    return reader
  }

  @Test(arguments: ["/snapshot", "/api/v1/pods"], [true, false])
  func areCompletedBeforeTheEnd(of path: String, bySignal: Bool) throws {
    let fanout = try Fanout(["--snapshot"])
    let reader = try Self.reader(of: fanout, path)
    if bySignal { fanout.tool.send(SIGTERM) } else { fanout.tool.closeInput() }
    let rest = reader.receive(within: .seconds(20))
    #expect(rest.hasEnded)
    #expect(rest.bytes.suffix(7).elementsEqual(Self.lastChunk))
    #expect(String(decoding: rest.bytes, as: UTF8.self).contains("uid-p\(Self.count)\""))
    _ = try fanout.tool.waitForEnd()
  }

  @Test func doNotLookCompleteAfterTheTokenIsRevoked() throws {
    let directory = try TemporaryDirectory()
    let file = try directory.write("old alice\n", to: "tokens")
    let fanout = try Fanout(["--snapshot", "--auth-tokens", file])
    let reader = try Self.reader(of: fanout, "/snapshot", "Authorization: Bearer old\r\n")
    _ = try directory.write("new bob\n", to: "tokens")
    fanout.tool.send(SIGHUP)
    try eventually("the token is refused") {
      try fanout.curl("/snapshot/uid-p1", ["-H", "Authorization: Bearer old"]).output.contains("401")
    }
    try eventually("the client has been disconnected") {
      try fanout.curl("/metrics").output.contains("wfanout_clients 0\n")
    }
    let rest = reader.receive(within: .seconds(20))
    #expect(rest.hasEnded)
    #expect(!rest.bytes.suffix(7).elementsEqual(Self.lastChunk))
  }
}
