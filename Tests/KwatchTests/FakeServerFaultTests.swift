// SPDX-License-Identifier: Apache-2.0
import Foundation
import Glibc
import Synchronization
import TestSupport
import Testing

/// Faulty responses, flags and files, and kwatch's error messages for them.
@Suite(.timeLimit(.minutes(15))) struct FakeServerFaultTests: FakeServerSuite {
  let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  private static let good =
    #"{"metadata":{"name":"a","namespace":"default","uid":"a","resourceVersion":"1"}}"#

  @Test(arguments: [
    #"{"metadata":{"name":"p" "namespace":"default","uid":"u","resourceVersion":"1"}}"#,
    #"{"metadata":{"name":"p","namespace":"default","uid":"u","resourceVersion":"1"},"spec":{"a":01}}"#,
    #"{"metadata":{"name":"p","namespace":"default","uid":"u","resourceVersion":"1"},"spec":{"a":tru}}"#,
    #"{"metadata":{"name":"p","namespace":"default","uid":"u","resourceVersion":"1",}}"#,
    "{\"metadata\":{\"name\":\"p\",\"namespace\":\"default\",\"uid\":\"u\",\"resourceVersion\":\"1\"},\"x\":\"\u{1}\"}",
    #"{"metadata":{"name":"p","namespace":"default","uid":"u","resourceVersion":"1"},"x":[1 2]}"#,
  ])
  func printsNothingThatIsNotJSON(_ bad: String) throws {
    let (tool, _) = try start(["configmaps", "--list-only", "--max-retries", "0"]) { request, reply in
      reply.whole(
        #"{"kind":"L","metadata":{"resourceVersion":"5"},"items":[\#(Self.good),\#(bad)]}"#)
    }
    let outcome = try tool.waitForEnd()
    #expect(outcome.status == 69, "\(outcome)")
    #expect(outcome.lines.count == 1)
    #expect(outcome.diagnostics.contains("not JSON") && outcome.diagnostics.contains("http://127.0.0.1:"))
    #expect(!outcome.diagnostics.contains("malformed("))

    let (watch, _) = try start(["configmaps", "--max-retries", "0", "--poll", "never"]) { request, reply in
      if request.path.contains("sendInitialEvents") { return reply.whole("{}", status: 422) }
      guard request.path.contains("watch=true") else { return reply.whole(FakeServerTests.empty) }
      reply.head()
      reply.send(#"{"type":"ADDED","object":\#(Self.good)}"# + "\n")
      reply.send(#"{"type":"ADDED","object":\#(bad)}"# + "\n")
      reply.hold()
    }
    let watched = try watch.waitForEnd()
    #expect(watched.lines.count == 1)
    #expect(watched.diagnostics.contains("not JSON"), "\(watched)")
  }

  @Test func reportsThatTheFirstListIsSilent() throws {
    let (tool, _) = try start(["configmaps"]) { _, reply in reply.hold() }
    try tool.waitForDiagnostics("still waiting for the first list of configmaps")
    let (quiet, _) = try start(["configmaps", "--quiet", "--timeout", "8s"]) { _, reply in reply.hold() }
    let outcome = try quiet.waitForEnd()
    #expect(outcome.status == 124 && outcome.diagnostics.isEmpty, "\(outcome)")
  }

  /// A proxy's page, whole or without an end.
  @Test(arguments: ["<html>log in\n</html>\n", String(repeating: "x", count: 100_000), "[1]", "null"])
  func reportsTextInPlaceOfAWatch(_ text: String) throws {
    let (tool, _) = try start(["configmaps", "--max-retries", "0", "--poll", "never"]) { request, reply in
      if request.path.contains("sendInitialEvents") { return reply.whole("{}", status: 422) }
      guard request.path.contains("watch=true") else { return reply.whole(FakeServerTests.empty) }
      reply.head()
      reply.send(text)
      reply.hold()
    }
    let outcome = try tool.waitForEnd()
    #expect(outcome.status == 69)
    #expect(outcome.diagnostics.contains("not a JSON object: \(text.prefix(3))"), "\(outcome)")
    #expect(outcome.diagnostics.count { $0 == "\n" } == 1)
  }

  /// An error's text without an end.
  @Test func readsNoMoreOfAnErrorThanIsKept() throws {
    let (tool, _) = try start(["configmaps", "--max-retries", "0"]) { _, reply in
      reply.head(500)
      for _ in 0..<10 { reply.send("too bad\n" + String(repeating: "x", count: 20_000)) }
      reply.hold()
    }
    let outcome = try tool.waitForEnd()
    #expect(outcome.status == 69 && outcome.diagnostics.contains("500 too bad"), "\(outcome)")
  }

  @Test func namesAHeaderThatIsTooLong() throws {
    let (tool, _) = try start(["configmaps", "--max-retries", "0"]) { _, reply in
      reply.whole("{}", ["X-Long": String(repeating: "x", count: 150_000)])
    }
    let outcome = try tool.waitForEnd()
    #expect(
      outcome.status == 69 && outcome.diagnostics.contains("a header of the response is longer"), "\(outcome)"
    )
  }

  /// A Status or a login page with 200 is not an empty list: all objects would be reported as deleted.
  @Test(arguments: [
    (#"{"kind":"L","metadata":{"resourceVersion":"5"}}"#, "no items"),
    (#"{"kind":"Status","status":"Failure","message":"m","code":500}"#, "no items"),
    (#"{"kind":"L","metadata":{"resourceVersion":"5"},"items":{}}"#, "not an array"),
    (#"{"kind":"L","metadata":{"resourceVersion":"5","continue":"c"},"items":[]}"#, "same page"),
  ])
  func refusesResponsesThatAreNotLists(_ body: String, _ words: String) throws {
    let (tool, _) = try start(["configmaps", "--list-only", "--max-retries", "0"]) { _, reply in
      reply.whole(body)
    }
    let outcome = try tool.waitForEnd()
    #expect(outcome.status == 69 && outcome.diagnostics.contains(words), "\(outcome)")
  }

  @Test func acceptsNullAsAnEmptyList() throws {
    let (tool, _) = try start(["configmaps", "--list-only"]) { _, reply in
      reply.whole(#"{"kind":"L","metadata":{"resourceVersion":"5"},"items":null}"#)
    }
    let outcome = try tool.waitForEnd()
    #expect(outcome.status == 0 && outcome.lines.isEmpty, "\(outcome)")
  }

  @Test func skipsWhiteSpaceBetweenEvents() throws {
    let (tool, server) = try start(["configmaps"]) { request, reply in
      if request.path.contains("sendInitialEvents") { return reply.whole("{}", status: 422) }
      guard request.path.contains("watch=true") else { return reply.whole(FakeServerTests.empty) }
      reply.head()
      reply.send("\r\n\n  \n" + #"{"type":"ADDED","object":\#(Self.good)}"# + "\r\n \t\n")
      reply.hold()
    }
    #expect(try tool.waitForLines(1).count == 1)
    tool.send(SIGTERM)
    let outcome = try tool.waitForEnd()
    #expect(outcome.diagnostics.isEmpty, "\(outcome)")
    #expect(server.paths.filter { $0.contains("resourceVersion=") && $0.contains("watch=true") }.count < 3)
  }

  /// The state file is checked before the first line, not after the last one.
  @Test func checksItsStateFileFirst() throws {
    let server = try FakeAPIServer { request, reply in
      reply.whole(
        request.path == "/api/v1"
          ? FakeAPIServer.core
          : #"{"kind":"L","metadata":{"resourceVersion":"5"},"items":[\#(Self.good)]}"#)
    }
    defer { server.close() }
    let environment = try server.kubeconfig(in: directory.url)
    func run(_ state: String) throws -> Tool.Outcome {
      try Tool.run("kwatch", ["configmaps", "--list-only", "--state", state], environment: environment)
    }
    let full = directory.path("full")
    try FileManager.default.createSymbolicLink(atPath: full, withDestinationPath: "/dev/full")
    let dangling = directory.path("dangling")
    try FileManager.default.createSymbolicLink(atPath: dangling, withDestinationPath: "/none/state")
    for state in ["/none/state", "/dev/full", "/dev/null", full, dangling, directory.url.path] {
      let outcome = try run(state)
      #expect(outcome.status == 74 && outcome.lines.isEmpty, "\(state): \(outcome)")
      #expect(outcome.diagnostics.contains(state), "\(outcome)")
    }
    let link = directory.path("link")
    try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: directory.path("target"))
    #expect(try run(link).lines.count == 1)
    #expect(try run(link).lines.isEmpty, "it continues")
    #expect(try FileManager.default.destinationOfSymbolicLink(atPath: link) == directory.path("target"))
  }

  @Test func reportsAResourceWithoutUsage() throws {
    let (tool, server) = try start(["configmaps", "--usage", "1s", "--list-only"]) { _, reply in
      reply.whole(FakeServerTests.empty)
    }
    defer { server.close() }
    let outcome = try tool.waitForEnd()
    #expect(outcome.status == 0 && outcome.diagnostics.contains("--usage"), "\(outcome)")
    #expect(outcome.diagnostics.contains("configmaps"))
  }

  @Test func refusesAStateFileThatIsInUse() throws {
    let state = directory.path("state")
    let (first, server) = try start(["configmaps", "--state", state]) { request, reply in
      if request.path.contains("sendInitialEvents") { return reply.whole("{}", status: 422) }
      guard request.path.contains("watch=true") else {
        return reply.whole(#"{"kind":"L","metadata":{"resourceVersion":"5"},"items":[\#(Self.good)]}"#)
      }
      reply.head()
      reply.hold()
    }
    _ = try first.waitForLines(1)
    let second = try Tool.run(
      "kwatch", ["configmaps", "--list-only", "--state", state],
      environment: try server.kubeconfig(in: directory.url))
    #expect(second.status == 74 && second.lines.isEmpty && second.diagnostics.contains("in use"), "\(second)")
    first.send(SIGTERM)
    _ = try first.waitForEnd()
  }

  struct Other: Sendable, CustomTestStringConvertible {
    var status: Int
    var headers: [String: String] = [:]
    var body = ""
    var words: [String]
    var testDescription: String { words.joined(separator: " ") }
  }

  static let others = [
    Other(
      status: 200, body: "<!DOCTYPE html>\n<title>Log in</title>",
      words: ["<!DOCTYPE html>", "Kubernetes API"]),
    Other(
      status: 302, headers: ["Location": "https://login.example.test/"],
      words: ["redirects", "https://login.example.test/"]),
    Other(status: 204, words: ["204 without"]),
  ]

  /// A server that is not a Kubernetes API, such as a login page, is named with its address.
  @Test(arguments: others) func namesAServerThatIsNotAnAPI(_ other: Other) throws {
    let server = try FakeAPIServer { _, reply in
      reply.whole(other.body, status: other.status, other.headers)
    }
    defer { server.close() }
    let outcome = try Tool.run(
      "kwatch", ["configmaps", "--max-retries", "0"], environment: try server.kubeconfig(in: directory.url))
    #expect(outcome.status == 69)
    for word in other.words + ["http://127.0.0.1:\(server.port)"] {
      #expect(outcome.diagnostics.contains(word), "\(outcome)")
    }
  }

  @Test func explainsFormsOfKubectl() throws {
    for (operands, words) in [
      (["configmaps", "one"], "configmaps/one"), (["all"], "configmaps,pods,secrets"),
    ] {
      let (tool, server) = try start(operands + ["--list-only"]) { _, reply in
        reply.whole(FakeServerTests.empty)
      }
      defer { server.close() }
      let outcome = try tool.waitForEnd()
      #expect(outcome.status == 66 && outcome.diagnostics.contains(words), "\(outcome)")
    }
  }

  @Test func reportsABrokenListInPlainWords() throws {
    let (tool, _) = try start(["configmaps", "--list-only", "--max-retries", "0"]) { _, reply in
      reply.whole(#"{"kind":"L" "metadata":{}}"#)
    }
    let outcome = try tool.waitForEnd()
    #expect(outcome.status == 69)
    #expect(outcome.diagnostics.contains("a comma or the closing brace"), "\(outcome)")
  }

  @Test func waitsForASlowMetricsServer() throws {
    let sample = FakeServerScopeTests.usage("PodMetrics", #""name":"p","namespace":"default""#)
    let asked = Atomic<Int>(0)
    let (tool, server) = try start(["pods", "--usage", "1s"]) { request, reply in
      if request.path.hasPrefix("/apis/metrics.k8s.io/") {
        asked.add(1, ordering: .relaxed)
        // The server needs longer than the interval for each response.
        Thread.sleep(forTimeInterval: 2.5)
        return reply.whole(sample)
      }
      if request.path.contains("sendInitialEvents") { return reply.whole("{}", status: 422) }
      if request.path.contains("watch=true") {
        reply.head()
        return reply.hold()
      }
      reply.whole(FakeServerTests.empty)
    }
    let lines = try tool.waitForLines(1)
    #expect(lines[0].hasPrefix(#"{"type":"METRICS""#))
    #expect(asked.load(ordering: .relaxed) <= 2)
    withExtendedLifetime(server) {}
  }

  @Test func savesEachScopeSeparately() throws {
    let state = directory.path("state")
    let (tool, _) = try start(["configmaps", "-n", "quick,slow", "--state", state, "--on-gone", "relist"]) {
      request, reply in
      if request.path.contains("/namespaces/slow/") {
        reply.head()
        reply.send(#"{"kind":"L","metadata":{"resourceVersion":"7"},"items":["#)
        // The list of this scope never ends.
        return reply.hold()
      }
      if request.path.contains("sendInitialEvents") { return reply.whole("{}", status: 422) }
      guard request.path.contains("watch=true") else { return reply.whole(FakeServerTests.empty) }
      reply.head()
      reply.send(
        #"{"type":"ADDED","object":{"metadata":{"name":"n","namespace":"quick","uid":"u","resourceVersion":"42"}}}"#
          + "\n")
      reply.hold()
    }
    try tool.waitForLines(1)
    tool.send(SIGTERM)
    _ = try tool.waitForEnd()
    let text = try directory.read("state")
    #expect(text.contains(#""resourceVersion":"42""#) && text.contains("|quick|"))
    #expect(!text.contains("|slow|"))
  }

  @Test func retriesAnAPIThatIsDownWithoutDisturbingOthers() throws {
    let groups =
      #"{"kind":"APIGroupDiscoveryList","items":[{"metadata":{"name":"metrics.k8s.io"},"versions":[{"version":"v1beta1","freshness":"Stale"}]}]}"#
    let (tool, server) = try start(
      ["configmaps,pods.metrics.k8s.io", "--max-retries", "1"], groups: groups
    ) { request, reply in
      if request.path.contains("watch=true") {
        reply.head()
        reply.send(#"{"type":"ADDED","object":\#(Self.good)}"# + "\n")
        return reply.hold()
      }
      reply.whole(FakeServerTests.empty)
    }
    try tool.waitForLines(1)
    try tool.waitForDiagnostics("error")
    #expect(tool.soFar.diagnostics.contains("metrics.k8s.io/v1beta1 is unavailable"))
    #expect(server.paths.count { $0 == "/apis" } >= 2)
    #expect(tool.isRunning)
    let (alone, _) = try start(
      ["pods.metrics.k8s.io", "--max-retries", "0"], groups: groups
    ) { _, reply in reply.whole(FakeServerTests.empty) }
    #expect(try alone.waitForEnd().status == 69)
  }

  struct Usage: Sendable, CustomTestStringConvertible {
    var arguments: [String]
    var status: Int32 = 64
    var words: [String]
    var testDescription: String { arguments.joined(separator: " ") }
  }

  static let usages = [
    Usage(arguments: ["get", "pods"], words: ["kwatch pods"]),
    Usage(arguments: ["pods", "--metrics", "nonsense"], words: ["nonsense"]),
    Usage(arguments: ["pods", "--metrics", "127.0.0.1:99999"], words: ["99999"]),
    Usage(arguments: ["pods", "--timeout", "5"], words: ["--timeout", "10s"]),
    Usage(arguments: ["pods", "--timeout", "1m30"], words: ["--timeout", "10s"]),
    Usage(arguments: ["pods", "--usage", "5"], words: ["--usage", "10s"]),
    Usage(arguments: ["pods", "--poll", "none"], words: ["--poll", "never"]),
    Usage(arguments: ["pods", "--max-retries", "-1"], words: ["--max-retries", "0"]),
    Usage(arguments: ["pods", "-l", "app in web"], words: ["app in web"]),
    Usage(arguments: ["pods", "-l", "app=web=x"], words: ["app=web=x"]),
    Usage(arguments: ["pods", "--field-selector", "a"], words: ["--field-selector", "a"]),
    Usage(arguments: ["pods", "-w", "--list-only"], words: ["--watch"]),
    Usage(arguments: ["pods", "--as-group", "g", "--server", "http://127.0.0.1:1"], words: ["--as"]),
    Usage(arguments: ["pods", "--status", "/none/x"], status: 74, words: ["--status", "/none/x"]),
    Usage(arguments: ["pods", "--status", "fd:99"], status: 74, words: ["--status", "fd:99"]),
  ]

  @Test(arguments: usages) func namesTheFlagAndTheRemedy(_ usage: Usage) throws {
    let outcome = try Tool.run("kwatch", usage.arguments, environment: ["KUBECONFIG": "/none"])
    #expect(outcome.status == usage.status, "\(outcome)")
    for word in usage.words { #expect(outcome.diagnostics.contains(word), "\(outcome)") }
  }

  @Test func reportsThatTheMetricsPortIsInUse() throws {
    let listener = try #require(LoopbackSocket.listen())
    defer { listener.close() }
    let outcome = try Tool.run("kwatch", ["pods", "--metrics", "127.0.0.1:\(listener.port)"])
    #expect(outcome.status == 69, "\(outcome)")
    #expect(outcome.diagnostics.contains(String(listener.port)))
  }

  @Test func acceptsAServerATokenFileAndTheWatchFlag() throws {
    let token = try directory.write("secret\n", to: "token")
    let server = try FakeAPIServer { request, reply in
      reply.whole(request.path == "/api/v1" ? FakeAPIServer.core : FakeServerTests.empty)
    }
    let arguments = [
      "configmaps", "--server", "http://127.0.0.1:\(server.port)", "--token-file", token, "--as", "me",
      "--as-group", "a", "--as-group", "b",
    ]
    let outcome = try Tool.run("kwatch", arguments + ["--list-only"])
    #expect(outcome.status == 0, "\(outcome)")
    let headers = try #require(server.requests.last?.headers)
    #expect(headers["authorization"] == "Bearer secret" && headers["impersonate-user"] == "me")
    let watching = try Tool.start("kwatch", arguments + ["-w", "--max-retries", "0"])
    #expect(try watching.waitForEnd().status == 69)
  }
}
