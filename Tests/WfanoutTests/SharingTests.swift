// SPDX-License-Identifier: Apache-2.0
import Foundation
import JSON
import TestSupport
import Testing

@testable import WfanoutCore

/// The clients that share a command.
@Suite(.timeLimit(.minutes(1))) struct SharingTests {
  let directory: TemporaryDirectory
  let script: String
  let tokens: String

  init() throws {
    directory = try TemporaryDirectory()
    tokens = try directory.write("ta ann\ntb bob\ntw *\n", to: "tokens")
    script = try directory.write(
      """
      echo "{\\"type\\":\\"ADDED\\",\\"object\\":{\\"metadata\\":{\\"name\\":\\"p$$\\"},\\"for\\":\\"$2\\"}}"
      trap 'exit 0' TERM
      while :; do sleep 0.1; done
      """, to: "source.sh")
  }

  func fanout(_ share: String?, _ identity: String = "{identity}") throws -> Fanout {
    try Fanout(
      [
        "--upstream", "/bin/sh \(script) {resourceType} \(identity)", "--auth-tokens", tokens, "--admin",
        ":0",
      ]
        + (share.map { ["--share", $0] } ?? []))
  }

  func open(_ fanout: Fanout, _ id: String, _ token: String) throws -> RunningTool {
    let stream = try fanout.listening(
      "/api/watch/stream?cid=\(id)", ["-H", "Authorization: Bearer \(token)"])
    #expect(try subscribe(fanout, id, token) == "200")
    try stream.wait(for: "an event", .seconds(10)) { $0.soFar.output.contains("event: watch\n") }
    return stream
  }

  func subscribe(_ fanout: Fanout, _ id: String, _ token: String) throws -> String {
    try fanout.curl(
      "/api/watch/subscribe",
      [
        "-H", "Authorization: Bearer \(token)", "-H", "Content-Type: application/json", "-d",
        #"{"clientId":"\#(id)","resourceType":"pods"}"#,
        "-o", "/dev/null", "-w", "%{http_code}",
      ]
    ).output
  }

  func child(_ tool: RunningTool) -> Substring? {
    tool.soFar.output.split(separator: "\"name\":\"p").dropFirst().first?.prefix { $0.isNumber }
  }

  @Test func oneUsersStreamNeverReachesAnother() throws {
    let fanout = try fanout(nil)
    let ann = try open(fanout, "a", "ta")
    let bob = try open(fanout, "b", "tb")
    let again = try open(fanout, "a2", "ta")
    #expect(child(ann) != child(bob))
    #expect(child(ann) == child(again), "one user's tabs share")
    #expect(ann.soFar.output.contains(#""for":"ann""#))
    #expect(bob.soFar.output.contains(#""for":"bob""#))
    #expect(!bob.soFar.output.contains(#""for":"ann""#))
    #expect(
      try fanout.ask("/api/watch/stats")
        == JSONValue(Array(#"{"clients":3,"upstreams":2,"subscriptions":{"pods::::::":3}}"#.utf8)))
  }

  @Test func withNoneEachListenerHasACommandOfItsOwn() throws {
    let fanout = try fanout("none")
    let one = try open(fanout, "a", "ta")
    let two = try open(fanout, "a2", "ta")
    #expect(child(one) != child(two))
    let header = ["-H", "Authorization: Bearer ta"]
    let watches = try (0..<2).map { _ in try fanout.listening("/api/v1/pods?watch=1", header) }
    for watch in watches { try watch.waitForLines(1) }
    #expect(child(watches[0]) != child(watches[1]))
    #expect(try fanout.ask("/api/watch/stats")["upstreams"] == .number("4"))
  }

  @Test func withChannelAllShareACommand() throws {
    let shared = try fanout("channel", "")
    #expect(child(try open(shared, "a", "ta")) == child(try open(shared, "b", "tb")))
    let refused = try Tool.run("wfanout", ["--upstream", "cat {identity}", "--share", "channel"])
    #expect(refused.status == 64)
    #expect(refused.diagnostics.contains("--share channel"))
  }

  @Test func aClientIdBelongsToItsOwner() throws {
    let fanout = try fanout(nil)
    let ann = try open(fanout, "a", "ta")
    #expect(try subscribe(fanout, "a", "tb") == "403")
    let taken = try fanout.curl(
      "/api/watch/stream?cid=a", ["-H", "Authorization: Bearer tb", "-w", "%{http_code}"]
    ).output
    #expect(taken == "{\"error\":\"Client not owned by this user\"}\n403")
    #expect(ann.isRunning && !ann.soFar.output.contains("replaced"))
  }

  @Test func aStreamAndASubscriptionNeedAToken() throws {
    let fanout = try fanout(nil)
    for token in ["", "tx"] {
      let header = token.isEmpty ? [] : ["-H", "Authorization: Bearer \(token)"]
      let stream = ["-o", "/dev/null", "-w", "%{http_code}"] + header
      #expect(try fanout.curl("/api/watch/stream?cid=a", stream).output == "401")
      let body = ["-H", "Content-Type: application/json", "-d", #"{"clientId":"a","resourceType":"pods"}"#]
      #expect(try fanout.curl("/api/watch/subscribe", body + stream).output == "401")
    }
  }

  @Test func anIdentityThatIsNotANameIsRefused() throws {
    let fanout = try fanout(nil)
    let stream = try fanout.listening("/api/watch/stream?cid=w", ["-H", "Authorization: Bearer tw"])
    #expect(try subscribe(fanout, "w", "tw") == "403")
    stream.send(SIGKILL)
  }
}
