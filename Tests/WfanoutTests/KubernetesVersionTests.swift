// SPDX-License-Identifier: Apache-2.0
import Foundation
import JSON
import TestSupport
import Testing

@testable import WfanoutCore

/// Lists, and watches that begin with one, of a given version.
@Suite(.timeLimit(.minutes(1))) struct KubernetesVersionTests {
  @Test func aListHasTheRequestedVersion() throws {
    let fanout = try Fanout(["--snapshot"])
    fanout.feed(pod("a"))
    try eventually("it is kept") { try fanout.curl("/api/v1/pods").output.contains("uid-a") }
    let list = try #require(JSONValue(Array(try fanout.curl("/api/v1/pods").output.utf8)))
    let version = try #require(list["metadata"]?["resourceVersion"]?.string)
    func status(_ query: String, _ accept: String = "*/*") throws -> String {
      try fanout.curl(
        "/api/v1/pods?\(query)", ["-o", "/dev/null", "-w", "%{http_code}", "-H", "Accept: \(accept)"]
      ).output
    }
    #expect(try status("resourceVersion=\(version)&resourceVersionMatch=Exact") == "200")
    #expect(try status("resourceVersion=\(version)&resourceVersionMatch=NotOlderThan") == "200")
    #expect(try status("resourceVersion=1&resourceVersionMatch=Exact") == "410")
    #expect(try status("resourceVersion=\(version)9") == "504")
    #expect(try status("", "application/json;as=Table;v=v1;g=meta.k8s.io") == "406")
    #expect(try status("", "application/json;as=Table;v=v1;g=meta.k8s.io,application/json") == "200")
    #expect(try status("watch=1", "application/vnd.kubernetes.protobuf") == "406")
  }

  @Test func aReplicaThatLagsHasNoListForANewerSequence() throws {
    let fanout = try Fanout(["--snapshot"])
    fanout.feed(
      pod("a", version: 7).dropLast()
        + #","source":{"stream":"S","epoch":"1700000000000000000","subject":"s","sequence":7,"pending":0}}"#)
    try eventually("it is kept") { try fanout.curl("/api/v1/pods").output.contains("uid-a") }
    func status(_ query: String) throws -> String {
      try fanout.curl("/api/v1/pods?resourceVersion=\(query)", ["-o", "/dev/null", "-w", "%{http_code}"])
        .output
    }
    #expect(try status("7&resourceVersionMatch=Exact") == "200")
    #expect(try status("6") == "200")
    #expect(try status("8&resourceVersionMatch=NotOlderThan") == "504")
    #expect(try status("6&resourceVersionMatch=Exact") == "410")
    let streaming = "watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&timeoutSeconds=1"
    #expect(try status("8&\(streaming)") == "504")
    #expect(try status("7&\(streaming)") == "200")
    #expect(try status("0&\(streaming)") == "200")
  }

  /// With the versions of an API server, whose ids are our own. Compared with kube-apiserver 1.20 and 1.36.
  @Test func aVersionOfTheFutureIsAwaitedAndThenRefused() throws {
    let fanout = try Fanout(["--snapshot"])
    fanout.feed([
      pod("a", version: 9),
      #"{"type":"BOOKMARK","object":{"kind":"Pod","metadata":{"resourceVersion":"12"}}}"#,
    ])
    try eventually("it is kept") { try fanout.curl("/api/v1/pods").output.contains("uid-a") }
    let started = ContinuousClock.now
    let refusal = try fanout.curl("/api/v1/pods?resourceVersion=13", ["-i"]).output
    #expect(ContinuousClock.now - started > .seconds(2.9))
    #expect(refusal.hasPrefix("HTTP/1.1 504") && refusal.contains("Retry-After: 1"), "\(refusal)")
    #expect(
      refusal.contains(
        #""message":"Timeout: Too large resource version: 13, current: 12","reason":"Timeout","#
          + #""details":{"causes":[{"reason":"ResourceVersionTooLarge","#
          + #""message":"Too large resource version"}],"retryAfterSeconds":1},"code":504}"#))
    for version in ["12", "9", "x", "5-5"] {
      #expect(
        try fanout.curl("/api/v1/pods?resourceVersion=\(version)", ["-i"]).output.hasPrefix("HTTP/1.1 200"))
    }
    let object = try fanout.curl("/api/v1/namespaces/default/pods/a?resourceVersion=13", ["-i"]).output
    #expect(object.hasPrefix("HTTP/1.1 504"), "\(object)")
  }

  /// An empty list would mean that all objects were deleted.
  @Test func aReplicaThatHasJustStartedSendsNoEmptyList() throws {
    let fanout = try Fanout(["--snapshot"])
    #expect(try fanout.curl("/api/v1/pods").output.contains(#""items":[]"#))
    let client = try fanout.listen("/api/v1/pods?resourceVersion=1700000000000000000-6", ["-i"])
    let second = try fanout.listen("/api/v1/pods?resourceVersion=7", ["-i"])
    try Tool.shell("sleep 0.3").waitForEnd()
    fanout.feed(
      pod("a", version: 7).dropLast()
        + #","source":{"stream":"S","epoch":"1700000000000000000","subject":"s","sequence":7,"pending":0}}"#)
    for client in [client, second] {
      try client.wait(for: "the object", .seconds(10)) { $0.soFar.output.contains("uid-a") }
    }
    let other = try Fanout(["--snapshot"])
    #expect(try other.curl("/api/v1/pods?resourceVersion=7", ["-i"]).output.hasPrefix("HTTP/1.1 504"))
  }

  /// A client that another replica has served gets its list as soon as this one has caught up.
  @Test(arguments: ["", "&watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan"])
  func aReplicaThatLagsAnswersWhenItHasCaughtUp(query: String) throws {
    let fanout = try Fanout(["--snapshot"])
    fanout.feed(pod("a", version: 9))
    try eventually("it is kept") { try fanout.curl("/api/v1/pods").output.contains("uid-a") }
    let client = try fanout.listen("/api/v1/pods?resourceVersion=10\(query)", ["-i"])
    try Tool.shell("sleep 0.3").waitForEnd()
    #expect(client.soFar.output.isEmpty)
    fanout.feed(pod("b", version: 10))
    try client.wait(for: "both objects", .seconds(10)) {
      $0.soFar.output.contains("uid-a") && $0.soFar.output.contains("uid-b")
    }
  }
}
