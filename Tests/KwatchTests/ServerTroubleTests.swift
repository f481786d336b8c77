// SPDX-License-Identifier: Apache-2.0
import Foundation
import Glibc
import Process
import Synchronization
import TestSupport
import Testing

/// Problems of busy or broken clusters, as scripted responses in the form of recorded ones.
@Suite(.timeLimit(.minutes(15))) struct ServerTroubleTests: FakeServerSuite {
  let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  private static func object(_ name: String, _ version: Int, namespace: String = "default") -> String {
    #"{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"\#(name)","namespace":"\#(namespace)","uid":"u-\#(name)","resourceVersion":"\#(version)"}}"#
  }

  private static func list(_ version: Int, _ objects: [String]) -> String {
    #"{"kind":"ConfigMapList","apiVersion":"v1","metadata":{"resourceVersion":"\#(version)"},"items":[\#(objects.joined(separator: ","))]}"#
  }

  private static func event(_ type: String, _ object: String) -> String {
    #"{"type":"\#(type)","object":\#(object)}"# + "\n"
  }

  /// 429 with Retry-After of API priority and fairness, and 429 or 503 of a watch cache that is not ready.
  @Test(arguments: [
    (429, "Too many requests, please try again later.\n", "text/plain"),
    (
      429,
      #"{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"storage is (re)initializing","reason":"TooManyRequests","details":{"retryAfterSeconds":1},"code":429}"#,
      "application/json"
    ),
    (
      503,
      #"{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"apiserver is shutting down","reason":"ServiceUnavailable","details":{"retryAfterSeconds":1},"code":503}"#,
      "application/json"
    ),
  ])
  func waitsAsLongAsABusyServerAsks(_ status: Int, _ body: String, _ type: String) throws {
    let refusals = Atomic<Int>(0)
    let (tool, server) = try start(["configmaps"]) { request, reply in
      // Two refusals for the list, two for the watch.
      if refusals.add(1, ordering: .relaxed).newValue <= 2
        || request.path.contains("resourceVersion=5") && refusals.add(1, ordering: .relaxed).newValue <= 6
      {
        return reply.whole(body, status: status, ["Content-Type": type, "Retry-After": "1"])
      }
      guard request.path.contains("watch=true") else {
        return reply.whole(Self.list(5, [Self.object("a", 1)]))
      }
      reply.head()
      if request.path.contains("sendInitialEvents") {
        reply.send(Self.event("ADDED", Self.object("a", 1)))
        reply.send(
          #"{"type":"BOOKMARK","object":{"kind":"ConfigMap","apiVersion":"v1","metadata":{"resourceVersion":"5","annotations":{"k8s.io/initial-events-end":"true"}}}}"#
            + "\n")
      }
      reply.send(Self.event("MODIFIED", Self.object("a", 6)))
      reply.hold()
    }
    let begin = ContinuousClock.now
    let lines = try tool.waitForLines(2)
    #expect(FoldedStream(lines).faults.isEmpty)
    #expect(FoldedStream(lines).objects.count == 1)
    // Two refusals of one second each, at least.
    #expect(ContinuousClock.now - begin >= .milliseconds(1900))
    #expect(server.paths.count < 20)
  }

  /// RFC 9110, 10.2.3: seconds, or a date in one of three forms. Any other value is ignored.
  @Test(arguments: [
    ("%a, %d %b %Y %H:%M:%S GMT", true), ("%A, %d-%b-%y %H:%M:%S GMT", true), ("%a %b %d %H:%M:%S %Y", true),
    ("3", true), ("soon", false), ("-3", false), ("", false), ("Fri, 31 Dec 1999 23:59:59 GMT", false),
  ])
  func waitsUntilADate(_ format: String, _ isWait: Bool) throws {
    let refusals = Atomic<Int>(0)
    let (tool, _) = try start(["configmaps", "--list-only"]) { _, reply in
      guard refusals.add(1, ordering: .relaxed).newValue == 1 else {
        return reply.whole(Self.list(5, [Self.object("a", 1)]))
      }
      var moment = time(nil) + 4
      var fields = unsafe tm()
      unsafe gmtime_r(&moment, &fields)
      var text = [CChar](repeating: 0, count: 100)
      let count = unsafe strftime(&text, text.count, format, &fields)
      let date = String(decoding: text.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
      reply.whole("busy\n", status: 503, ["Content-Type": "text/plain", "Retry-After": date])
    }
    let outcome = try tool.waitForEnd()
    #expect(outcome.status == 0)
    // A date has whole seconds, so the wait may be a second shorter. Without a valid value the first wait is
    // at most a second.
    let rest = outcome.diagnostics.split(separator: "trying again in ").last ?? ""
    let delay = try #require(DurationText.parse(String(rest.prefix { !$0.isWhitespace })))
    #expect((delay > .seconds(1)) == isWait, "\(outcome.diagnostics)")
  }

  /// etcd was restored from an older snapshot: versions go back, and printed objects may be missing or older.
  @Test(arguments: [429, 503]) func waitsForDiscoveryAsLongAsTheServerAsks(_ status: Int) throws {
    let refusals = Atomic<Int>(0)
    let server = try FakeAPIServer { request, reply in
      guard request.path == "/api/v1" else { return reply.whole(Self.list(5, [])) }
      guard refusals.add(1, ordering: .relaxed).newValue > 2 else {
        return reply.whole("<html>busy</html>", status: status, ["Retry-After": "1"])
      }
      reply.whole(FakeAPIServer.core)
    }
    let begin = ContinuousClock.now
    let outcome = try Tool.run(
      "kwatch", ["configmaps", "--list-only"], environment: try server.kubeconfig(in: directory.url))
    #expect(outcome.status == 0, "\(outcome)")
    #expect(ContinuousClock.now - begin >= .seconds(2))
    #expect(server.paths.filter { $0 == "/api/v1" }.count == 3)
  }

  @Test func followsAServerWhoseVersionsGoBack() throws {
    let isRestored = Atomic<Bool>(false)
    let tooLarge =
      #"{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"Timeout: Too large resource version: 900, current: 40","reason":"Timeout","details":{"causes":[{"reason":"ResourceVersionTooLarge","message":"Too large resource version"}],"retryAfterSeconds":1},"code":504}"#
    let (tool, _) = try start(["configmaps", "--poll", "never", "--verbose"]) { request, reply in
      let isNew = isRestored.load(ordering: .relaxed)
      if request.path.contains("sendInitialEvents") { return reply.whole("{}", status: 422) }
      if request.path.contains("watch=true") {
        reply.head()
        if request.path.contains("resourceVersion=900") {
          // The restore closes the open streams. Later streams are accepted and silent.
          while !isRestored.load(ordering: .relaxed) { usleep(10_000) }
          return reply.end()
        }
        if request.path.contains("resourceVersion=40") {
          reply.send(Self.event("ADDED", Self.object("c", 41)))
        }
        return reply.hold()
      }
      if isNew, request.path.contains("resourceVersion=900") { return reply.whole(tooLarge, status: 504) }
      if isNew {
        return reply.whole(Self.list(40, [Self.object("a", 30)]))
      }
      reply.whole(Self.list(900, [Self.object("a", 800), Self.object("b", 850)]))
    }
    #expect(try tool.waitForLines(2).count == 2)
    isRestored.store(true, ordering: .relaxed)
    let lines = try tool.waitForLines(5, .seconds(60))
    #expect(FoldedStream(lines).objects.keys.sorted() == ["/default/a", "/default/c"])
    #expect(
      lines[2...4].map { String($0.dropFirst(9).prefix { $0 != "\"" }) }.sorted() == [
        "ADDED", "DELETED", "MODIFIED",
      ])
  }

  /// A namespace is deleted: its objects are deleted one by one, then its lists are empty. It may be created
  /// again.
  @Test func followsTheDeletionOfANamespace() throws {
    let (tool, _) = try start(["configmaps", "-n", "team"]) { request, reply in
      if request.path.contains("sendInitialEvents") { return reply.whole("{}", status: 422) }
      guard request.path.contains("watch=true") else {
        return reply.whole(
          Self.list(5, [Self.object("a", 1, namespace: "team"), Self.object("b", 2, namespace: "team")]))
      }
      reply.head()
      if request.path.contains("resourceVersion=5") {
        reply.send(Self.event("MODIFIED", Self.object("a", 6, namespace: "team")))
        reply.send(Self.event("DELETED", Self.object("a", 7, namespace: "team")))
        reply.send(Self.event("DELETED", Self.object("b", 8, namespace: "team")))
        reply.send(
          Self.event("ADDED", Self.object("a", 20, namespace: "team").replacing("u-a", with: "u-new")))
      }
      reply.hold()
    }
    let lines = try tool.waitForLines(6)
    #expect(FoldedStream(lines).faults.isEmpty)
    #expect(FoldedStream(lines).objects.keys.sorted() == ["/team/a"])
  }

  /// kwatch asks a server that supports CBOR for JSON. A response in CBOR is an error, and is not printed.
  @Test func asksForJSONOnly() throws {
    let (tool, server) = try start(["configmaps", "--list-only", "--max-retries", "0"]) { request, reply in
      reply.head(200, ["Content-Type": "application/cbor"])
      reply.send([0xD9, 0xD9, 0xF7, 0xA1, 0x44, 0x6B, 0x69, 0x6E, 0x64])
      reply.end()
    }
    let outcome = try tool.waitForEnd()
    #expect(outcome.status == 69 && outcome.output.isEmpty, "\(outcome)")
    #expect(server.requests.allSatisfy { $0.headers["accept"]?.contains("cbor") == false })
    #expect(outcome.diagnostics.contains("not JSON"))
  }

  /// An outage is one problem, however many resources and namespaces it concerns.
  @Test func reportsAnOutageOnceForAllResources() throws {
    let watches = Mutex<[FakeAPIServer.Answer]>([])
    let (tool, server) = try start(["configmaps,pods,secrets", "-n", "a", "-n", "b"]) { request, reply in
      guard request.path.contains("watch=true") else { return reply.whole("{}", status: 500) }
      reply.head()
      reply.send(
        #"{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"5","annotations":{"k8s.io/initial-events-end":"true"}}}}"#
          + "\n")
      watches.withLock { $0.append(reply) }
      reply.hold()
    }
    try eventually("six watches") { watches.withLock { $0.count } == 6 }
    server.close()
    for watch in watches.withLock({ $0 }) { watch.cut() }
    let reports = try Self.reports(of: tool, 2)
    // `kwatch: warning: watch pods in a (…`; a probe and a list of the same scope are reported, too.
    let scopes = Set(reports.map { $0.split(separator: " ").dropFirst(3).prefix(3) })
    #expect(scopes.count == 1, "\(reports)")
  }

  @Test func reportsAServerThatCannotBeReachedOnceForAllNames() throws {
    let server = try FakeAPIServer { _, reply in reply.hold() }
    server.close()
    let tool = try Tool.start(
      "kwatch", ["configmaps,pods,secrets,nodes"], environment: try server.kubeconfig(in: directory.url))
    let reports = try Self.reports(of: tool, 2)
    #expect(reports.count == 2, "\(reports)")
  }

  @Test func reportsAServerThatDoesNotRespondWithinSeconds() throws {
    let server = try FakeAPIServer { _, reply in reply.hold() }
    let tool = try Tool.start(
      "kwatch", ["configmaps,pods"], environment: try server.kubeconfig(in: directory.url))
    try tool.waitForDiagnostics("no response from the server")
  }

  @Test(arguments: [(407, "USER:PASSWORD"), (502, "502")])
  func reportsTheRefusalOfAProxy(_ status: Int, _ word: String) throws {
    let proxy = try FakeAPIServer { _, reply in reply.whole("no", status: status) }
    let address = [
      "--server", "https://kube.example.test:6443", "--proxy-url", "http://127.0.0.1:\(proxy.port)",
    ]
    let tool = try Tool.start(
      "kwatch", ["configmaps", "--max-retries", "0"] + address,
      environment: try proxy.kubeconfig(in: directory.url))
    let outcome = try tool.waitForEnd()
    #expect(outcome.status == 69, "\(outcome)")
    #expect(outcome.diagnostics.contains("the proxy") && outcome.diagnostics.contains(word), "\(outcome)")
  }

  /// The lines about failures. The first failure is reported, then the fourth.
  private static func reports(of tool: RunningTool, _ count: Int) throws -> [Substring] {
    func reports() -> [Substring] {
      tool.soFar.diagnostics.split(separator: "\n").filter { $0.contains("trying again") }
    }
    try tool.wait(for: "\(count) reports", .seconds(60)) { _ in reports().count >= count }
    tool.send(SIGTERM)
    _ = try tool.waitForEnd()
    return reports()
  }

  @Test func listsAHundredThousandObjects() throws {
    let (tool, _) = try start(["configmaps", "--list-only", "-o", "name"]) { request, reply in
      reply.head()
      reply.send(#"{"kind":"ConfigMapList","apiVersion":"v1","metadata":{"resourceVersion":"5"},"items":["#)
      for block in 0..<100 {
        let objects = (0..<1000).map { Self.object("object-\(block * 1000 + $0)", block * 1000 + $0) }
        reply.send((block == 0 ? "" : ",") + objects.joined(separator: ","))
      }
      reply.send("]}")
      reply.end()
    }
    let outcome = try tool.waitForEnd(.seconds(300))
    #expect(outcome.status == 0)
    #expect(outcome.lines.count == 100_000)
    #expect(Set(outcome.lines).count == 100_000)
  }

  @Test func keepsItsMemoryOverALongWatch() throws {
    guard ClusterTesting.isSoaking else {
      notTested("a 30-minute watch at 200 changes a second", because: "WATCHUTILS_SOAK is not 1")
      return
    }
    let (tool, _) = try start(["configmaps"]) { request, reply in
      if request.path.contains("sendInitialEvents") { return reply.whole("{}", status: 422) }
      guard request.path.contains("watch=true") else { return reply.whole(Self.list(5, [])) }
      reply.head()
      for number in 6..<360_000 {
        reply.send(
          Self.event(number < 1006 ? "ADDED" : "MODIFIED", Self.object("cm-\(number % 1000)", number)))
        usleep(5000)
      }
      reply.hold()
    }
    func memory() throws -> Int {
      let text = try String(contentsOfFile: "/proc/\(tool.processIdentifier)/statm", encoding: .utf8)
      return (text.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0) * 4
    }
    try tool.waitForLines(20_000, .seconds(600))
    let early = try memory()
    try tool.waitForLines(300_000, .seconds(2400))
    let late = try memory()
    #expect(late < early + 2048, "KiB: \(early) -> \(late)")
  }
}
