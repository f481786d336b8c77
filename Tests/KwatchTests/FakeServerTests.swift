// SPDX-License-Identifier: Apache-2.0
import Foundation
import Glibc
import Synchronization
import TestSupport
import Testing

/// The built kwatch against scripted responses that a real server does not send on demand.
@Suite(.timeLimit(.minutes(15))) struct FakeServerTests: FakeServerSuite {
  let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  static let empty = #"{"kind":"L","metadata":{"resourceVersion":"5"},"items":[]}"#

  @Test func readsAStreamingListByteByByte() throws {
    let body = try Wire.body("v1.36/watch-list")
    let (tool, server) = try start(["configmaps", "--bookmarks", "--status", "stderr"]) { request, reply in
      reply.head()
      for byte in body { reply.send([byte]) }
      reply.hold()
    }
    let expected = text(body).split(separator: "\n").map(String.init)
    // Every byte is as the server sent it.
    #expect(try tool.waitForLines(expected.count) == expected)
    try tool.waitForDiagnostics(#""mode":"watch","health":"healthy""#)
    #expect(server.paths.count == 2, "\(server.paths)")
    #expect(server.paths.last?.contains("sendInitialEvents=true&resourceVersionMatch=NotOlderThan") == true)
  }

  @Test func printsNoPartialLineOfACutStream() throws {
    let body = try Wire.body("v1.36/watch-rv")
    let last = text(body).split(separator: "\n").last.map { "\($0)\n" } ?? ""
    let count = Atomic<Int>(0)
    let (tool, _) = try start(["cm", "--poll", "never"]) { request, reply in
      guard request.path.contains("watch=true") else { return reply.whole(Self.empty) }
      guard !request.path.contains("sendInitialEvents") else { return reply.whole("{}", status: 422) }
      reply.head()
      if count.add(1, ordering: .relaxed).newValue == 1 {
        reply.send(Array(body.dropLast(20)))
      } else if request.path.contains("resourceVersion=218") {
        // It continues after the last complete event.
        reply.send(last)
        reply.hold()
      }
    }
    let expected = text(body).split(separator: "\n").map(String.init)
    let lines = try tool.waitForLines(expected.count)
    // Events that arrived completely are not printed again.
    #expect(lines == expected)
  }

  /// Over loopback gzip is not requested, but a gateway may send it.
  @Test(arguments: [("0.0.0.0", "gzip"), ("127.0.0.1", "identity")])
  func restoresTheKindOfItemsInAList(_ host: String, _ encoding: String) throws {
    let body = try Wire.body("v1.36/gzip-list-big")
    let (tool, server) = try start(["cm", "--list-only"], host: host) { request, reply in
      guard !request.path.contains("continue=") else { return reply.whole(Self.empty) }
      reply.head(200, ["Content-Type": "application/json", "Content-Encoding": "gzip"])
      reply.send(body)
      reply.end()
    }
    let outcome = try tool.waitForEnd()
    #expect(outcome.status == 0, "\(outcome.diagnostics)")
    #expect(outcome.lines.count == 500)
    #expect(
      outcome.lines.allSatisfy {
        $0.hasPrefix(#"{"type":"ADDED","object":{"kind":"ConfigMap","apiVersion":"v1","metadata":"#)
      })
    #expect(server.requests.last?.headers["accept-encoding"] == encoding)
  }

  @Test func pollsWhileAWatchIsAcceptedAndSilent() throws {
    let lists = Atomic<Int>(0)
    let (tool, server) = try start(["cm", "--poll", "1s", "--status", "stderr"]) { request, reply in
      if request.path.contains("sendInitialEvents") { return reply.whole("{}", status: 422) }
      if request.path.contains("watch=true") {
        reply.head()
        return reply.hold()
      }
      let number = lists.add(1, ordering: .relaxed).newValue
      reply.whole(
        #"{"kind":"ConfigMapList","metadata":{"resourceVersion":"\#(number)"},"items":[{"metadata":{"name":"n","namespace":"default","uid":"u","resourceVersion":"\#(number)"}}]}"#
      )
    }
    let lines = try tool.waitForLines(3)
    #expect(lines[0].hasPrefix(#"{"type":"ADDED""#))
    #expect(lines[1...2].allSatisfy { $0.hasPrefix(#"{"type":"MODIFIED""#) })
    #expect(tool.soFar.diagnostics.contains(#""mode":"polling","health":"degraded","reason":"awaiting""#))
    #expect(server.paths.filter { $0.contains("watch=true&") }.count >= 3)
  }

  @Test func runsAPluginAgainWhenItsTokenIsRefused() throws {
    let script = directory.url.appending(path: "plugin")
    let counter = directory.url.appending(path: "count").path
    try Data(
      """
      #!/bin/sh
      [ -n "$KUBERNETES_EXEC_INFO" ] || exit 1
      echo x >>\(counter)
      printf '{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1","status":{"token":"token-%s"}}' "$(wc -l <\(counter) | tr -d ' ')"
      """.utf8
    ).write(to: script)
    unsafe chmod(script.path, 0o755)
    let server = try FakeAPIServer { request, reply in
      guard request.headers["authorization"] == "Bearer token-2" else {
        return reply.whole(
          #"{"kind":"Status","code":401,"reason":"Unauthorized","message":"no"}"#, status: 401)
      }
      if request.path == "/api/v1" { reply.whole(FakeAPIServer.core) } else { reply.whole(Self.empty) }
    }
    let environment = try server.kubeconfig(
      in: directory.url, user: "exec: {command: \(script.path), apiVersion: client.authentication.k8s.io/v1}")
    let outcome = try Tool.run("kwatch", ["cm", "--list-only"], environment: environment)
    #expect(outcome.status == 0, "\(outcome.diagnostics)")
    // An expired credential is replaced before the next request.
    let broken = try server.kubeconfig(
      in: directory.url, user: "exec: {command: /none/such, installHint: get it}")
    let failure = try Tool.run("kwatch", ["cm", "--list-only"], environment: broken)
    #expect(failure.status == 78)
    #expect(failure.diagnostics.contains("get it"))
  }

  @Test func readsATokenFileAgain() throws {
    let file = directory.url.appending(path: "token")
    try Data("one\n".utf8).write(to: file)
    let (tool, server) = try start(["cm", "--poll", "never"], user: "tokenFile: \(file.path), token: never") {
      request, reply in
      if request.path.contains("sendInitialEvents") { return reply.whole("{}", status: 422) }
      if request.path.contains("watch=true") {
        reply.head()
        return reply.hold()
      }
      reply.whole(Self.empty)
    }
    try eventually("the watch") { server.paths.contains { $0.contains("resourceVersion=5") } }
    try Data("two\n".utf8).write(to: file)
    tool.send(SIGHUP)
    try eventually("the new token") {
      server.requests.contains { $0.headers["authorization"] == "Bearer two" }
    }
    #expect(server.requests.allSatisfy { $0.headers["authorization"] != "Bearer never" })
  }

  @Test func printsUsageDuringAWatch() throws {
    let ticks = Atomic<Int>(0)
    let (tool, _) = try start(["pods", "--usage", "1s", "--status", "stderr"]) { request, reply in
      if request.path.hasPrefix("/apis/metrics.k8s.io/v1beta1/namespaces/default/pods") {
        // Each sample is returned by two requests.
        let number = ticks.add(1, ordering: .relaxed).newValue / 2
        return reply.whole(
          #"{"kind":"PodMetricsList","apiVersion":"metrics.k8s.io/v1beta1","metadata":{},"items":[{"metadata":{"name":"p","namespace":"default","creationTimestamp":"\#(UUID())"},"timestamp":"t\#(number)","window":"15s","containers":[]}]}"#
        )
      }
      if request.path.contains("sendInitialEvents") { return reply.whole("{}", status: 422) }
      if request.path.contains("watch=true") {
        reply.head()
        return reply.hold()
      }
      reply.whole(Self.empty)
    }
    let lines = try tool.waitForLines(2)
    #expect(
      lines.allSatisfy {
        $0.hasPrefix(
          #"{"type":"METRICS","object":{"kind":"PodMetrics","apiVersion":"metrics.k8s.io/v1beta1","metadata":{"name":"p""#
        )
      })
    #expect(lines.count { $0.contains(#""timestamp":"t1""#) } <= 1)
    try tool.waitForDiagnostics(
      #""resource":"pods.metrics.k8s.io","namespace":"default"},"mode":"metrics-only","health":"healthy""#)
  }

  @Test func hidesSecretsByDefault() throws {
    let list =
      #"{"kind":"SecretList","metadata":{"resourceVersion":"5"},"items":[{"metadata":{"name":"s","namespace":"default","uid":"u","resourceVersion":"1","managedFields":[]},"data":{"a":"YQ=="}}]}"#
    for (flags, value, fields) in [
      ([], "sha256:ca978112", true), (["--reveal", "--prune", "managedFields"], #""a":"YQ==""#, false),
    ] {
      let (tool, _) = try start(["secrets", "--list-only"] + flags) { _, reply in reply.whole(list) }
      let outcome = try tool.waitForEnd()
      #expect(outcome.output.contains(value))
      #expect(outcome.output.contains("managedFields") == fields)
      #expect(outcome.lines.count == 1)
    }
  }

  @Test func reportsTheTextOfAnErrorWithoutAStatus() throws {
    let (tool, _) = try start(["cm"]) { _, reply in
      reply.whole("404 page not found\n", status: 404, ["Content-Type": "text/plain; charset=utf-8"])
    }
    let outcome = try tool.waitForEnd()
    #expect(outcome.status == 66)
    #expect(outcome.diagnostics.contains("404 page not found"))
    #expect(outcome.output.isEmpty)
  }

  @Test func addsThePrefixToEveryPath() throws {
    let prefix = "/apis/resourcemanager.miloapis.com/v1alpha1/projects/p/control-plane"
    let server = try FakeAPIServer { request, reply in
      if request.path == "\(prefix)/api/v1" {
        reply.whole(FakeAPIServer.core)
      } else {
        reply.whole(Self.empty)
      }
    }
    let outcome = try Tool.run(
      "kwatch",
      ["cm/one", "-n", "team", "--list-only", "--path-prefix", prefix, "--as", "me"],
      environment: try server.kubeconfig(in: directory.url, user: "token: t, as: you, as-groups: [g]"))
    #expect(outcome.status == 0, "\(outcome.diagnostics)")
    #expect(
      server.paths.last
        == "\(prefix)/api/v1/namespaces/team/configmaps?limit=100&fieldSelector=metadata.name%3Done")
    #expect(server.requests.last?.headers["impersonate-user"] == "me")
    #expect(server.requests.last?.headers["impersonate-group"] == "g")
  }

  @Test func printsTheFirstPageBeforeTheLastHasArrived() throws {
    let isReleased = Atomic<Bool>(false)
    let (tool, _) = try start(["cm", "--list-only"]) { request, reply in
      let isSecond = request.path.contains("continue=next")
      while isSecond, !isReleased.load(ordering: .relaxed) { usleep(10_000) }
      let name = isSecond ? "b" : "a"
      reply.whole(
        #"{"kind":"L","metadata":{"resourceVersion":"5"\#(isSecond ? "" : #","continue":"next""#)},"items":[{"metadata":{"name":"\#(name)","namespace":"default","uid":"\#(name)","resourceVersion":"1"}}]}"#
      )
    }
    #expect(try tool.waitForLines(1).count == 1)
    isReleased.store(true, ordering: .relaxed)
    #expect(try tool.waitForEnd().lines.count == 2)
  }

  @Test func reportsItsModeAndHealth() throws {
    let body = try Wire.body("v1.36/watch-list")
    let (tool, _) = try start(["cm", "-n", "wire", "--status", "stderr"]) { _, reply in
      reply.head()
      reply.send(body)
      reply.hold()
    }
    try tool.waitForDiagnostics(#""health":"healthy""#)
    // Only the times in a transcript differ between runs.
    let transcript = tool.soFar.diagnostics.split(separator: "\n").map {
      $0.replacing(/"(since|lastEvent)":"[0-9TZ:.-]+"/) { "\"\($0.1)\":T" }
    }
    let scope =
      #"{"type":"STATUS","object":{"tool":"kwatch","scope":{"cluster":"fake","resource":"configmaps","namespace":"wire"}"#
    let expected =
      scope
      + #","mode":"snapshot","health":"degraded","reason":"awaiting","since":T,"connected":false,"delivering":false,"polling":{"enabled":false,"intervalSeconds":10},"lastEvent":null,"resourceVersion":"","reconnects":0,"resyncs":0,"errors":0}}"#
    #expect(text(Array((transcript.first ?? "").utf8)) == expected)
    let last = try #require(transcript.last)
    #expect(
      last.hasPrefix(
        scope
          + #","mode":"watch","health":"healthy","reason":"","since":T,"connected":true,"delivering":true,"polling":{"enabled":false,"intervalSeconds":10}"#
      ))
    #expect(last.contains(#""resourceVersion":"2"#))
  }

  @Test func keepsHealthForEachNamespace() throws {
    let body = try Wire.body("v1.36/watch-list")
    let (tool, _) = try start(["cm", "-n", "open,closed", "--status", "stderr"]) { request, reply in
      if request.path.contains("/namespaces/closed/") {
        return reply.whole(#"{"kind":"Status","code":403,"reason":"Forbidden","message":"no"}"#, status: 403)
      }
      reply.head()
      reply.send(body)
      reply.hold()
    }
    try tool.waitForDiagnostics(#""namespace":"open"},"mode":"watch","health":"healthy""#)
    try tool.waitForDiagnostics(
      #""namespace":"closed"},"mode":"snapshot","health":"unhealthy","reason":"permission""#)
    #expect(tool.isRunning)
  }

  @Test func reportsASlowReader() throws {
    let marker =
      #"{"type":"BOOKMARK","object":{"kind":"ConfigMap","metadata":{"annotations":{"k8s.io/initial-events-end":"true"},"resourceVersion":"1"}}}"#
    let server = try FakeAPIServer { request, reply in
      if request.path == "/api/v1" { return reply.whole(FakeAPIServer.core) }
      reply.head()
      reply.send(marker + "\n")
      for number in 2..<4000 {
        reply.send(
          #"{"type":"ADDED","object":{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"c\#(number)","namespace":"default","uid":"\#(number)","resourceVersion":"\#(number)"},"data":{"k":"\#(String(repeating: "x", count: 500))"}}}"#
            + "\n")
      }
      reply.hold()
    }
    let health = directory.path("health")
    let pipe = try Tool.shell(
      "kwatch configmaps --status '\(health)' --timeout 30s | { sleep 3; cat; }",
      environment: try server.kubeconfig(in: directory.url))
    let lines = try pipe.waitForLines(3998)
    #expect(FoldedStream(lines).faults.isEmpty)
    try eventually("the status") {
      try String(contentsOf: URL(filePath: health), encoding: .utf8).contains(#""reason":"backpressure""#)
    }
    pipe.send(SIGTERM)
  }
}
