// SPDX-License-Identifier: Apache-2.0
import Foundation
import JSON
import TestSupport
import Testing

@testable import WfanoutCore

@Suite(.timeLimit(.minutes(1))) struct AuthTests {
  let directory: TemporaryDirectory
  let path: String
  let fanout: Fanout

  init() throws {
    directory = try TemporaryDirectory()
    path = try directory.write("# who\ngood ann\nold bob 1\n", to: "tokens")
    fanout = try Fanout(["--auth-tokens", path], configuration: "allow-query-token: true")
  }

  func status(_ path: String, _ arguments: [String] = []) throws -> String {
    String(try fanout.curl(path, ["-o", "/dev/null", "-m", "1", "-w", "%{http_code}"] + arguments).output)
  }

  @Test func aTokenIsRequiredAndMayBeSentInEachForm() throws {
    #expect(try status("/events") == "401")
    #expect(try status("/events", ["-H", "Authorization: Bearer bad"]) == "401")
    #expect(try status("/events", ["-H", "Authorization: Bearer old"]) == "401")
    #expect(try status("/events", ["-H", "Authorization: Bearer good"]) == "200")
    #expect(try status("/events", ["-H", "Cookie: a=b; wfanout_token=good"]) == "200")
    #expect(try status("/events?token=good") == "200")
    #expect(try status("/api/v1/pods?watch=1") == "401")
    #expect(try status("/healthz") == "200")
    #expect(try SocketClient(port: fanout.port, path: "/ws?raw=1").head.hasPrefix("HTTP/1.1 401"))
    let client = try SocketClient(
      port: fanout.port, path: "/ws?raw=1", headers: ["Sec-WebSocket-Protocol: bearer, good"])
    #expect(client.head.contains("Sec-WebSocket-Protocol: bearer"))
  }

  @Test func aRequestHasOneToken() {
    let authenticator = Authenticator(tokens: nil, validator: nil, allowsQueryToken: false)
    func token(_ headers: [(name: String, value: String)]) -> String? {
      authenticator.token(of: HTTPRequest(method: "GET", target: "/events?token=query", headers: headers))
    }
    #expect(token([("Authorization", "Bearer  t")]) == "t")
    #expect(token([("Authorization", "Basic t")]) == nil)
    #expect(token([("Authorization", "Bearer a"), ("authorization", "Bearer b")]) == "", "nobody's")
    #expect(token([("Cookie", "a=1"), ("Cookie", "b=2; wfanout_token=t")]) == "t", "as HTTP/2 sends them")
    #expect(token([("Sec-WebSocket-Protocol", "bearer, t")]) == "t")
    #expect(
      token([("Sec-WebSocket-Protocol", "bearer"), ("Sec-WebSocket-Protocol", "t")]) == "t", "RFC 6455 11.3.4"
    )
    #expect(token([]) == nil)
  }

  @Test func aTokenFileHasEachTokenOnce() throws {
    for text in ["t ann\nt bob\n", "t ann\n# a\nt ann\n"] {
      let error = #expect(throws: TokenFile.ReadError.self) { try TokenFile.parse(text, path: "f") }
      #expect(error?.description.contains("also in line 1") == true)
    }
    #expect(try TokenFile.parse("t ann\nu ann\n", path: "f").count == 2, "one may have several")
    let edited = try TokenFile.parse("t ann 5\r\n\r\n# no\r\nu bob\r\n", path: "f")
    #expect(edited.map(\.identity.name) == ["ann", "bob"], "lines of an editor for Windows")
    let file = try directory.write("", to: "binary")
    try Data([0xFF, 0xFE, 0x20, 0x61, 0x0A]).write(to: URL(fileURLWithPath: file))
    let outcome = try Tool.run("wfanout", ["--listen", ":0", "--auth-tokens", file])
    #expect(outcome.status == 78 && outcome.diagnostics.contains("not UTF-8"))
  }

  @Test func theFirstMessageMayContainTheToken() throws {
    let client = try SocketClient(port: fanout.port, path: "/ws")
    client.say(#"{"type":"auth","token":"good"}"#)
    #expect(try client.nextMessage()["status"]?.string == "authenticated")
    let other = try SocketClient(port: fanout.port, path: "/ws")
    other.say(#"{"type":"auth","token":"bad"}"#)
    #expect(try other.nextMessage()["code"]?.string == "AUTH_FAILED")
    #expect(try other.next()?.closeCode == 1008)
  }

  @Test func anExpiredTokenPausesUntilAnotherArrives() throws {
    let soon = Int(Date().timeIntervalSince1970) + 8
    try "short ann \(soon)\ngood ann\n".write(toFile: path, atomically: true, encoding: .utf8)
    try eventually("the new token is known") { try status("/none?token=short") == "404" }
    let client = try SocketClient(port: fanout.port, path: "/ws?token=short")
    client.say(#"{"type":"subscribe","subscription":{}}"#)
    #expect(try client.nextMessage()["type"]?.string == "subscribed")
    #expect(try client.nextMessage()["code"]?.string == "AUTH_EXPIRED")
    fanout.feed(#"{"event_type":"T","n":1}"#)
    client.say(#"{"type":"auth","token":"good"}"#)
    #expect(try client.nextMessage()["status"]?.string == "authenticated")
    #expect(try client.nextMessage()["n"] == .number("1"))
  }

  /// The buffers of this listener are always full.
  @Test func aTokenExpiresForASlowListenerToo() throws {
    let line = #"{"pad":"\#(String(repeating: "x", count: 1000))"}"#
    let now = Int(Date().timeIntervalSince1970)
    try "short ann \(now + 5)\ngood ann\n".write(toFile: path, atomically: true, encoding: .utf8)
    try eventually("the new token is known") { try status("/none?token=short") == "404" }
    let peer = try RawPeer(fanout)
    peer.send("GET /events?token=short HTTP/1.1\r\nHost: localhost\r\n\r\n")
    #expect(peer.status() == 200)
    for _ in 0..<40 { fanout.feed(Array(repeating: line, count: 500)) }
    var received: [UInt8] = []
    var hasEnded = false
    while !hasEnded, received.count < 15_000_000 {
      let (bytes, isLast) = peer.receive(within: .milliseconds(200)) { $0.count > 50_000 }
      received += bytes
      hasEnded = isLast
      Thread.sleep(forTimeInterval: 0.1)
    }
    #expect(hasEnded)
    #expect(String(decoding: received.suffix(500), as: UTF8.self).contains("auth_expired"))
  }

  @Test func reportsAnUnreadableTokenFileOnce() throws {
    try "good ann\nonlyone\n".write(toFile: path, atomically: true, encoding: .utf8)
    try eventually("it is said, and what was in force stays") {
      try status("/none?token=good") == "404"
        && fanout.tool.soFar.diagnostics.contains("line 2: expected TOKEN IDENTITY [EXPIRES]")
    }
    Thread.sleep(forTimeInterval: 2.2)
    #expect(try status("/none?token=good") == "404")
    #expect(fanout.tool.soFar.diagnostics.components(separatedBy: "line 2").count == 2)
    try "better ann\n".write(toFile: path, atomically: true, encoding: .utf8)
    try eventually("it is mended") { try status("/none?token=better") == "404" }
  }

  @Test func aByteOrderMarkIsNotAPartOfTheFirstToken() throws {
    try "\u{FEFF}better ann\r\n".write(toFile: path, atomically: true, encoding: .utf8)
    try eventually("the token is known") { try status("/none?token=better") == "404" }
  }

  /// An editor may have written only a part of it: the tokens of the rest must not be revoked.
  @Test func aFileIsNotReadWhileItIsBeingWritten() throws {
    func isBeingWritten(since age: Double) throws -> Bool? {
      let date = Date(timeIntervalSinceNow: -age)
      try FileManager.default.setAttributes([.modificationDate: date], ofItemAtPath: path)
      return FileStamp(path)?.isBeingWritten
    }
    #expect(try isBeingWritten(since: 0.3) == false)
    #expect(try isBeingWritten(since: -60) == false, "by another machine's clock")
    try eventually("it is noticed") { try isBeingWritten(since: 0) == true }
  }

  @Test func aPipeInsteadOfTheFileDoesNotBlock() throws {
    #expect(try Tool.shell("rm '\(path)' && mkfifo '\(path)'").waitForEnd().status == 0)
    try fanout.tool.waitForDiagnostics("is not a regular file")
    #expect(try status("/none?token=good") == "404", "what was in force stays")
    #expect(try Tool.shell("rm '\(path)' && echo 'better ann' > '\(path)'").waitForEnd().status == 0)
    try eventually("the next file is read") { try status("/none?token=better") == "404" }
  }

  /// In silence, it would look as if wfanout hung.
  @Test(arguments: ["--auth-tokens", "--config"]) func aPipeThatNobodyHasWrittenIsNamed(flag: String) throws {
    let pipe = directory.path("pipe")
    #expect(unsafe mkfifo(pipe, 0o600) == 0)
    let tool = try Tool.start("wfanout", ["--listen", ":0", flag, pipe])
    try tool.waitForDiagnostics("pipe' is a pipe: waiting")
    #expect(try Tool.shell("printf '' >'\(pipe)'").waitForEnd().status == 0)
    try tool.waitForDiagnostics("listening on ")
    tool.send(SIGTERM)
    #expect(try tool.waitForEnd().status == 128 + SIGTERM)
  }

  @Test func endsWhileItWaitsForAPipe() throws {
    let pipe = directory.path("pipe")
    #expect(unsafe mkfifo(pipe, 0o600) == 0)
    let tool = try Tool.start("wfanout", ["--listen", ":0", "--auth-tokens", pipe])
    try tool.waitForDiagnostics("pipe' is a pipe: waiting")
    tool.send(SIGTERM)
    #expect(try tool.waitForEnd(.seconds(20)).status == 128 + SIGTERM)
  }

  @Test func readsTokensFromACommand() throws {
    let tool = try Tool.shell(
      "exec /bin/bash -c 'exec wfanout --listen :0 --auth-tokens <(sleep 0.3; echo t ann; echo u bob)'")
    try tool.waitForDiagnostics("listening on ")
    #expect(!tool.soFar.diagnostics.contains("there are none"))
    tool.send(SIGTERM)
    _ = try tool.waitForEnd()
  }

  @Test func aRemovedTokenEndsItsStreams() throws {
    try "good ann\nbad bob\n".write(toFile: path, atomically: true, encoding: .utf8)
    try eventually("both tokens are known") { try status("/none?token=bad") == "404" }
    let ann = try fanout.listening("/events?token=good")
    let bob = try fanout.listening("/events?token=bad")
    let socket = try SocketClient(port: fanout.port, path: "/ws?token=bad")
    socket.say(#"{"type":"subscribe","subscription":{}}"#)
    #expect(try socket.nextMessage()["type"]?.string == "subscribed")
    try "good ann\n".write(toFile: path, atomically: true, encoding: .utf8)
    #expect(try bob.waitForEnd(.seconds(10)).output.contains("auth_revoked"))
    #expect(try socket.nextMessage()["reason"]?.string == "auth_revoked")
    #expect(try socket.next()?.closeCode == 1008)
    fanout.feed("{}")
    try ann.wait(for: "an event", .seconds(10)) { $0.soFar.output.contains("data: {}") }
  }

  @Test func badTokensAreLimitedWithoutLockingOutOthers() throws {
    let start = ContinuousClock.now
    let outcome = try fanout.curl(
      "/none?token=made-up-[1-80]", ["-o", "/dev/null", "-w", "%{http_code}\n"])
    let seconds = (ContinuousClock.now - start) / .seconds(1)
    #expect(outcome.lines.count == 80 && outcome.lines.first == "401" && outcome.lines.contains("503"))
    // At most the failures of five seconds at once, and two a second after them.
    #expect(Double(outcome.lines.count { $0 == "401" }) <= 10 + 2 * seconds + 1)
    #expect(try status("/none?token=good") == "404")
  }

  @Test func anotherUserDoesNotTakeOverASession() throws {
    try "good ann\nother bob\n".write(toFile: path, atomically: true, encoding: .utf8)
    try eventually("both tokens are known") { try status("/none?token=other") == "404" }
    let client = try SocketClient(port: fanout.port, path: "/ws?token=good")
    client.say(#"{"type":"auth","token":"other"}"#)
    #expect(try client.nextMessage()["code"]?.string == "AUTH_FAILED")
    #expect(try client.next()?.closeCode == 1008)
  }

  @Test func otherInterfacesNeedTokensOrNoAuth() throws {
    let refused = try Tool.run("wfanout", ["--listen", "0.0.0.0:0"])
    #expect(refused.status == 64)
    #expect(refused.diagnostics.contains("--no-auth"))
    #expect(try Tool.run("wfanout", ["--listen", "0.0.0.0:0", "--no-auth"]).status == 0)
    // 127.0.0.2 reaches a socket of all interfaces, and none of 127.0.0.1.
    let all = try Tool.start("wfanout", ["--listen", "0.0.0.0:0", "--no-auth"])
    try all.waitForDiagnostics("listening on http://0.0.0.0:")
    let port = all.soFar.diagnostics.matches(of: /listening on http:\/\/0\.0\.0\.0:(\d+)/).first
    for (port, status) in [(port.flatMap { Int($0.1) } ?? 0, "200"), (fanout.port, "000")] {
      let curl = "curl -s -o /dev/null -w '%{http_code}' http://127.0.0.2:\(port)/healthz"
      #expect(try Tool.shell(curl).waitForEnd().output == status)
    }
    #expect(try Tool.run("wfanout", ["--auth-tokens", "/nonexistent"]).status == 78)
    #expect(try Tool.run("wfanout", ["--admin", "0.0.0.0:0"]).status == 64)
  }

  @Test func tokensAreComparedCompletely() {
    #expect(TokenFile.isEqual([1, 2], [1, 2]))
    #expect(!TokenFile.isEqual([1, 2], [1, 3]))
    #expect(!TokenFile.isEqual([1, 2], [1, 2, 3]))
    #expect(throws: TokenFile.ReadError.self) { try TokenFile.parse("only", path: "f") }
  }
}
