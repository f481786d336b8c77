// SPDX-License-Identifier: Apache-2.0
import Glibc
import TestSupport
import Testing

/// `kwatch | wfilter | wfanout` on a real API server.
@Suite(.timeLimit(.minutes(5)), .serialized) struct KubernetesPipeTests {
  @Test func carriesAChangeFromTheAPIServerToTheListener() throws {
    guard KubeCluster.isAvailable(for: "kwatch | wfilter | wfanout") else { return }
    let cluster = try KubeCluster.start()
    let kubeconfig = ["KUBECONFIG": cluster.kubeconfig()]
    let pipe = try Tool.shell(
      #"kwatch configmaps -n default | wfilter 'data.team == "core"' | wfanout --listen 127.0.0.1:0"#,
      environment: kubeconfig)
    let address = try listenAddress(of: pipe)
    let curl = try Tool.shell("curl -sN \(address)/events")
    try eventually("the listener is connected") { curl.soFar.output.isEmpty == false }
    for (name, team) in [("a", "core"), ("b", "growth")] {
      _ = try cluster.kubectl(["create", "configmap", name, "-n", "default", "--from-literal=team=\(team)"])
    }
    try eventually("the configmap at the listener") { curl.soFar.output.contains(#""name":"a""#) }
    #expect(!curl.soFar.output.contains(#""name":"b""#))
    // From the request that creates an object to the listener. With polling every 5 s half of them would take
    // more than 2.5 s.
    var times: [Duration] = []
    for number in 0..<9 {
      let start = ContinuousClock.now
      try cluster.call(
        "POST", "/api/v1/namespaces/default/configmaps",
        body: #"{"metadata":{"name":"at-once-\#(number)"},"data":{"team":"core"}}"#)
      try curl.wait(for: "the change", .seconds(20)) { $0.soFar.output.contains("at-once-\(number)\"") }
      times.append(.now - start)
    }
    times.sort()
    #expect(times[4] < .seconds(1), "\(times)")
    pipe.send(SIGTERM)
    curl.send(SIGTERM)
  }

  @Test func endsWithItsReader() throws {
    guard KubeCluster.isAvailable(for: "kwatch | head -1") else { return }
    let cluster = try KubeCluster.start()
    _ = try cluster.kubectl(["create", "configmap", "only", "-n", "default", "--from-literal=a=b"])
    let pipe = try Tool.shell(
      #"{ kwatch configmaps -n default; echo "status $?" >&2; } | { head -1; date +%s.%N >&2; }"#,
      environment: ["KUBECONFIG": cluster.kubeconfig()])
    try pipe.waitForDiagnostics("status ")
    let outcome = try pipe.waitForEnd()
    #expect(outcome.diagnostics.contains("status \(128 + SIGPIPE)"))
    #expect(outcome.lines.count == 1)
  }
}
