// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport
import Testing

@testable import WfanoutCore

@Suite(.timeLimit(.minutes(1))) struct SnapshotTests {
  func beat(_ id: String, _ status: String) -> String {
    #"{"type":"ADDED","object":{"controller_id":"\#(id)","status":"\#(status)"},"source":{"subject":"beats"}}"#
  }

  /// The value of a header field in a response.
  func field(_ name: String, _ answer: String) -> String? {
    answer.split(separator: "\r\n").first { $0.hasPrefix("\(name): ") }.map {
      String($0.dropFirst(name.count + 2))
    }
  }

  @Test func routesListTheLatestOfEachKey() throws {
    let fanout = try Fanout(
      ["--snapshot"],
      configuration: """
        snapshot-key: object.controller_id
        routes:
          - path: /api/v1/controllers
            filter: source.subject == "beats"
        """)
    let listener = try fanout.listening("/events")
    fanout.feed([beat("k8s-1", "healthy"), beat("docker/2", "healthy"), beat("k8s-1", "unhealthy")])
    fanout.feed(#"{"type":"ADDED","object":{"controller_id":"other"}}"#)
    try listener.wait(for: "all", .seconds(10)) { $0.soFar.output.contains(#""other""#) }
    #expect(
      try fanout.curl("/api/v1/controllers").output
        == #"[{"controller_id":"docker/2","status":"healthy"},"# + "\n"
        + #"{"controller_id":"k8s-1","status":"unhealthy"}]"# + "\n")
    #expect(
      try fanout.curl("/api/v1/controllers/k8s-1").output
        == #"{"controller_id":"k8s-1","status":"unhealthy"}"# + "\n")
    #expect(try fanout.curl("/api/v1/controllers/docker%2F2").output.contains(#""docker/2""#))
    let absent = try fanout.curl("/api/v1/controllers/none", ["-w", "%{http_code}"]).output
    #expect(absent.hasSuffix("404"))
    #expect(absent.contains(#""reason":"NotFound""#))
    #expect(try fanout.curl("/api/v1/controllers/other", ["-w", "%{http_code}"]).output.hasSuffix("404"))
    // Both the route's filter and the query's filter apply.
    let healthy = try fanout.curl(
      "/api/v1/controllers", ["-G", "--data-urlencode", #"filter=object.status == "healthy""#])
    #expect(healthy.lines == [#"[{"controller_id":"docker/2","status":"healthy"}]"#])
    #expect(try fanout.curl("/snapshot?filter=1%2B", ["-w", "%{http_code}"]).output.hasSuffix("400"))
    #expect(try fanout.curl("/snapshot", ["-d", "x", "-w", "%{http_code}"]).output.hasSuffix("405"))
  }

  @Test func eventsAfterASnapshotAreNeitherMissedNorRepeated() throws {
    let fanout = try Fanout(["--snapshot"])
    let empty = try fanout.curl("/snapshot", ["-i"]).output
    #expect(empty.hasSuffix("[]\n"))
    let start = try #require(field("Last-Event-ID", empty))
    fanout.feed([pod("a"), pod("b"), pod("a", type: "MODIFIED", version: 2)])
    try eventually("all are in") { try fanout.curl("/snapshot").output.contains(#""resourceVersion":"2""#) }
    let snapshot = try fanout.curl("/snapshot", ["-i"]).output
    let id = try #require(field("Last-Event-ID", snapshot))
    let tag = try #require(field("ETag", snapshot))
    fanout.feed([pod("c"), pod("b", type: "DELETED", version: 3)])
    let later = try fanout.listen(
      "/events", ["-H", "Last-Event-ID: \(id)", "-H", "Accept: application/x-ndjson"])
    #expect(try later.waitForLines(2) == [pod("c"), pod("b", type: "DELETED", version: 3)])
    let all = try fanout.listen(
      "/events", ["-H", "Last-Event-ID: \(start)", "-H", "Accept: application/x-ndjson"])
    #expect(
      try all.waitForLines(5).first == pod("a"), "the id of nothing is the place before the first event")
    #expect(
      try fanout.curl("/snapshot", ["-H", "If-None-Match: \(tag)", "-w", "%{http_code}"]).output.hasSuffix(
        "200"))
    let now = try #require(field("ETag", try fanout.curl("/snapshot", ["-i"]).output))
    let unchanged = try fanout.curl("/snapshot", ["-i", "-H", "If-None-Match: \(now)"]).output
    #expect(unchanged.hasPrefix("HTTP/1.1 304"))
    #expect(field("ETag", unchanged) == now, "RFC 9110 section 15.4.5")
    #expect(field("Content-Length", unchanged) == nil, "it would be the length of what is not sent")
    // The object by uid, and by namespace and name, as lines.
    #expect(try fanout.curl("/snapshot/uid-a").output == (try fanout.curl("/snapshot/default/a").output))
    #expect(try fanout.curl("/snapshot/uid-b", ["-w", "%{http_code}"]).output.hasSuffix("404"))
    let lines = try fanout.curl("/snapshot", ["-H", "Accept: application/x-ndjson"]).lines
    #expect(lines.count == 3)
    #expect(lines[0] == pod("a", version: 2))
    #expect(lines[2].contains(#""k8s.io/initial-events-end":"true""#))
  }

  @Test func withoutSnapshotThereIsNone() throws {
    let answer = try Fanout().curl("/snapshot", ["-w", "%{http_code}"]).output
    #expect(answer.contains("--snapshot") && answer.hasSuffix("404"))
    let directory = try TemporaryDirectory()
    let file = try directory.write("routes: [{path: /x}]", to: "f")
    #expect(try Tool.run("wfanout", ["--listen", ":0", "--config", file]).status == 64)
    let bad = try directory.write("snapshot: true\nroutes: [{path: /x, filter: 1 +}]", to: "g")
    #expect(try Tool.run("wfanout", ["--listen", ":0", "--config", bad]).status == 78)
  }
}

struct SnapshotStoreTests {
  func batch(_ lines: [String], at position: Int = 0) -> Batch {
    var batch = Batch(firstPosition: position)
    for line in lines { batch.append(Array(line.utf8)) }
    batch.seal(epoch: 9)
    return batch
  }

  private func texts(_ snapshot: Snapshot) -> [String] {
    snapshot.lines.compactMap { $0.map { String(decoding: $0.dropLast(Batch.padding), as: UTF8.self) } }
  }

  @Test func keepsTheLatestOfEachKey() throws {
    let store = SnapshotStore(epoch: 9, keyLimit: 10, expression: try KeyExpression("n"), isFromStart: true)
    store.apply(batch([#"{"n":1,"v":1}"#, #"{"n":"1","v":2}"#, #"{"v":3}"#, #"{"n":2}"#]))
    #expect(texts(store.current()) == [#"{"n":"1","v":2}"#, #"{"n":2}"#])
    #expect(store.current("2").count == 1)
  }

  @Test func aDeletionWithoutTheKeyIsFoundByName() throws {
    let store = SnapshotStore(
      epoch: 9, keyLimit: 10, expression: try KeyExpression("object.spec.host"), isFromStart: true)
    store.apply(batch([#"{"type":"ADDED","object":{"metadata":{"name":"a"},"spec":{"host":"h"}}}"#]))
    #expect(texts(store.current("h")) == texts(store.current("a")))
    store.apply(batch([#"{"type":"DELETED","object":{"metadata":{"name":"a"}}}"#], at: 1))
    #expect(store.count == 0)
    #expect(store.current("a").lines.isEmpty)
  }

  @Test func aSnapshotStaysAsItWasWhenLinesAreReplaced() {
    let store = SnapshotStore(epoch: 9, keyLimit: 10, isFromStart: true)
    store.apply(batch([pod("a"), pod("b")]))
    let first = store.current()
    // More replacements than the number of gaps after which the store is compacted.
    for version in 0..<3000 {
      store.apply(batch([pod("a", type: "MODIFIED", version: version)], at: 2 + version))
    }
    #expect(texts(first) == [pod("a"), pod("b")])
    #expect(texts(store.current(notBefore: 3002)) == [pod("b"), pod("a", version: 2999)])
    #expect(store.current(notBefore: 3002).lines.count < 2000)
  }

  @Test func aSnapshotSharesItsLinesWithTheStore() {
    var lines = SnapshotLines((0..<1000).map { [UInt8($0 % 251)] })
    let before = lines
    lines[700] = nil
    lines.append([1])
    #expect(before.count == 1000 && lines.count == 1001)
    #expect(before[700] == [UInt8(700 % 251)] && lines[700] == nil)
    #expect(before.elementsEqual((0..<1000).map { [UInt8($0 % 251)] }))
    #expect(lines.reversed().first == [1])
  }

  @Test func countsValuesBeyondTheLimit() {
    let store = SnapshotStore(epoch: 9, keyLimit: 1, isFromStart: true)
    store.apply(batch([pod("a"), pod("b"), pod("a", version: 2)]))
    #expect(store.count == 1)
    #expect(store.refused == 1)
  }
}
