// SPDX-License-Identifier: Apache-2.0
import Foundation
import Synchronization
import TestSupport
import Testing

/// When kwatch polls, what it repairs, and which counts it reports: the built kwatch against scripted responses.
@Suite(.timeLimit(.minutes(15))) struct FakeServerHealthTests: FakeServerSuite {
  let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  private static func event(_ type: String, _ name: String, _ version: String) -> String {
    #"{"type":"\#(type)","object":\#(FakeServerScopeTests.object(name, version))}"# + "\n"
  }

  private static func bookmark(_ version: String) -> String {
    #"{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"\#(version)"}}}"# + "\n"
  }

  private func types(_ lines: [String]) -> [String] {
    lines.map { String($0.dropFirst(9).prefix { $0 != "\"" }) }
  }

  /// The STATUS lines so far.
  private func statuses(_ tool: RunningTool) -> [[String: Any]] {
    FoldedStream(tool.soFar.diagnostics.split(separator: "\n").map(String.init)).statuses
  }

  /// With a poll interval of one second, three seconds of a healthy watch take no other request.
  @Test func aHealthyWatchIsTheOnlyRequest() throws {
    let body = try Wire.body("v1.36/watch-list")
    let (tool, server) = try start(["configmaps", "--poll", "1s"]) { request, reply in
      reply.head()
      reply.send(body)
      for number in 1...6 {
        usleep(500_000)
        reply.send(Self.event("ADDED", "late-\(number)", "90000\(number)"))
      }
      reply.hold()
    }
    try tool.wait(for: "the last event", .seconds(60)) { $0.soFar.output.contains(#""name":"late-6""#) }
    #expect(server.paths.count == 2, "discovery and the watch: \(server.paths)")
  }

  @Test func neverPollsWhenToldSo() throws {
    let polled = Atomic<Int>(0)
    let kept = Atomic<Int>(0)
    let (tool, _) = try start(["cm", "--poll", "1s"]) { request, reply in
      if request.path.contains("sendInitialEvents") { return reply.whole("{}", status: 422) }
      if request.path.contains("watch=true") {
        reply.head()
        return reply.hold()
      }
      let number = polled.add(1, ordering: .relaxed).newValue
      reply.whole(FakeServerScopeTests.list("\(number)", FakeServerScopeTests.object("n", "\(number)")))
    }
    let (other, _) = try start(["cm", "--poll", "never", "--status", "stderr"]) { request, reply in
      if request.path.contains("sendInitialEvents") { return reply.whole("{}", status: 422) }
      if request.path.contains("watch=true") {
        reply.head()
        return reply.hold()
      }
      kept.add(1, ordering: .relaxed)
      reply.whole(FakeServerScopeTests.list("1", FakeServerScopeTests.object("n", "1")))
    }
    try other.waitForLines(1)
    // A watch that is accepted but silent is connected, but it is not proven that it delivers.
    try other.waitForDiagnostics(#""connected":true,"delivering":false"#)
    try tool.waitForLines(3)
    #expect(kept.load(ordering: .relaxed) == 1 && other.lines.count == 1)
  }

  /// Polling begins five seconds after the watch breaks, and stops when a watch delivers again.
  @Test func pollsWhileTheWatchIsBroken() throws {
    let isBroken = Atomic<Bool>(false)
    let lists = Atomic<Int>(0)
    let (tool, _) = try start(["cm", "--poll", "1s", "--status", "stderr"]) { request, reply in
      if request.path.contains("sendInitialEvents") { return reply.whole("{}", status: 422) }
      if request.path.contains("watch=true") {
        if isBroken.load(ordering: .relaxed) { return reply.whole("{}", status: 500) }
        reply.head()
        reply.send(Self.bookmark("1000"))
        while !isBroken.load(ordering: .relaxed) { usleep(10_000) }
        return
      }
      let number = lists.add(1, ordering: .relaxed).newValue
      reply.whole(FakeServerScopeTests.list("\(number)", FakeServerScopeTests.object("n", "\(number)")))
    }
    try tool.waitForDiagnostics(#""health":"healthy""#)
    isBroken.store(true, ordering: .relaxed)
    let broken = ContinuousClock.now
    #expect(try types(tool.waitForLines(3)) == ["ADDED", "MODIFIED", "MODIFIED"])
    #expect(ContinuousClock.now - broken > .seconds(4))
    #expect(
      statuses(tool).contains {
        $0["mode"] as? String == "polling" && ($0["polling"] as? [String: Any])?["enabled"] as? Bool == true
      })
    isBroken.store(false, ordering: .relaxed)
    try eventually("the watch is healthy again", within: .seconds(60)) {
      let last = statuses(tool).last
      return last?["mode"] as? String == "watch" && last?["health"] as? String == "healthy"
        && (last?["polling"] as? [String: Any])?["enabled"] as? Bool == false
    }
    // STATUS lines have the counts of the run.
    let last = try #require(statuses(tool).last)
    #expect(last["errors"] as? Int ?? 0 > 0 && last["reconnects"] as? Int ?? 0 > 0, "\(last)")
  }

  @Test func printsAWatchErrorAndContinues() throws {
    let watches = Atomic<Int>(0)
    let (tool, _) = try start(["cm", "--status", "stderr"]) { request, reply in
      if request.path.contains("sendInitialEvents") { return reply.whole("{}", status: 422) }
      guard request.path.contains("watch=true") else { return reply.whole(FakeServerScopeTests.list("5")) }
      reply.head()
      if watches.add(1, ordering: .relaxed).newValue == 1 {
        reply.send(
          #"{"type":"ERROR","object":{"kind":"Status","code":500,"reason":"InternalError","message":"no space"}}"#
            + "\n")
        return reply.end()
      }
      reply.send(Self.event("ADDED", "a", "6"))
      reply.hold()
    }
    let lines = try tool.waitForLines(2)
    #expect(types(lines) == ["ERROR", "ADDED"] && lines[0].contains("no space"), "\(lines)")
    try tool.waitForDiagnostics(#""health":"degraded","reason":"error""#)
    try eventually("the watch is healthy") { statuses(tool).last?["health"] as? String == "healthy" }
  }

  /// The server hides a deletion from the watch. A verification compares the printed objects with a list.
  @Test func repairsWhatTheWatchHid() throws {
    let (a, b) = (FakeServerScopeTests.object("a", "1"), FakeServerScopeTests.object("b", "2"))
    let (tool, server) = try start(["cm", "--verify", "1s", "--status", "stderr"]) { request, reply in
      if request.path.contains("sendInitialEvents") { return reply.whole("{}", status: 422) }
      if request.path.contains("watch=true") {
        reply.head()
        reply.send(Self.bookmark("6"))
        return reply.hold()
      }
      let isVerification = request.path.contains("resourceVersionMatch=Exact")
      reply.whole(FakeServerScopeTests.list(isVerification ? "6" : "5", isVerification ? a : "\(a),\(b)"))
    }
    let lines = try tool.waitForLines(3)
    #expect(types(lines) == ["ADDED", "ADDED", "DELETED"] && lines[2].contains(#""name":"b""#), "\(lines)")
    try tool.waitForDiagnostics(#""health":"degraded","reason":"drift""#)
    try eventually("it is healthy again") { statuses(tool).last?["health"] as? String == "healthy" }
    #expect(server.paths.contains { $0.contains("resourceVersion=6&resourceVersionMatch=Exact") })
  }

  /// After 410 the counts have the resync, and the objects are those of the new list.
  @Test func countsTheResyncAfter410() throws {
    let lists = Atomic<Int>(0)
    let (tool, _) = try start(["cm", "--status", "stderr"]) { request, reply in
      if request.path.contains("sendInitialEvents") { return reply.whole("{}", status: 422) }
      if request.path.contains("watch=true") {
        if request.path.contains("resourceVersion=1&") || request.path.hasSuffix("resourceVersion=1") {
          return reply.whole(#"{"kind":"Status","code":410,"reason":"Expired","message":"old"}"#, status: 410)
        }
        reply.head()
        reply.send(Self.bookmark("9"))
        return reply.hold()
      }
      let number = lists.add(1, ordering: .relaxed).newValue
      reply.whole(
        FakeServerScopeTests.list("\(number)", FakeServerScopeTests.object(number == 1 ? "a" : "b", "1")))
    }
    #expect(try types(tool.waitForLines(3)).sorted() == ["ADDED", "ADDED", "DELETED"])
    try eventually("it is healthy") { statuses(tool).last?["health"] as? String == "healthy" }
    #expect(statuses(tool).contains { $0["reason"] as? String == "gone" })
    let last = try #require(statuses(tool).last)
    #expect(last["resyncs"] as? Int == 1 && last["errors"] as? Int == 1, "\(last)")
  }

  /// The version of the second event is lower than those before it, which is no error.
  @Test func skipsTheInitialObjects() throws {
    let (tool, _) = try start(["cm", "--skip-initial"]) { request, reply in
      if request.path.contains("sendInitialEvents") { return reply.whole("{}", status: 422) }
      guard request.path.contains("watch=true") else {
        return reply.whole(FakeServerScopeTests.list("5", FakeServerScopeTests.object("a", "1")))
      }
      reply.head()
      reply.send(Self.event("ADDED", "b", "6") + Self.event("MODIFIED", "a", "3"))
      reply.hold()
    }
    let lines = try tool.waitForLines(2)
    #expect(types(lines) == ["ADDED", "MODIFIED"] && lines[0].contains(#""name":"b""#), "\(lines)")
  }

  /// Four intervals of one second; with any longer default they would take at least 20 s.
  @Test func readsUsageAtItsInterval() throws {
    let ticks = Atomic<Int>(0)
    let (tool, server) = try start(["pods", "--usage", "1s"]) { request, reply in
      if request.path.hasPrefix("/apis/metrics.k8s.io/") {
        let number = ticks.add(1, ordering: .relaxed).newValue
        return reply.whole(
          FakeServerScopeTests.usage("PodMetrics", #""name":"p","namespace":"default""#, time: "t\(number)"))
      }
      if request.path.contains("sendInitialEvents") { return reply.whole("{}", status: 422) }
      guard request.path.contains("watch=true") else { return reply.whole(FakeServerScopeTests.list("5")) }
      reply.head()
      reply.hold()
    }
    try tool.waitForLines(1)
    let first = ContinuousClock.now
    let lines = try tool.waitForLines(5)
    let took = ContinuousClock.now - first
    #expect(lines.allSatisfy { $0.hasPrefix(#"{"type":"METRICS""#) })
    #expect(took > .seconds(3) && took < .seconds(15), "\(took)")
    withExtendedLifetime(server) {}
  }

  /// A token with an expiry is replaced before that time, without a refusal of the server.
  @Test func asksAPluginBeforeItsTokenExpires() throws {
    let counter = directory.path("count")
    let script = try directory.write(
      """
      #!/bin/sh
      echo x >>'\(counter)'
      n=$(wc -l <'\(counter)' | tr -d ' ')
      [ "$n" = 1 ] && expiry='13 seconds' || expiry='1 hour'
      printf '{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1","status":{"token":"token-%s","expirationTimestamp":"%s"}}' \
        "$n" "$(date -u -d "$expiry" +%FT%TZ)"
      """, to: "plugin")
    #expect(try Tool.shell("chmod +x '\(script)'").waitForEnd().status == 0)
    let (tool, server) = try start(
      ["cm", "--poll", "1s"],
      user: "exec: {command: \(script), apiVersion: client.authentication.k8s.io/v1}"
    ) { request, reply in
      if request.path.contains("watch=true") {
        return reply.whole(#"{"kind":"Status","code":403,"reason":"Forbidden","message":"no"}"#, status: 403)
      }
      reply.whole(FakeServerScopeTests.list("5"))
    }
    let started = ContinuousClock.now
    try eventually("the next token", within: .seconds(30)) {
      server.requests.contains { $0.headers["authorization"] == "Bearer token-2" }
    }
    #expect(ContinuousClock.now - started < .seconds(13))
    #expect(server.requests.contains { $0.headers["authorization"] == "Bearer token-1" })
    #expect(tool.isRunning)
  }
}
