// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport
import Testing

/// A server whose certificate is not trusted, on a real kube-apiserver: one clear line with the remedy, and status 78.
@Suite(.timeLimit(.minutes(15))) struct UntrustedServerTests {
  private func kubeconfig(_ cluster: KubeCluster, _ name: String, _ settings: String) throws -> String {
    let file = cluster.directory.appending(path: "\(name).config")
    let text = """
      current-context: x
      clusters: [{name: c, cluster: {server: "https://127.0.0.1:\(cluster.port)"\(settings.isEmpty ? "" : ", ")\(settings)}}]
      users: [{name: u, user: {token: admin-token}}]
      contexts: [{name: x, context: {cluster: c, user: u}}]
      """
    try Data(text.utf8).write(to: file)
    return file.path
  }

  @Test func namesTheRemedyOnceAndEnds() throws {
    guard let cluster = try ClusterTesting.start("a server that is not trusted") else { return }
    try cluster.create("there")
    let outcome = try Tool.shell(
      """
      openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 9 -subj /CN=other-ca \
        -keyout other.key -out other.crt 2>/dev/null
      """, in: cluster.directory
    ).waitForEnd()
    try #require(outcome.status == 0)
    let cases = [
      ("other", "certificate-authority: other.crt", ["'CN=test-ca'", "other.crt", "certificate-authority"]),
      ("system", "", ["'CN=test-ca'", "this system", "insecure-skip-tls-verify"]),
      (
        "name", "certificate-authority: ca.crt, tls-server-name: kube.test", ["kube.test", "tls-server-name"]
      ),
    ]
    for (name, settings, words) in cases {
      let config = try kubeconfig(cluster, name, settings)
      for resource in ["configmaps", "/api/v1/configmaps", "configmaps,secrets,deployments"] {
        let outcome = try Tool.start("kwatch", [resource], environment: ["KUBECONFIG": config]).waitForEnd()
        #expect(outcome.status == 78, "\(name) \(resource) \(outcome)")
        #expect(outcome.diagnostics.split(separator: "\n").count == 1, "\(outcome)")
        for word in words + ["https://127.0.0.1:\(cluster.port)"] {
          #expect(outcome.diagnostics.contains(word), "\(word): \(outcome.diagnostics)")
        }
      }
    }
    // An https proxy is checked with the cluster's settings, as by kubectl. This one refuses to be a proxy.
    for (authority, status) in [("ca.crt", 69), ("other.crt", 78)] {
      let settings =
        "certificate-authority: \(authority), proxy-url: \"https://127.0.0.1:\(cluster.port)\""
      let config = try kubeconfig(cluster, "proxy", settings)
      let outcome = try Tool.start(
        "kwatch", ["configmaps", "--max-retries", "0"], environment: ["KUBECONFIG": config]
      ).waitForEnd()
      #expect(outcome.status == status && outcome.diagnostics.contains("the proxy"), "\(outcome)")
    }
    let unchecked = try kubeconfig(cluster, "insecure", "insecure-skip-tls-verify: true")
    let taken = try Tool.start(
      "kwatch", ["cm/there", "--list-only", "-o", "name"], environment: ["KUBECONFIG": unchecked]
    ).waitForEnd()
    #expect(taken.status == 0, "\(taken)")
  }
}
