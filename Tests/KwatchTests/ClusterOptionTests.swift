// SPDX-License-Identifier: Apache-2.0
import Foundation
import Glibc
import TestSupport
import Testing

/// Flags for the duration, the state and the output of a run, on a real kube-apiserver.
@Suite(.timeLimit(.minutes(15)), .serialized) struct ClusterOptionTests {
  @Test func printsNewChangesInEachRun() throws {
    guard let cluster = try ClusterTesting.start("--state") else { return }
    let state = cluster.directory.appending(path: "state").path
    try cluster.create("a")
    try cluster.create("b")
    func run() throws -> [String] {
      let outcome = try cluster.kwatch(["cm", "--until-now", "--state", state]).waitForEnd()
      #expect(outcome.status == 0, "\(outcome.diagnostics)")
      return outcome.lines.map { String($0.dropFirst(9).prefix { $0 != "\"" }) }
    }
    #expect(try run() == ["ADDED", "ADDED"])
    #expect(try run() == [])
    try cluster.change("a", "1")
    try cluster.delete("b")
    try cluster.create("c")
    #expect(try run().sorted() == ["ADDED", "DELETED", "MODIFIED"])

    // The next run continues from the stored state, although both sides have restarted.
    let first = try cluster.kwatch(["cm", "--state", state])
    try cluster.create("d")
    try first.waitForLines(1)
    first.send(SIGTERM)
    _ = try first.waitForEnd()
    try cluster.delete("c")
    try cluster.stopServer()
    try cluster.startServer()
    try cluster.create("e")
    let second = try cluster.kwatch(["cm", "--state", state])
    let lines = try second.waitForLines(2)
    #expect(Set(lines.map { String($0.dropFirst(9).prefix { $0 != "\"" }) }) == ["DELETED", "ADDED"])
    second.send(SIGTERM)
    _ = try second.waitForEnd()
    #expect(try cluster.kwatch(["cm", "--until-now", "--state", state]).waitForEnd().output.isEmpty)

    try Data("nonsense".utf8).write(to: URL(filePath: state))
    #expect(try cluster.kwatch(["cm", "--state", state]).waitForEnd().status == 78)
  }

  @Test func printsAsAskedTo() throws {
    guard let cluster = try ClusterTesting.start("forms of output") else { return }
    try cluster.create("a")
    let names = try cluster.kwatch(["ns", "--list-only", "-o", "name"]).waitForEnd().lines
    #expect(names.contains("namespace/default"))
    let table = try cluster.kwatch(["cm,ns", "-A", "--list-only", "-o", "table"]).waitForEnd()
    #expect(table.output.contains("EVENT"))
    #expect(table.lines.contains { $0.hasPrefix("ADDED") && $0.contains("default") && $0.contains("Active") })
    let several = try cluster.kwatch(["deployments", "cm,po", "-A", "--list-only"]).waitForEnd()
    #expect(several.status == 0)
    #expect(
      several.lines.allSatisfy { $0.contains(#""source":{"cluster":"admin","resource":"configmaps"}"#) })
    let resources = try cluster.kwatch(["--list-resources"]).waitForEnd()
    #expect(
      resources.lines.contains { $0.contains(#""resource":"deployments","group":"apps","version":"v1""#) })
    #expect(
      resources.lines.contains {
        $0.contains(#""resource":"componentstatuses""#) && $0.hasSuffix(#""mode":"polling"}"#)
      })
    #expect(try cluster.kwatch(["events", "-A", "--list-only"]).waitForEnd().status == 0)
    let one = try cluster.kwatch(["cm/a", "--list-only", "-o", "name"]).waitForEnd()
    #expect(one.output == "configmap/a\n")
    let certificate = try cluster.kwatch(["cm/a", "--list-only", "-o", "name"], as: .certificate).waitForEnd()
    #expect(certificate.output == "configmap/a\n")
  }

  /// A metrics server that has ended, for example: its APIService exists, and the server behind it does not.
  @Test func anAggregatedAPIThatIsDownConcernsOnlyItsOwnNames() throws {
    guard let cluster = try ClusterTesting.start("an aggregated API that is down") else { return }
    try cluster.create("a")
    try cluster.call(
      "POST", "/apis/apiregistration.k8s.io/v1/apiservices",
      body: """
        {"metadata":{"name":"v1.down.example.test"},"spec":{"group":"down.example.test","version":"v1",
        "service":{"name":"none","namespace":"default"},"groupPriorityMinimum":100,"versionPriority":100,
        "insecureSkipTLSVerify":true}}
        """)
    try eventually("the API is down") {
      do {
        try cluster.call("GET", "/apis/down.example.test/v1")
        return false
      } catch { return "\(error)".contains("503") }
    }
    func run(_ arguments: String...) throws -> Tool.Outcome {
      try cluster.kwatch(arguments + ["--list-only", "--max-retries", "1"]).waitForEnd(.seconds(60))
    }
    let others = try run("cm,deploy")
    #expect(others.status == 0 && others.lines.count == 1 && others.diagnostics.isEmpty, "\(others)")
    let down = try run("cm,things.down.example.test")
    #expect(down.status == 69 && down.lines.count == 1, "\(down)")
    #expect(down.diagnostics.contains("/apis/down.example.test/v1"), "\(down)")
    let unknown = try run("cmm")
    #expect(unknown.status == 69 && unknown.diagnostics.contains("no available API has 'cmm'"), "\(unknown)")
    let category = try run("all")
    #expect(category.status == 66 && category.diagnostics.contains("category"), "\(category)")
    let all = try cluster.kwatch(["--list-resources"]).waitForEnd()
    #expect(all.status == 69 && all.lines.count > 30, "\(all.diagnostics)")
    #expect(all.diagnostics.contains("down.example.test"), "\(all.diagnostics)")
  }

  @Test func endsAsAskedTo() throws {
    guard let cluster = try ClusterTesting.start("limits and errors of a run") else { return }
    try cluster.create("a")
    #expect(try cluster.kwatch(["nonsense"]).waitForEnd().status == 66)
    #expect(try cluster.kwatch(["cm", "--field-selector", "data.k=1"]).waitForEnd().status == 64)
    #expect(try cluster.kwatch(["cm", "--context", "none"]).waitForEnd().status == 78)
    #expect(try cluster.kwatch(["cm", "--timeout", "1s"]).waitForEnd().status == 124)
    let full = try Tool.shell("kwatch cm >/dev/full", environment: ["KUBECONFIG": cluster.kubeconfig()])
      .waitForEnd()
    #expect(full.status == 74)
    let follower = try cluster.kwatch(["cm"])
    try follower.waitForLines(1)
    let before = follower.lines.count
    follower.send(SIGHUP)
    try cluster.create("after-hangup")
    try cluster.expectTruth(follower)
    #expect(follower.lines.count == before + 1)
    try cluster.stopServer()
    let refused = try cluster.kwatch(["cm", "--max-retries", "1"]).waitForEnd()
    #expect(refused.status == 69, "\(refused)")
  }

  @Test func losesNothingIfTheReaderStalls() throws {
    guard ClusterTesting.isSoaking else {
      notTested("a reader stalled for 30 s", because: "WATCHUTILS_SOAK is not 1")
      return
    }
    guard let cluster = try ClusterTesting.start("a stalled reader") else { return }
    let names = (0..<50).map { "cm-\($0)" }
    for name in names { try cluster.create(name) }
    let output = cluster.directory.appending(path: "out").path
    let pipe = try Tool.shell(
      "kwatch cm --status stderr --timeout 240s | { head -n 50; sleep 30; cat; } >'\(output)'",
      environment: ["KUBECONFIG": cluster.kubeconfig()])
    try cluster.churn(names, count: 12_000, rate: 400)
    var told = FoldedStream([])
    try eventually("the stream folds to the truth", within: .seconds(90)) {
      let text = try String(contentsOf: URL(filePath: output), encoding: .utf8)
      told = FoldedStream(
        text.split(separator: "\n", omittingEmptySubsequences: false).dropLast().map(String.init))
      return told.objects == (try cluster.truth())
    }
    #expect(told.faults.isEmpty)
    FileHandle.standardError.write(Data("stalled reader: \(told.counts)\n".utf8))
    #expect(pipe.isRunning)
    pipe.send(SIGTERM)
  }

  /// Runs on any cluster that `KWATCH_TEST_KUBECONFIG` names. It creates configmaps, and deletes them again.
  @Test func followsAnyCluster() throws {
    guard let kubeconfig = ProcessInfo.processInfo.environment["KWATCH_TEST_KUBECONFIG"] else {
      notTested("a cluster of your own", because: "KWATCH_TEST_KUBECONFIG is not set")
      return
    }
    let name = "kwatch-test-\(UUID().uuidString.lowercased())"
    let tool = try Tool.start("kwatch", ["cm/\(name)"], environment: ["KUBECONFIG": kubeconfig])
    let script = """
      kubectl create --validate=false cm \(name) --from-literal=k=1 && kubectl patch cm \(name) -p '{"data":{"k":"2"}}' && kubectl delete cm \(name)
      """
    let changes = try Tool.shell(script, environment: ["KUBECONFIG": kubeconfig]).waitForEnd()
    #expect(changes.status == 0, "\(changes)")
    let lines = try tool.waitForLines(1)
    try eventually("the deletion") { tool.lines.last?.hasPrefix(#"{"type":"DELETED""#) == true }
    #expect(FoldedStream(lines).faults.isEmpty)
    #expect(FoldedStream(tool.lines).objects.isEmpty)
  }
}
