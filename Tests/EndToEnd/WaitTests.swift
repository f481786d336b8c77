// SPDX-License-Identifier: Apache-2.0
import TestSupport
import Testing

/// `kwatch … | wfilter -e -m1 --timeout … --fail-if …` as a `kubectl wait` for a custom resource, on a real API server.
@Suite(.timeLimit(.minutes(5)), .serialized) struct WaitTests {
  private static let definition = """
    {"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition","metadata":{"name":"dnszones.dns.example.com"},
    "spec":{"group":"dns.example.com","scope":"Namespaced","names":{"plural":"dnszones","singular":"dnszone","kind":"DNSZone"},
    "versions":[{"name":"v1alpha1","served":true,"storage":true,"schema":{"openAPIV3Schema":{"type":"object",
    "x-kubernetes-preserve-unknown-fields":true}}}]}}
    """

  private static func zone(_ name: String, ready: String) -> String {
    """
    {"apiVersion":"dns.example.com/v1alpha1","kind":"DNSZone","metadata":{"name":"\(name)","namespace":"default"},
    "status":{"conditions":[{"type":"Accepted","status":"True"},{"type":"Ready","status":"\(ready)"}]}}
    """
  }

  /// Starts the pipe. `status N` on its stderr is the status of wfilter, and `line 1:` appears after wfilter
  /// has read the object.
  private static func wait(for name: String, timeout: String, _ cluster: KubeCluster) throws -> RunningTool {
    try Tool.shell(
      """
      kwatch dnszones.dns.example.com/\(name) -n default | wfilter --explain -e -m1 --timeout \(timeout) \
      --fail-if 'type == "DELETED"' \
      'status.conditions.exists(c, c.type == "Ready" && c.status == "True")'; echo "status ${PIPESTATUS[1]}" >&2
      """, environment: ["KUBECONFIG": cluster.kubeconfig()])
  }

  @Test func endsInEachOfFourWays() throws {
    guard KubeCluster.isAvailable(for: "kwatch | wfilter as kubectl wait") else { return }
    let cluster = try KubeCluster.start()
    try cluster.kubectl(["apply", "-f", "-"], stdin: Self.definition)
    try eventually("the custom resource is served") {
      (try? cluster.kubectl(["apply", "-f", "-"], stdin: Self.zone("a", ready: "False"))) != nil
    }
    try cluster.kubectl(["apply", "-f", "-"], stdin: Self.zone("b", ready: "False"))

    // The condition becomes true.
    let ready = try Self.wait(for: "a", timeout: "60s", cluster)
    try ready.waitForDiagnostics("line 1:")
    try cluster.kubectl(["apply", "-f", "-"], stdin: Self.zone("a", ready: "True"))
    try ready.waitForDiagnostics("status 0")
    #expect(ready.soFar.lines.count == 1)
    #expect(ready.soFar.output.contains(#""name":"a""#))

    // The object is deleted first.
    let deleted = try Self.wait(for: "b", timeout: "60s", cluster)
    try deleted.waitForDiagnostics("line 1:")
    try cluster.kubectl(["delete", "dnszone", "b", "-n", "default"])
    try deleted.waitForDiagnostics("status 1")
    #expect(deleted.soFar.output.isEmpty)

    // Nothing happens in time.
    let late = try Self.wait(for: "missing", timeout: "1s", cluster)
    try late.waitForDiagnostics("status 124")

    // The source ends before the condition is true.
    try cluster.kubectl(["apply", "-f", "-"], stdin: Self.zone("c", ready: "False"))
    let ended = try Tool.shell(
      """
      kwatch dnszones.dns.example.com -n default --list-only | wfilter -e -m1 --timeout 60s \
      'metadata.name == "c" && status.conditions.exists(c, c.type == "Ready" && c.status == "True")'; \
      echo "status ${PIPESTATUS[1]}" >&2
      """, environment: ["KUBECONFIG": cluster.kubeconfig()])
    try ended.waitForDiagnostics("status 1")
  }
}
