// SPDX-License-Identifier: Apache-2.0
import Foundation
import Glibc
import TestSupport
import Testing

/// kwatch on a real kube-apiserver that is restarted, killed, and loses its history.
@Suite(.timeLimit(.minutes(15)), .serialized) struct ClusterTests {
  @Test func printsTheTrueStateThroughRestartsAndKills() throws {
    guard let cluster = try ClusterTesting.start("restarts of the API server") else { return }
    for index in 0..<20 { try cluster.create("cm-\(index)") }
    let tool = try cluster.kwatch(["configmaps", "--status", "stderr"])
    try tool.waitForLines(20)
    try cluster.change("cm-0", "1")
    try cluster.delete("cm-1")
    try cluster.expectTruth(tool)

    try cluster.stopServer()
    try cluster.startServer()
    try cluster.change("cm-2", "1")
    try cluster.delete("cm-3")
    try cluster.create("late")
    try cluster.expectTruth(tool)

    for round in 0..<2 {
      try cluster.killServer()
      try cluster.startServer()
      // These changes happen before kwatch runs again. It prints them as a difference, including deletions.
      try cluster.change("cm-4", "\(round)")
      try cluster.delete("cm-\(10 + round)")
      try cluster.expectTruth(tool)
    }

    // kwatch is stopped during changes and a restart. After that the server no longer knows its
    // resourceVersion.
    tool.send(SIGSTOP)
    try cluster.stopServer()
    try cluster.startServer()
    try cluster.change("cm-5", "1")
    try cluster.delete("cm-6")
    try cluster.killServer()
    try cluster.startServer()
    tool.send(SIGCONT)
    try cluster.expectTruth(tool)
    try tool.waitForDiagnostics(#""reason":"gone""#)
    // A relist changes the health, but not the data.
    #expect(FoldedStream(tool.lines).counts["ERROR"] == nil)
    tool.send(SIGTERM)
    #expect(try tool.waitForEnd().status == 128 + SIGTERM)
  }

  @Test func outlivesShortWatches() throws {
    guard
      let cluster = try ClusterTesting.start("--min-request-timeout=3", flags: ["--min-request-timeout=3"])
    else { return }
    for index in 0..<5 { try cluster.create("cm-\(index)") }
    let tool = try cluster.kwatch(["configmaps", "--watch-timeout", "2s", "--status", "stderr"])
    try tool.waitForLines(5)
    let end = ContinuousClock.now + .seconds(12)
    var round = 0
    while ContinuousClock.now < end {
      round += 1
      try cluster.change("cm-\(round % 5)", "\(round)")
    }
    try cluster.expectTruth(tool)
    let told = FoldedStream(tool.lines)
    #expect(told.counts["MODIFIED"] == round)
    // A watch that ends as planned does not change the health.
    let healths = tool.soFar.diagnostics.split(separator: "\n").map { $0.contains(#""health":"healthy""#) }
    #expect(healths.drop { !$0 }.allSatisfy { $0 })
  }

  @Test func pollsForAUserWithoutWatchPermission() throws {
    guard let cluster = try ClusterTesting.start("a list-only user") else { return }
    try cluster.create("a")
    let tool = try cluster.kwatch(
      ["configmaps", "--poll", "1s", "--status", "stderr"], as: .lister)
    try tool.waitForLines(1)
    try cluster.create("b")
    try cluster.delete("a")
    try cluster.expectTruth(tool)
    #expect(tool.soFar.diagnostics.contains(#""mode":"polling","health":"degraded","reason":"permission""#))
    #expect(FoldedStream(tool.lines).counts == ["ADDED": 2, "DELETED": 1])
  }

  @Test func reportsForbiddenResourcesAndContinuesWithTheRest() throws {
    guard let cluster = try ClusterTesting.start("a user without rights") else { return }
    let denied = try cluster.kwatch(["configmaps"], as: .nobody).waitForEnd()
    #expect(denied.status == 77)
    #expect(denied.diagnostics.contains("403 Forbidden"))
    #expect(denied.output.isEmpty)

    try cluster.create("a")
    let tool = try Tool.start(
      "kwatch", ["configmaps", "--context", "nobody", "--context", "admin"],
      environment: ["KUBECONFIG": "\(cluster.kubeconfig(.nobody)):\(cluster.kubeconfig(.admin))"])
    try tool.waitForDiagnostics("403 Forbidden")
    try tool.waitForLines(1)
    try cluster.create("b")
    let lines = try tool.waitForLines(2)
    #expect(
      lines.allSatisfy {
        $0.contains(#""source":{"cluster":"admin","resource":"configmaps","namespace":"default"}"#)
      })
    #expect(tool.isRunning)
  }

  @Test func followsACRDThatIsRemovedAndComesBack() throws {
    guard let cluster = try ClusterTesting.start("a CRD that comes and goes") else { return }
    let definition = try String(
      contentsOf: Wire.folder.deletingLastPathComponent().appending(path: "widgets.yaml"),
      encoding: .utf8)
    let definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
    let widgets = "/apis/example.com/v1/namespaces/default/widgets"
    let widget =
      #"{"apiVersion":"example.com/v1","kind":"Widget","metadata":{"name":"w"},"spec":{"color":"red"}}"#
    func define() throws {
      try eventually("the definition is taken") {
        (try? cluster.call("POST", definitions, body: definition, contentType: "application/yaml")) != nil
      }
      try eventually("a widget is taken") { (try? cluster.call("POST", widgets, body: widget)) != nil }
    }
    try define()
    let tool = try cluster.kwatch(["widgets.example.com"])
    try tool.waitForLines(1)
    try cluster.call("DELETE", "\(definitions)/widgets.example.com")
    try tool.waitForLines(2)
    try define()
    let lines = try tool.waitForLines(3, .seconds(60))
    let types = lines.map { String($0.dropFirst(9).prefix { $0 != "\"" }) }
    #expect(types == ["ADDED", "DELETED", "ADDED"])
    #expect(FoldedStream(lines).faults.isEmpty)
    // A path selects the same resource without discovery.
    let path = try cluster.kwatch(
      ["apis/example.com/v1/namespaces/default/widgets", "--list-only", "-o", "name"]).waitForEnd()
    #expect(path.output == "widget.example.com/w\n")
  }

  @Test func followsACRDToAnotherVersion() throws {
    guard let cluster = try ClusterTesting.start("a CRD that comes back under another version") else {
      return
    }
    let definition = try String(
      contentsOf: Wire.folder.deletingLastPathComponent().appending(path: "widgets.yaml"), encoding: .utf8)
    let definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
    func define(_ version: String) throws {
      let text = definition.replacing("- name: v1", with: "- name: \(version)")
      try eventually("the definition is taken") {
        (try? cluster.call("POST", definitions, body: text, contentType: "application/yaml")) != nil
      }
      let widget =
        #"{"apiVersion":"example.com/\#(version)","kind":"Widget","metadata":{"name":"w"},"spec":{"color":"red"}}"#
      let path = "/apis/example.com/\(version)/namespaces/default/widgets"
      try eventually("a widget is taken") { (try? cluster.call("POST", path, body: widget)) != nil }
    }
    try define("v1")
    let tool = try cluster.kwatch(["wd", "--status", "stderr"])
    try tool.waitForLines(1)
    try cluster.call("DELETE", "\(definitions)/widgets.example.com")
    try tool.waitForLines(2)
    try define("v2")
    let lines = try tool.waitForLines(3, .seconds(60))
    #expect(lines.last?.contains(#""apiVersion":"example.com/v2""#) == true)
    #expect(FoldedStream(lines).counts == ["ADDED": 2, "DELETED": 1])
    try tool.waitForDiagnostics(#""reason":"no-scope""#)
    // It watches there too.
    try cluster.call(
      "PATCH", "/apis/example.com/v2/namespaces/default/widgets/w", body: #"{"spec":{"color":"blue"}}"#,
      contentType: "application/merge-patch+json")
    #expect(try tool.waitForLines(4).last?.hasPrefix(#"{"type":"MODIFIED""#) == true)
    #expect(FoldedStream(tool.lines).faults.isEmpty)
    // When a version is no longer served, no object is deleted: the same object is printed in its new form.
    let schema = #"{"openAPIV3Schema":{"type":"object","x-kubernetes-preserve-unknown-fields":true}}"#
    let versions =
      #"{"name":"v3","served":true,"storage":true,"schema":\#(schema)},{"name":"v2","served":false,"storage":false,"schema":\#(schema)}"#
    try cluster.call(
      "PATCH", "\(definitions)/widgets.example.com", body: #"{"spec":{"versions":[\#(versions)]}}"#,
      contentType: "application/merge-patch+json")
    let moved = try tool.waitForLines(5, .seconds(90))
    #expect(moved.last?.hasPrefix(#"{"type":"MODIFIED","object":{"#) == true)
    #expect(moved.last?.contains(#""apiVersion":"example.com/v3""#) == true)
  }

  @Test func detectsADeadConnection() throws {
    guard let cluster = try ClusterTesting.start("a black hole") else { return }
    try cluster.create("a")
    let relay = try Relay(to: Int(cluster.port))
    let tool = try Tool.start(
      "kwatch", ["configmaps", "--status", "stderr", "--verbose"],
      environment: ["KUBECONFIG": try cluster.relayed(through: relay.port)])
    // The second watch, which would end only after minutes.
    try tool.wait(for: "the second watch", .seconds(30)) {
      let asked = $0.soFar.diagnostics.split(separator: "\n").filter { $0.contains("?watch=true") }
      return asked.count { $0.contains("&resourceVersion=") } == 2
    }
    try cluster.change("a", "1")
    try tool.waitForLines(2)
    // The connection stays open, but nothing arrives: no reset and no end.
    relay.mode = .holding
    try cluster.change("a", "2")
    try cluster.create("b")
    try tool.waitForDiagnostics(#""health":"degraded","reason":"disconnect""#, .seconds(90))
    #expect(tool.soFar.diagnostics.contains("no response came in 15 s"))
    relay.mode = .open
    try cluster.expectTruth(tool, within: .seconds(90))
    try eventually("health", within: .seconds(60)) {
      tool.soFar.diagnostics.split(separator: "\n").last { $0.contains(#""type":"STATUS""#) }?
        .contains(#""mode":"watch","health":"healthy""#) == true
    }
    relay.close()
  }

  @Test func continuesWithOneClusterWhenTheOtherDies() throws {
    guard let first = try ClusterTesting.start("two clusters") else { return }
    let second = try KubeCluster.start()
    try first.create("a")
    try second.create("z")
    let kubeconfig = try second.renamed("second")
    let both = try Tool.start(
      "kwatch", ["configmaps", "--context", "admin,second", "--status", "inline"],
      environment: ["KUBECONFIG": "\(first.kubeconfig()):\(kubeconfig)"])
    func told() -> [String: String] { FoldedStream(both.lines).objects }
    func truth() throws -> [String: String] {
      try first.truth(cluster: "admin").merging(try second.truth(cluster: "second")) { $1 }
    }
    try eventually("both clusters are told") { told() == (try truth()) }
    try second.killServer()
    for index in 0..<20 { try first.create("b-\(index)") }
    try eventually("the living cluster goes on") { told().count == 22 }
    try eventually("the dead one is said to be") {
      FoldedStream(both.lines).statuses.contains {
        ($0["scope"] as? [String: Any])?["cluster"] as? String == "second"
          && $0["reason"] as? String == "disconnect"
      }
    }
    try second.startServer()
    try second.delete("z")
    try second.create("y")
    try eventually("both are true again", within: .seconds(60)) { told() == (try truth()) }
    #expect(FoldedStream(both.lines).faults.isEmpty)
  }
}
