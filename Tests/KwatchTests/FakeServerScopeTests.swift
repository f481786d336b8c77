// SPDX-License-Identifier: Apache-2.0
import Foundation
import Synchronization
import TestSupport
import Testing

/// Each scope fails and recovers independently: the built kwatch against scripted responses.
@Suite(.timeLimit(.minutes(15))) struct FakeServerScopeTests: FakeServerSuite {
  let directory: TemporaryDirectory
  let groups =
    #"{"kind":"APIGroupList","groups":[{"name":"metrics.k8s.io","versions":[{"groupVersion":"metrics.k8s.io/v1beta1","version":"v1beta1"}]}]}"#

  init() throws { directory = try TemporaryDirectory() }

  static func list(_ version: String, _ items: String = "", continuation: String = "") -> String {
    let token = continuation.isEmpty ? "" : #","continue":"\#(continuation)""#
    return #"{"kind":"L","metadata":{"resourceVersion":"\#(version)"\#(token)},"items":[\#(items)]}"#
  }

  static func object(_ name: String, _ version: String) -> String {
    #"{"metadata":{"name":"\#(name)","namespace":"default","uid":"u-\#(name)","resourceVersion":"\#(version)"}}"#
  }

  @Test func mixesNoResourceVersions() throws {
    let starts = [
      "one/configmaps": 10, "two/configmaps": 500, "one/pods": 20, "two/pods": 7000,
    ]
    let (tool, server) = try start(["cm,pods", "-n", "one,two", "--poll", "never"]) { request, reply in
      if request.path.contains("sendInitialEvents") { return reply.whole("{}", status: 422) }
      let parts = request.path.split(separator: "?")
      let place = parts[0].split(separator: "/").suffix(2).joined(separator: "/")
      let begin = starts[place] ?? 0
      guard request.path.contains("watch=true") else { return reply.whole(Self.list("\(begin)")) }
      let from = parts[1].split(separator: "&").first { $0.hasPrefix("resourceVersion=") }?.dropFirst(16)
      guard let from, let number = Int(from), (begin..<begin + 6).contains(number) else {
        return reply.whole(#"{"kind":"Status","code":400,"message":"mixed up"}"#, status: 400)
      }
      reply.head()
      reply.send(#"{"type":"ADDED","object":\#(Self.object("n\(number)", "\(number + 1)"))}"# + "\n")
      if number == begin + 5 { reply.hold() } else { reply.end() }
    }
    let lines = try tool.waitForLines(24)
    #expect(lines.count == 24)
    #expect(!tool.soFar.diagnostics.contains("mixed up"))
    for (place, begin) in starts {
      let parts = place.split(separator: "/")
      let asked = server.paths.filter {
        $0.contains("/namespaces/\(parts[0])/\(parts[1])?") && $0.contains("&resourceVersion=")
      }.compactMap { $0.split(separator: "&").last?.split(separator: "=").last.flatMap { Int($0) } }
      #expect(asked == Array(begin..<begin + 6))
    }
  }

  @Test(arguments: [
    ["cm,configmaps"], ["cm", "-n", "default,default"], ["cm,cm", "-n", "default", "-n", "default"],
    ["cm", "--context", "fake,fake"], ["cm/a,configmaps/a"],
    ["cm/a,cm"], ["cm,cm/a"], ["cm/a,configmaps,cm/a"],
  ])
  func printsAScopeOnceThatIsNamedTwice(_ arguments: [String]) throws {
    let (tool, server) = try start(arguments + ["--until-now"]) { _, reply in
      reply.whole(Self.list("5", Self.object("a", "1")))
    }
    let outcome = try tool.waitForEnd()
    #expect(outcome.status == 0 && outcome.lines.count == 1, "\(outcome)")
    #expect(server.paths.filter { $0.contains("/configmaps") }.count == 1)
    #expect(outcome.diagnostics.split(separator: "twice").count == 2, "\(outcome)")
  }

  /// `isSeenGone`: the server answers 404 in between. If not, the old path then means all namespaces.
  @Test(arguments: [true, false])
  func aResourceThatReturnsWithNamespacesIsWatchedInThoseThatWereNamed(_ isSeenGone: Bool) throws {
    let hasMoved = Atomic<Bool>(false)
    let server = try FakeAPIServer { request, reply in
      let moved = hasMoved.load(ordering: .relaxed)
      switch request.path.prefix(while: { $0 != "?" }) {
      case "/api/v1": reply.whole(FakeAPIServer.core)
      case "/apis":
        reply.whole(
          #"""
          {"kind":"APIGroupDiscoveryList","items":[{"metadata":{"name":"example.test"},"versions":[{"version":"v1",
          "resources":[{"resource":"things","responseKind":{"kind":"Thing"},"scope":"\#(moved ? "Namespaced" : "Cluster")",
          "verbs":["list","watch"]}]}]}]}
          """#)
      case "/apis/example.test/v1/things" where !moved || !isSeenGone:
        if request.path.contains("sendInitialEvents") { return reply.whole("{}", status: 422) }
        guard request.path.contains("watch=true") else {
          return reply.whole(#"{"kind":"ThingList","metadata":{"resourceVersion":"5"},"items":[]}"#)
        }
        hasMoved.store(true, ordering: .relaxed)
        guard !isSeenGone else {
          return reply.whole("404 page not found\n", status: 404, ["Content-Type": "text/plain"])
        }
        reply.head()
        reply.send(
          #"{"type":"ADDED","object":{"metadata":{"name":"x","namespace":"other","resourceVersion":"6","uid":"x"}}}"#
            + "\n")
        reply.hold()
      case let path where path.contains("/namespaces/"):
        if request.path.contains("sendInitialEvents") { return reply.whole("{}", status: 422) }
        guard request.path.contains("watch=true") else {
          let item = #"{"metadata":{"name":"x","uid":"\#(path)","resourceVersion":"6"}}"#
          return reply.whole(#"{"kind":"ThingList","metadata":{"resourceVersion":"7"},"items":[\#(item)]}"#)
        }
        reply.head()
        reply.hold()
      default: reply.whole("404 page not found\n", status: 404, ["Content-Type": "text/plain"])
      }
    }
    let environment = try server.kubeconfig(in: directory.url)
    let tool = try Tool.start("kwatch", ["things.example.test", "-n", "a,b"], environment: environment)
    let lines = try tool.waitForLines(2)
    #expect(lines.contains { $0.contains("/namespaces/a/things") }, "\(lines)")
    #expect(lines.contains { $0.contains("/namespaces/b/things") }, "\(lines)")
    #expect(!lines.contains { $0.contains("other") }, "\(lines)")
    try tool.waitForDiagnostics("in namespaces")
  }

  @Test func reportsThatAScopeIsGone() throws {
    let isThere = Atomic<Bool>(true)
    let (tool, _) = try start(["cm", "--status", "stderr"]) { request, reply in
      guard isThere.load(ordering: .relaxed) else {
        return reply.whole("404 page not found\n", status: 404, ["Content-Type": "text/plain"])
      }
      if request.path.contains("sendInitialEvents") { return reply.whole("{}", status: 422) }
      guard request.path.contains("watch=true") else { return reply.whole(Self.list("5")) }
      isThere.store(false, ordering: .relaxed)
      reply.head()
      reply.send(#"{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"6"}}}"# + "\n")
      reply.end()
    }
    try tool.waitForDiagnostics(#""health":"healthy""#)
    try tool.waitForDiagnostics(#""health":"degraded","reason":"no-scope""#)
    #expect(tool.isRunning)

    let (never, _) = try start(["nonsense", "--status", "stderr"]) { _, reply in
      reply.whole("404 page not found\n", status: 404, ["Content-Type": "text/plain"])
    }
    let outcome = try never.waitForEnd()
    #expect(outcome.status == 66)
    #expect(outcome.diagnostics.contains(#""resource":"nonsense","namespace":"default""#))
    #expect(outcome.diagnostics.contains(#""health":"unhealthy","reason":"no-scope""#))
  }

  @Test func reportsRefusedCredentials() throws {
    let isValid = Atomic<Bool>(true)
    let watches = Atomic<Int>(0)
    let refusal = #"{"kind":"Status","code":401,"reason":"Unauthorized","message":"expired"}"#
    let (tool, server) = try start(["cm", "--status", "stderr"]) { request, reply in
      guard isValid.load(ordering: .relaxed) else { return reply.whole(refusal, status: 401) }
      if request.path.contains("sendInitialEvents") { return reply.whole("{}", status: 422) }
      guard request.path.contains("watch=true") else { return reply.whole(Self.list("5")) }
      reply.head()
      guard watches.add(1, ordering: .relaxed).newValue == 1 else { return reply.hold() }
      isValid.store(false, ordering: .relaxed)
      reply.send(#"{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"6"}}}"# + "\n")
      reply.end()
    }
    try tool.waitForDiagnostics(#""health":"degraded","reason":"auth""#)
    // With a valid token again, kwatch continues where it was.
    isValid.store(true, ordering: .relaxed)
    try eventually("the watch goes on") {
      watches.load(ordering: .relaxed) > 1 && server.paths.last?.contains("&resourceVersion=6") == true
    }
    #expect(tool.isRunning)

    let (never, _) = try start(["cm", "--status", "stderr"]) { _, reply in reply.whole(refusal, status: 401) }
    let outcome = try never.waitForEnd()
    #expect(outcome.status == 77)
    #expect(outcome.diagnostics.contains(#""health":"unhealthy","reason":"auth""#))
  }

  @Test func listsInOneRequestWhenAPageTokenHasExpired() throws {
    // The recorded 410 offers a token for the rest of the list, at a new resourceVersion. kwatch must not use
    // it: changes in the part that was already printed would be missing.
    let gone = text(try Wire.body("v1.36/gone-continue"))
    #expect(gone.contains(#""continue": "#))
    let (tool, server) = try start(["cm", "--until-now"]) { request, reply in
      if request.path.contains("continue=") { return reply.whole(gone, status: 410) }
      if request.path.contains("limit=") {
        return reply.whole(
          Self.list("5", "\(Self.object("a", "1")),\(Self.object("b", "2"))", continuation: "c"))
      }
      reply.whole(Self.list("9", "\(Self.object("b", "8")),\(Self.object("c", "3"))"))
    }
    let outcome = try tool.waitForEnd()
    #expect(outcome.status == 0)
    #expect(
      outcome.lines.map { String($0.dropFirst(9).prefix { $0 != "\"" }) }
        == ["ADDED", "ADDED", "MODIFIED", "ADDED", "DELETED"])
    #expect(FoldedStream(outcome.lines).faults.isEmpty)
    #expect(FoldedStream(outcome.lines).objects.keys.sorted() == ["/default/b", "/default/c"])
    #expect(server.paths.suffix(3).map { $0.contains("continue=c") } == [false, true, false])
  }

  @Test func exitsWithTheErrorOfTheServer() throws {
    let (tool, _) = try start(["cm", "--on-gone", "error"]) { request, reply in
      if request.path.contains("sendInitialEvents") {
        reply.head()
        reply.send(
          #"{"type":"ERROR","object":{"kind":"Status","code":500,"message":"no streaming list here"}}"# + "\n"
        )
        return reply.end()
      }
      guard request.path.contains("watch=true") else { return reply.whole(Self.list("5")) }
      reply.whole("too old\n", status: 410, ["Content-Type": "text/plain"])
    }
    let line = try tool.waitForLines(1)[0]
    #expect(line.hasPrefix(#"{"type":"ERROR","object":{"kind":"Status""#))
    #expect(line.contains(#""code":410"#))
    #expect(!line.contains("no streaming list here"))
  }

  @Test(arguments: [["--prune", "status"], ["--source"]])
  func printsNoPartOfAnObjectThatIsNotJSON(_ flags: [String]) throws {
    let begin = #"{"type":"ADDED","object":{"kind":"ConfigMap","apiVersion":"v1","metadata":{"#
    let watches = Atomic<Int>(0)
    let (tool, _) = try start(["cm"] + flags) { request, reply in
      if request.path.contains("sendInitialEvents") { return reply.whole("{}", status: 422) }
      guard request.path.contains("watch=true") else { return reply.whole(Self.list("5")) }
      reply.head()
      // One event is damaged. The watch starts again after the last good event.
      if watches.add(1, ordering: .relaxed).newValue == 1 {
        reply.send(
          begin + #""name":"a","namespace":"n","uid":"a","resourceVersion":"6"},"data":{"k":[[}}}"# + "\n")
      }
      reply.send(begin + #""name":"b","namespace":"n","uid":"b","resourceVersion":"7"}}}"# + "\n")
      reply.hold()
    }
    let line = try tool.waitForLines(1)[0]
    #expect(line.hasPrefix(begin + #""name":"b""#))
    #expect(FoldedStream([line]).faults.isEmpty)
    try tool.waitForDiagnostics("is not JSON")
  }

  @Test func listsTablesInPages() throws {
    // The columns of a page fit its rows. In a streaming list, the end marker would be inside a Table's row.
    let (tool, server) = try start(["cm", "-o", "table"]) { request, reply in
      guard request.path.contains("watch=true") else { return reply.whole(Self.list("5")) }
      reply.head()
      reply.hold()
    }
    try eventually("the watch") { server.paths.contains { $0.contains("watch=true") } }
    #expect(!server.paths.contains { $0.contains("sendInitialEvents") })
    #expect(tool.isRunning)
  }

  @Test func printsNoControlSequencesFromObjects() throws {
    // Control sequences start with ESC [ or U+009B, and a message in an object may contain both.
    let table =
      #"{"kind":"Table","apiVersion":"meta.k8s.io/v1","metadata":{"resourceVersion":"5"},"columnDefinitions":[{"name":"Name","priority":0},{"name":"Message","priority":0}],"rows":[{"cells":["a","x\u009b31mx\u001b[2Jx\u007f"],"object":{"metadata":{"name":"a","namespace":"default","uid":"u","resourceVersion":"1"}}}]}"#
    let (tool, _) = try start(["cm", "-o", "table", "--list-only"]) { _, reply in reply.whole(table) }
    let outcome = try tool.waitForEnd()
    #expect(outcome.lines.last?.hasSuffix("x?31mx?[2Jx?") == true)
  }

  @Test func printsTheUsageOfNodes() throws {
    let (tool, _) = try start(["nodes", "--usage", "1s"]) { request, reply in
      if request.path.hasPrefix("/apis/metrics.k8s.io/v1beta1/nodes") {
        return reply.whole(Self.usage("NodeMetrics", #""name":"n""#))
      }
      if request.path.contains("sendInitialEvents") { return reply.whole("{}", status: 422) }
      guard request.path.contains("watch=true") else { return reply.whole(Self.list("5")) }
      reply.head()
      reply.hold()
    }
    let lines = try tool.waitForLines(1)
    #expect(
      lines[0].hasPrefix(
        #"{"type":"METRICS","object":{"kind":"NodeMetrics","apiVersion":"metrics.k8s.io/v1beta1","metadata":{"name":"n"}"#
      ))
  }

  @Test func printsUsageAlone() throws {
    let times = Atomic<Int>(0)
    let discovery =
      #"{"kind":"APIResourceList","groupVersion":"metrics.k8s.io/v1beta1","resources":[{"name":"pods","singularName":"","namespaced":true,"kind":"PodMetrics","verbs":["get","list"]}]}"#
    let answer: @Sendable (FakeAPIServer.Request, FakeAPIServer.Answer) -> Void = { request, reply in
      switch request.path {
      case "/apis/metrics.k8s.io/v1beta1": reply.whole(discovery)
      default:
        // Each sample is returned by two requests.
        let number = times.add(1, ordering: .relaxed).newValue / 2
        reply.whole(Self.usage("PodMetrics", #""name":"p","namespace":"default""#, time: "t\(number)"))
      }
    }
    let (tool, server) = try start(["pods.metrics.k8s.io", "--usage", "1s", "--status", "stderr"], answer)
    let lines = try tool.waitForLines(2)
    #expect(lines.allSatisfy { $0.hasPrefix(#"{"type":"METRICS","object":{"kind":"PodMetrics""#) })
    #expect(lines.count { $0.contains(#""timestamp":"t1""#) } <= 1)
    try tool.waitForDiagnostics(#""mode":"metrics-only","health":"healthy""#)
    #expect(!server.paths.contains { $0.contains("/api/v1/") || $0.contains("watch=") })

    let (once, _) = try start(["pods.metrics.k8s.io", "--until-now"], answer)
    let outcome = try once.waitForEnd()
    #expect(outcome.status == 0, "\(outcome.diagnostics)")
    #expect(outcome.lines.count == 1)

    let (denied, _) = try start(["pods.metrics.k8s.io"]) { request, reply in
      if request.path.contains("/namespaces/") {
        return reply.whole(#"{"kind":"Status","code":403,"reason":"Forbidden","message":"no"}"#, status: 403)
      }
      answer(request, reply)
    }
    #expect(try denied.waitForEnd().status == 77)
    let (down, _) = try start(["pods.metrics.k8s.io", "--usage", "1s", "--max-retries", "1"]) {
      request, reply in
      if request.path.contains("/namespaces/") { return reply.whole("no\n", status: 503) }
      answer(request, reply)
    }
    #expect(try down.waitForEnd().status == 69)
  }

  static func usage(_ kind: String, _ metadata: String, time: String = "t0") -> String {
    """
    {"kind":"\(kind)List","apiVersion":"metrics.k8s.io/v1beta1","metadata":{},"items":[{"metadata":{\(metadata)},\
    "timestamp":"\(time)","window":"15s","containers":[]}]}
    """
  }
}
