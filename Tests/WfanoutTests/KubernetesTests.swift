// SPDX-License-Identifier: Apache-2.0
import Events
import Foundation
import JSON
import TestSupport
import Testing

@testable import WfanoutCore

struct KubernetesPathTests {
  @Test func readsEveryForm() {
    #expect(KubernetesPath("/api/v1/pods")?.resource == "pods")
    let path = KubernetesPath("/apis/dns.example.com/v1alpha1/namespaces/default/dnszones/a.b")
    #expect(path?.apiVersion == "dns.example.com/v1alpha1")
    #expect(path?.namespace == "default")
    #expect(path?.name == "a.b")
    #expect(KubernetesPath("/api/v1/namespaces")?.resource == "namespaces")
    #expect(KubernetesPath("/api/v1/namespaces/default")?.name == "default")
  }

  @Test(arguments: [
    "", "/", "/api", "/api/v1", "/apis/g/v1", "/apis/g//v1/x", "/apis/../v1/x", "/api/v1/pods/a/log",
    "/api/v1/p%ds",
    "/api/v1/pods;rm", "/api/v1/" + String(repeating: "a", count: 300), "/api/watch/stream",
    "/api/v1/streaming/status",
  ])
  func refusesOtherPaths(path: String) {
    #expect(KubernetesPath(path) == nil)
  }

  @Test func knowsPlurals() {
    for (resource, kind) in [
      ("pods", "Pod"), ("dnszones", "DNSZone"), ("networkpolicies", "NetworkPolicy"),
      ("ingresses", "Ingress"),
      ("endpoints", "Endpoints"),
    ] {
      #expect(KubernetesPath("/api/v1/\(resource)")?.names(kind: kind) == true)
    }
    #expect(KubernetesPath("/api/v1/pods")?.names(kind: "Service") == false)
  }

  @Test func readsTheOptions() throws {
    func query(_ text: String) throws(HTTPError) -> KubernetesWatchQuery {
      try KubernetesWatchQuery(HTTPRequest(method: "GET", target: "/api/v1/pods?\(text)"))
    }
    let full = try query(
      "watch=true&resourceVersion=12&allowWatchBookmarks=true&timeoutSeconds=30&labelSelector=a%3Db")
    #expect(full.isWatch && full.allowsBookmarks && !full.sendsInitialEvents)
    #expect(full.resourceVersion == "12")
    #expect(full.timeoutSeconds == 30)
    #expect(full.filter.labelSelector == "a=b")
    #expect(try query("watch=1&resourceVersion=0").resourceVersion == "")
    #expect(try query("watch=false").isWatch == false)
    #expect(try query("timeoutSeconds=0").timeoutSeconds == nil)
    #expect(throws: HTTPError.self) { try query("timeoutSeconds=-1") }
    #expect(throws: HTTPError.self) { try query("timeoutSeconds=x") }
    #expect(throws: HTTPError.self) { try query("watch=1&sendInitialEvents=true") }
  }

  /// A parameter that wfanout does not support must not be ignored.
  @Test(arguments: [
    ("limit=x", 400), ("limit=-1", 400), ("continue=abc", 400), ("limit=2&continue=abc", 400),
    ("resourceVersionMatch=Exact", 422), ("resourceVersion=1&resourceVersionMatch=Newest", 422),
    ("resourceVersion=0&resourceVersionMatch=Exact", 422), ("resourceVersionMatch=NotOlderThan", 422),
    ("watch=1&resourceVersion=1&resourceVersionMatch=NotOlderThan", 422),
    ("watch=1&sendInitialEvents=true&resourceVersionMatch=Exact&resourceVersion=1", 422),
    ("timeoutSeconds=99999999999999999999", 400), ("sendInitialEvents=true", 422),
    ("sendInitialEvents=false&limit=500", 422),
  ])
  func refusesOptionsThatMeanNothing(text: String, status: Int) {
    let error = #expect(throws: HTTPError.self) {
      try KubernetesWatchQuery(HTTPRequest(method: "GET", target: "/api/v1/pods?\(text)"))
    }
    #expect(error?.status.code == status, "\(text)")
  }

  @Test(arguments: [
    "limit=500", "limit=0", "resourceVersion=0&resourceVersionMatch=NotOlderThan",
    "watch=1&sendInitialEvents=false&resourceVersionMatch=NotOlderThan&resourceVersion=1",
  ])
  func acceptsTheOptionsOfClients(text: String) {
    #expect(throws: Never.self) {
      try KubernetesWatchQuery(HTTPRequest(method: "GET", target: "/api/v1/pods?\(text)"))
    }
  }
}

@Suite(.timeLimit(.minutes(1))) struct KubernetesTests {
  @Test func aWatchIsChunkedLinesOfItsResource() throws {
    let fanout = try Fanout()
    let watch = try fanout.listening("/api/v1/namespaces/default/pods?watch=1")
    fanout.feed([
      pod("a"),
      #"{"type":"ADDED","object":{"kind":"Service","apiVersion":"v1","metadata":{"name":"s","namespace":"default"}}}"#,
      #"{"type":"STATUS","object":{"tool":"kwatch"}}"#, "{}",
      #"{"type":"ADDED","object":{"kind":"Pod","apiVersion":"v1","metadata":{"name":"o","namespace":"other"}}}"#,
      #"{"type":"BOOKMARK","object":{"kind":"Pod","metadata":{"resourceVersion":"7"}}}"#, pod("b"),
    ])
    #expect(try watch.waitForLines(2) == [pod("a"), pod("b")])
    #expect(watch.soFar.diagnostics.contains("Content-Type: application/json"))
    #expect(watch.soFar.diagnostics.contains("Transfer-Encoding: chunked"))
    #expect(watch.soFar.diagnostics.contains("Connection: close"), "it is the last of its connection")
  }

  /// Equal paths share a matcher. A path without a namespace must not equal a path with the namespace `-`.
  @Test func aDashIsANameLikeAnyOther() throws {
    let fanout = try Fanout()
    let strange = try fanout.listening("/api/v1/namespaces/-/pods/-?watch=1")
    let watch = try fanout.listening("/api/v1/pods?watch=1")
    fanout.feed(pod("a"))
    #expect(try watch.waitForLines(1) == [pod("a")])
    strange.send(SIGKILL)
  }

  @Test func allowedPagesMayReadAWatch() throws {
    let fanout = try Fanout(["--cors", "https://example.org"])
    let watch = try fanout.listening("/api/v1/pods?watch=1")
    #expect(watch.soFar.diagnostics.contains("Access-Control-Allow-Origin: https://example.org"))
  }

  /// Even a shared snapshot must not be older than versions that were already reported.
  @Test func initialEventsAreNotOlderThanReportedVersions() throws {
    let fanout = try Fanout(["--snapshot", "--loops", "1"])
    let path =
      "/api/v1/pods?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true"
    fanout.feed(pod("a"))
    let first = try fanout.listening(path)
    _ = try first.waitForLines(2)
    fanout.feed(pod("b"))
    #expect(try first.waitForLines(3).last == pod("b"))
    let second = try fanout.listening(path).waitForLines(3)
    #expect(
      second.prefix(2) == [pod("a"), pod("b")] && second[2].contains("initial-events-end"), "\(second)")
  }

  /// A page of another origin sends a token. The browser first sends a preflight without the token.
  @Test func aPreflightIsAnswered() throws {
    let question = [
      "-i", "-X", "OPTIONS", "-H", "Origin: https://example.org", "-H", "Access-Control-Request-Method: GET",
      "-H", "Access-Control-Request-Headers: authorization",
    ]
    let fanout = try Fanout(["--cors", "https://example.org"])
    let answer = try fanout.curl("/events", question).output
    #expect(answer.hasPrefix("HTTP/1.1 204"), "\(answer)")
    #expect(answer.contains("Access-Control-Allow-Origin: https://example.org"))
    #expect(answer.contains("Access-Control-Allow-Headers: Authorization"))
    #expect(!answer.contains("Content-Length") && !answer.contains("Content-Type:"))
    let closed = try Fanout().curl("/events", question).output
    #expect(closed.hasPrefix("HTTP/1.1 403"), "\(closed)")
  }

  @Test func timeoutSecondsEndsItCleanly() throws {
    let fanout = try Fanout()
    let endless = try fanout.listening("/api/v1/pods?watch=1")
    let started = ContinuousClock.now
    let watch = try fanout.listening("/api/v1/pods?watch=1&timeoutSeconds=2")
    fanout.feed(pod("a"))
    let outcome = try watch.waitForEnd(.seconds(10))
    #expect(ContinuousClock.now - started > .seconds(1))
    #expect(outcome.status == 0)
    #expect(outcome.output == pod("a") + "\n")
    fanout.feed(pod("b"))
    #expect(try endless.waitForLines(2) == [pod("a"), pod("b")], "one without a limit continues")
  }

  @Test func anExpiredResourceVersionIs410() throws {
    let fanout = try Fanout()
    let watch = try fanout.listening("/api/v1/pods?watch=1")
    fanout.feed((1...3).map { pod("p\($0)", version: 100 + $0) })
    _ = try watch.waitForLines(3)
    let gone = try fanout.curl("/api/v1/pods?watch=1&resourceVersion=5", ["-i"]).output
    #expect(gone.hasPrefix("HTTP/1.1 410"))
    #expect(gone.contains(#""reason":"Expired""#))
    let resumed = try fanout.listening("/api/v1/pods?watch=1&resourceVersion=101")
    #expect(try resumed.waitForLines(2) == [pod("p2", version: 102), pod("p3", version: 103)])
  }

  @Test func aSequenceOfTheSourceIsAResourceVersion() throws {
    let fanout = try Fanout()
    let watch = try fanout.listening("/apis/g/v1/activities?watch=1")
    fanout.feed([message(10), message(12), message(13)])
    _ = try watch.waitForLines(3)
    let resumed = try fanout.listening("/apis/g/v1/activities?watch=1&resourceVersion=11")
    #expect(try resumed.waitForLines(2) == [message(12), message(13)])
    #expect(
      try fanout.curl("/apis/g/v1/activities?watch=1&resourceVersion=5", ["-i"]).output.hasPrefix(
        "HTTP/1.1 410"))
    #expect(
      try fanout.curl("/apis/g/v1/activities?watch=1&resourceVersion=1000000000000000000", ["-i"]).output
        .hasPrefix("HTTP/1.1 410"))
  }

  @Test func listThenWatchMissesNothing() throws {
    let fanout = try Fanout(["--snapshot"])
    let first = try fanout.listening("/events")
    fanout.feed([pod("a", version: 1), pod("b", version: 2), pod("a", type: "DELETED", version: 3)])
    try first.wait(for: "the last", .seconds(10)) { $0.soFar.output.contains("DELETED") }
    let list = try #require(JSONValue(Array(try fanout.curl("/api/v1/pods").output.dropLast().utf8)))
    #expect(list["kind"]?.string == "PodList")
    guard case .array(let items)? = list["items"] else {
      Issue.record("no items: \(list)")
      return
    }
    #expect(items.map { $0["metadata"]?["name"]?.string } == ["b"])
    fanout.feed(pod("c", version: 4))
    let version = try #require(list["metadata"]?["resourceVersion"]?.string)
    let watch = try fanout.listening("/api/v1/pods?watch=1&resourceVersion=\(version)")
    #expect(try watch.waitForLines(1) == [pod("c", version: 4)])
    #expect(try fanout.curl("/api/v1/namespaces/default/pods/b").output.contains(#""name":"b""#))
    #expect(try fanout.curl("/api/v1/namespaces/default/pods/a", ["-i"]).output.hasPrefix("HTTP/1.1 404"))
  }

  @Test func doesNotListAnUnknownResource() throws {
    let fanout = try Fanout(["--snapshot"])
    func status(_ path: String) throws -> String {
      try fanout.curl(path, ["-o", "/dev/null", "-w", "%{http_code}"]).output
    }
    #expect(try status("/api/v1/pods") == "200", "nothing has come yet: nobody knows")
    let first = try fanout.listening("/events")
    fanout.feed([
      pod("a"), pod("a", type: "DELETED"), #"{"type":"ADDED","object":{"metadata":{"name":"n"}}}"#,
    ])
    try first.wait(for: "the last", .seconds(10)) { $0.soFar.output.contains(#""name":"n""#) }
    #expect(try status("/api/v1/pods") == "200", "all are deleted")
    #expect(try !fanout.curl("/api/v1/pods").output.contains(#""name":"n""#), "it does not say what it is")
    #expect(try fanout.curl("/api/v1/pods").output.hasPrefix(#"{"kind":"PodList""#), "also an empty one")
    for path in ["/api/v1/pdos", "/apis/x.y/v1/pods", "/apis/x.y/v1/nonsense"] {
      #expect(try status(path) == "404", "\(path)")
    }
  }

  /// A watch of a misspelt resource would be silent for ever.
  @Test func doesNotWatchAnUnknownResource() throws {
    let fanout = try Fanout(["--snapshot"])
    let first = try fanout.listening("/events")
    fanout.feed(pod("a"))
    try first.wait(for: "the event", .seconds(10)) { $0.soFar.output.contains("uid-a") }
    func status(_ path: String) throws -> String {
      try fanout.curl(path, ["-o", "/dev/null", "-m", "1", "-w", "%{http_code}"]).output
    }
    #expect(try status("/api/v1/pdos?watch=1") == "404")
    #expect(try status("/api/v1/pods?watch=1") == "200")
    fanout.feed(#"{"type":"ADDED","object":{"metadata":{"name":"n"}}}"#)
    try first.wait(for: "the event", .seconds(10)) { $0.soFar.output.contains(#""name":"n""#) }
    #expect(try status("/api/v1/pdos?watch=1") == "200", "this object may be one")
  }

  @Test func initialEventsEndWithTheirMark() throws {
    let fanout = try Fanout(["--snapshot"])
    let first = try fanout.listening("/events")
    fanout.feed([pod("a", version: 1)])
    try first.wait(for: "the first", .seconds(10)) { $0.soFar.output.contains("uid-a") }
    let watch = try fanout.listening(
      "/api/v1/pods?watch=1&sendInitialEvents=true&allowWatchBookmarks=true&resourceVersionMatch=NotOlderThan"
    )
    fanout.feed(pod("b", version: 2))
    let lines = try watch.waitForLines(3)
    #expect(lines[0] == pod("a", version: 1))
    #expect(lines[1].contains(#""k8s.io/initial-events-end":"true""#))
    #expect(lines[2] == pod("b", version: 2))
    let without = try Fanout()
    #expect(
      try without.curl(
        "/api/v1/pods?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan", ["-i"]
      ).output
        .hasPrefix("HTTP/1.1 422"))
  }

  @Test func withoutInitialEventsAWatchBeginsWithTheNextEvent() throws {
    let fanout = try Fanout(["--snapshot"])
    fanout.feed([pod("a", version: 1)])
    try eventually("the snapshot is kept") { try fanout.curl("/snapshot").output.contains("uid-a") }
    let watch = try fanout.listening("/api/v1/pods?watch=1&resourceVersion=0&sendInitialEvents=false")
    fanout.feed(pod("b", version: 2))
    #expect(try watch.waitForLines(1) == [pod("b", version: 2)])
  }
}
