// SPDX-License-Identifier: Apache-2.0
import Foundation
import JSON
import TestSupport
import Testing

/// Certificates and tokens that change during a watch, on a real kube-apiserver.
@Suite(.timeLimit(.minutes(15))) struct RotationTests {
  /// A kubeconfig with copies of the cluster's files in one folder.
  private func kubeconfig(_ cluster: KubeCluster, user: String) throws -> String {
    let folder = cluster.directory.appending(path: "rotation")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    for name in ["ca.crt", "admin.crt", "admin.key"] {
      try replace(folder.appending(path: name), with: cluster.directory.appending(path: name))
    }
    let text = """
      current-context: rotation
      clusters: [{name: c, cluster: {server: "https://127.0.0.1:\(cluster.port)", certificate-authority: ca.crt}}]
      users: [{name: u, user: {\(user)}}]
      contexts: [{name: rotation, context: {cluster: c, user: u}}]
      """
    let file = folder.appending(path: "config")
    try Data(text.utf8).write(to: file)
    return file.path
  }

  /// Replaces a file atomically, as a mounted Secret is replaced.
  private func replace(_ file: URL, with source: URL) throws {
    try Data(contentsOf: source).write(to: file, options: .atomic)
  }

  private func openssl(_ script: String, in cluster: KubeCluster) throws {
    let outcome = try Tool.shell("set -e; \(script)", in: cluster.directory).waitForEnd()
    #expect(outcome.status == 0, "\(outcome)")
  }

  @Test func trustsANewAuthority() throws {
    guard let cluster = try ClusterTesting.start("a rotated certificate authority") else { return }
    let config = try kubeconfig(cluster, user: "token: admin-token")
    try cluster.create("before")
    let tool = try Tool.start("kwatch", ["configmaps"], environment: ["KUBECONFIG": config])
    try tool.waitForLines(1)
    // The server restarts with a certificate of another authority, which has been added to the client's
    // bundle.
    try openssl(
      """
      cp ca.crt old.crt
      openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 9 -subj /CN=new-ca \
        -keyout new.key -out new.crt 2>/dev/null
      openssl x509 -req -in server.csr -CA new.crt -CAkey new.key -CAcreateserial -days 9 -extfile server.ext \
        -out new-server.crt 2>/dev/null
      cat old.crt new.crt >rotation/bundle && mv rotation/bundle rotation/ca.crt
      cp new-server.crt server.crt
      # The script that starts the server, and the tests' own calls, trust this file.
      cat old.crt new.crt >ca.crt
      """, in: cluster)
    try cluster.killServer()
    try cluster.startServer()
    try cluster.create("after")
    try cluster.expectTruth(tool)
    // Then the old authority is removed.
    try openssl("cp new.crt rotation/bundle && mv rotation/bundle rotation/ca.crt", in: cluster)
    try cluster.killServer()
    try cluster.startServer()
    try cluster.create("later")
    try cluster.expectTruth(tool)
  }

  /// The volume in which kubelet gives a pod its token and the authority: files are links through `..data`, which kubelet
  /// replaces by a rename.
  @Test func followsAProjectedVolume() throws {
    guard let cluster = try ClusterTesting.start("a projected service account token") else { return }
    try openssl("mkdir -p rotation/..1 && cp ca.crt rotation/..1/ && ln -s ..1 rotation/..data", in: cluster)
    try openssl("for f in token ca.crt; do ln -s ..data/$f rotation/$f; done", in: cluster)
    let account = "/api/v1/namespaces/default/serviceaccounts"
    try cluster.call("POST", account, body: #"{"metadata":{"name":"watcher"}}"#)
    try cluster.call(
      "POST", "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings",
      body: """
        {"metadata":{"name":"watcher"},"roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"cluster-admin"},
        "subjects":[{"kind":"ServiceAccount","name":"watcher","namespace":"default"}]}
        """)
    // The end of a token is the end of the Secret that it is bound to.
    func token(_ secret: String) throws -> String {
      try cluster.call(
        "POST", "/api/v1/namespaces/default/secrets", body: #"{"metadata":{"name":"\#(secret)"}}"#)
      let response = try cluster.call(
        "POST", "\(account)/watcher/token",
        body: """
          {"apiVersion":"authentication.k8s.io/v1","kind":"TokenRequest",
          "spec":{"boundObjectRef":{"kind":"Secret","apiVersion":"v1","name":"\(secret)"}}}
          """)
      return try JSONValue(parsing: Array(response.utf8))["status"]?["token"]?.string ?? ""
    }
    let folder = cluster.directory.appending(path: "rotation")
    try Data(try token("first").utf8).write(to: folder.appending(path: "..1/token"))
    let config = folder.appending(path: "config")
    try Data(
      """
      current-context: pod
      clusters: [{name: c, cluster: {server: "https://127.0.0.1:\(cluster.port)", certificate-authority: ca.crt}}]
      users: [{name: u, user: {tokenFile: token}}]
      contexts: [{name: pod, context: {cluster: c, user: u}}]
      """.utf8
    ).write(to: config)
    let tool = try Tool.start(
      "kwatch", ["configmaps", "--watch-timeout", "2s", "--verbose"], environment: ["KUBECONFIG": config.path]
    )
    try cluster.create("before")
    try tool.waitForLines(1)
    // kubelet's order: a new folder, a link to it, a rename over the old link, and the removal of the old folder.
    try openssl(
      """
      openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 9 -subj /CN=new-ca \
        -keyout new.key -out new.crt 2>/dev/null
      openssl x509 -req -in server.csr -CA new.crt -CAkey new.key -CAcreateserial -days 9 -extfile server.ext \
        -out new-server.crt 2>/dev/null
      mkdir rotation/..2 && cat ca.crt new.crt >rotation/..2/ca.crt
      """, in: cluster)
    try Data(try token("second").utf8).write(to: folder.appending(path: "..2/token"))
    try openssl("cd rotation; ln -s ..2 ..data_tmp && mv -T ..data_tmp ..data && rm -r ..1", in: cluster)
    try cluster.call("DELETE", "/api/v1/namespaces/default/secrets/first")
    try openssl("cp new-server.crt server.crt && cp rotation/..2/ca.crt ca.crt", in: cluster)
    try cluster.killServer()
    try cluster.startServer()
    try cluster.create("after")
    try cluster.expectTruth(tool)
    #expect(!tool.soFar.diagnostics.contains("401"), "\(tool.soFar.diagnostics)")
  }

  @Test func showsANewClientCertificate() throws {
    guard let cluster = try ClusterTesting.start("a rotated client certificate") else { return }
    let config = try kubeconfig(
      cluster, user: "client-certificate: admin.crt, client-key: admin.key")
    let tool = try Tool.start(
      "kwatch", ["configmaps", "--watch-timeout", "2s", "--verbose"], environment: ["KUBECONFIG": config])
    try cluster.create("before")
    try tool.waitForLines(1)
    // The new certificate has no rights. A refusal proves that kwatch sends it, also instead of the one of
    // the open connection.
    try openssl(
      """
      openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=stranger \
        -keyout stranger.key -out stranger.csr 2>/dev/null
      openssl x509 -req -in stranger.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 9 -extfile admin.ext \
        -out stranger.crt 2>/dev/null
      cp stranger.key rotation/k && cp stranger.crt rotation/c && mv rotation/k rotation/admin.key && mv rotation/c rotation/admin.crt
      """, in: cluster)
    try tool.waitForDiagnostics("stranger", .seconds(60))
    try openssl(
      "cp admin.key rotation/k && cp admin.crt rotation/c && mv rotation/k rotation/admin.key && mv rotation/c rotation/admin.crt",
      in: cluster)
    try cluster.create("after")
    try cluster.expectTruth(tool)
  }

  @Test func sendsANewToken() throws {
    guard let cluster = try ClusterTesting.start("a rotated token") else { return }
    let config = try kubeconfig(cluster, user: "tokenFile: token")
    let token = cluster.directory.appending(path: "rotation/token")
    try Data("admin-token".utf8).write(to: token)
    let tool = try Tool.start(
      "kwatch", ["configmaps", "--watch-timeout", "2s"], environment: ["KUBECONFIG": config])
    try cluster.create("before")
    try tool.waitForLines(1)
    try Data("lister-token".utf8).write(to: token, options: .atomic)
    // This user may list but not watch.
    try tool.waitForDiagnostics("polling", .seconds(60))
    try Data("admin-token".utf8).write(to: token, options: .atomic)
    try cluster.create("after")
    try cluster.expectTruth(tool)
  }
}
