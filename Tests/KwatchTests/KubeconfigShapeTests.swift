// SPDX-License-Identifier: Apache-2.0
import Encoding
import Foundation
import Glibc
import TestSupport
import Testing

/// Complete kubeconfigs as the tools of well-known platforms write them, each used with a real
/// kube-apiserver.
@Suite(.timeLimit(.minutes(15))) struct KubeconfigShapeTests {
  /// `SERVER`, `CA`, `CERT` and `KEY` (base64), `PLUGIN` and `FOLDER` are replaced by their values.
  static let shapes: [(name: String, text: String)] = [
    (
      "EKS",
      """
      apiVersion: v1
      clusters:
      - cluster:
          certificate-authority-data: CA
          server: SERVER
        name: arn:aws:eks:eu-central-1:123456789012:cluster/shop
      contexts:
      - context:
          cluster: arn:aws:eks:eu-central-1:123456789012:cluster/shop
          user: arn:aws:eks:eu-central-1:123456789012:cluster/shop
        name: arn:aws:eks:eu-central-1:123456789012:cluster/shop
      current-context: arn:aws:eks:eu-central-1:123456789012:cluster/shop
      kind: Config
      preferences: {}
      users:
      - name: arn:aws:eks:eu-central-1:123456789012:cluster/shop
        user:
          exec:
            apiVersion: client.authentication.k8s.io/v1beta1
            args:
            - --region
            - eu-central-1
            - eks
            - get-token
            - --cluster-name
            - shop
            - --output
            - json
            command: PLUGIN
            env:
            - name: AWS_PROFILE
              value: shop
            provideClusterInfo: false
      """
    ),
    (
      "GKE",
      """
      apiVersion: v1
      clusters:
      - cluster:
          certificate-authority-data: CA
          server: SERVER
        name: gke_shop-123_europe-west1_shop
      contexts:
      - context:
          cluster: gke_shop-123_europe-west1_shop
          user: gke_shop-123_europe-west1_shop
        name: gke_shop-123_europe-west1_shop
      current-context: gke_shop-123_europe-west1_shop
      kind: Config
      preferences: {}
      users:
      - name: gke_shop-123_europe-west1_shop
        user:
          exec:
            apiVersion: client.authentication.k8s.io/v1beta1
            command: PLUGIN
            installHint: Install gke-gcloud-auth-plugin for use with kubectl by following
              https://cloud.google.com/kubernetes-engine/docs/how-to/cluster-access-for-kubectl#install_plugin
            provideClusterInfo: true
      """
    ),
    (
      "AKS",
      """
      apiVersion: v1
      clusters:
      - cluster:
          certificate-authority-data: CA
          server: SERVER
        name: shop
      contexts:
      - context:
          cluster: shop
          user: clusterUser_shop-group_shop
        name: shop
      current-context: shop
      kind: Config
      preferences: {}
      users:
      - name: clusterUser_shop-group_shop
        user:
          client-certificate-data: CERT
          client-key-data: KEY
          token: 0123456789abcdef
      """
    ),
    (
      "k3s",
      """
      apiVersion: v1
      clusters:
      - cluster:
          certificate-authority-data: CA
          server: SERVER
        name: default
      contexts:
      - context:
          cluster: default
          user: default
        name: default
      current-context: default
      kind: Config
      preferences: {}
      users:
      - name: default
        user:
          client-certificate-data: CERT
          client-key-data: KEY
      """
    ),
    (
      "kind",
      """
      apiVersion: v1
      clusters:
      - cluster:
          certificate-authority-data: CA
          server: SERVER
        name: kind-shop
      contexts:
      - context: {cluster: kind-shop, user: kind-shop}
        name: kind-shop
      current-context: kind-shop
      kind: Config
      users:
      - name: kind-shop
        user:
          client-certificate-data: CERT
          client-key-data: KEY
      """
    ),
    (
      "minikube",
      """
      apiVersion: v1
      clusters:
      - cluster:
          certificate-authority: FOLDER/ca.crt
          extensions:
          - extension:
              last-update: Mon, 02 Nov 2026 10:00:00 CET
              provider: minikube.sigs.k8s.io
              version: v1.36.0
            name: cluster_info
          server: SERVER
        name: minikube
      contexts:
      - context:
          cluster: minikube
          extensions:
          - extension: {provider: minikube.sigs.k8s.io, version: v1.36.0}
            name: context_info
          namespace: default
          user: minikube
        name: minikube
      current-context: minikube
      kind: Config
      preferences: {}
      users:
      - name: minikube
        user:
          client-certificate: FOLDER/client.crt
          client-key: FOLDER/client.key
      """
    ),
    (
      "Rancher",
      """
      apiVersion: v1
      kind: Config
      clusters:
      - name: "shop"
        cluster:
          server: "SERVER"
          certificate-authority-data: "CA"

      users:
      - name: "shop"
        user:
          token: "admin-token"

      contexts:
      - name: "shop"
        context:
          user: "shop"
          cluster: "shop"

      current-context: "shop"
      """
    ),
    (
      "Teleport",
      """
      apiVersion: v1
      clusters:
      - cluster:
          certificate-authority-data: CA
          server: SERVER
          tls-server-name: kubernetes.test
        name: teleport.example.com
      contexts:
      - context:
          cluster: teleport.example.com
          extensions:
          - extension: shop
            name: teleport.kube.name
          user: teleport.example.com-shop
        name: teleport.example.com-shop
      current-context: teleport.example.com-shop
      kind: Config
      users:
      - name: teleport.example.com-shop
        user:
          exec:
            apiVersion: client.authentication.k8s.io/v1beta1
            args: [kube, credentials, --kube-cluster=shop, --teleport-cluster=teleport.example.com]
            command: PLUGIN-CERTIFICATE
            env: null
            provideClusterInfo: false
      """
    ),
  ]

  @Test func workWithARealServer() throws {
    guard let cluster = try ClusterTesting.start("kubeconfigs of eight platforms") else { return }
    try cluster.create("a")
    let directory = try TemporaryDirectory()
    func file(_ name: String) throws -> Data { try Data(contentsOf: cluster.directory.appending(path: name)) }
    func text(_ name: String) throws -> String {
      String(decoding: try file(name), as: UTF8.self).replacing("\n", with: "\\n")
    }
    for (name, source) in [("ca.crt", "ca.crt"), ("client.crt", "admin.crt"), ("client.key", "admin.key")] {
      try file(source).write(to: directory.url.appending(path: name))
    }
    let version = "client.authentication.k8s.io/v1beta1"
    func plugin(_ name: String, _ status: String) throws {
      let answer = #"{"kind":"ExecCredential","apiVersion":"\#(version)","status":{\#(status)}}"#
      try directory.write("#!/bin/sh\ncat <<'END'\n\(answer)\nEND\n", to: name)
      unsafe chmod(directory.path(name), 0o755)
    }
    try plugin("plugin", #""token":"admin-token","expirationTimestamp":"2100-01-01T00:00:00Z""#)
    try plugin(
      "certificate-plugin",
      #""clientCertificateData":"\#(try text("admin.crt"))","clientKeyData":"\#(try text("admin.key"))""#)
    for shape in Self.shapes {
      let config = shape.text
        .replacing("SERVER", with: "https://127.0.0.1:\(cluster.port)")
        .replacing("-data: CA", with: "-data: \(Base64.encode(Array(try file("ca.crt"))))")
        .replacing("\"CA\"", with: "\"\(Base64.encode(Array(try file("ca.crt"))))\"")
        .replacing("-data: CERT", with: "-data: \(Base64.encode(Array(try file("admin.crt"))))")
        .replacing("-data: KEY", with: "-data: \(Base64.encode(Array(try file("admin.key"))))")
        .replacing("PLUGIN-CERTIFICATE", with: directory.path("certificate-plugin"))
        .replacing("PLUGIN", with: directory.path("plugin"))
        .replacing("FOLDER", with: directory.url.path)
      let path = try directory.write(config, to: "config-\(shape.name)")
      let outcome = try Tool.run(
        "kwatch", ["configmaps", "-n", "default", "--list-only", "-o", "name"],
        environment: ["KUBECONFIG": path])
      #expect(outcome.status == 0, "\(shape.name): \(outcome)")
      #expect(outcome.lines.contains("configmap/a"), "\(shape.name): \(outcome)")
    }
  }

  /// Forms that people write themselves. `SERVER` and `CA` (base64) are replaced by their values, and paths are relative to
  /// the file that has them.
  private static let ownFiles: [String: String] = {
    let here = "{name: k, cluster: {server: SERVER, certificate-authority: ca.crt}}"
    let dead = "{name: k, cluster: {server: 'https://127.0.0.1:1'}}"
    let context = "contexts: [{name: c, context: {cluster: k, user: u}}]\ncurrent-context: c\n"
    func config(_ cluster: String, _ user: String) -> String {
      "clusters: [\(cluster)]\nusers: [{name: u, user: {\(user)}}]\n" + context
    }
    return [
      "first": config(here, "token: admin-token"), "second": config(dead, "token: none"),
      "parts": "clusters: [\(here)]\n",
      "sub/parts": "users: [{name: u, user: {tokenFile: token}}]\n" + context,
      "sub/config": config(
        "{name: k, cluster: {server: SERVER, certificate-authority: ../ca.crt}}",
        "client-certificate: ../client.crt, client-key: ./client.key"),
      "both": config(here, "token: nobody-token, client-certificate: client.crt, client-key: sub/client.key"),
      "named": config(
        "{name: k, cluster: {server: SERVER, certificate-authority-data: CA, tls-server-name: kubernetes.test}}",
        "token: admin-token"),
      "misnamed": config(
        "{name: k, cluster: {server: SERVER, certificate-authority-data: CA, tls-server-name: other.test}}",
        "token: admin-token"),
      "plugin": config(
        here,
        "exec: {apiVersion: client.authentication.k8s.io/v1, command: ./check, interactiveMode: Never, provideClusterInfo: true}"
      ),
      "asking": config(
        here, "exec: {apiVersion: client.authentication.k8s.io/v1, command: ./check, interactiveMode: Always}"
      ),
    ]
  }()

  private static let ownForms: [(name: String, files: [String], status: Int32)] = [
    ("several files, the first wins", ["first", "missing", "second"], 0),
    ("several files, the other way round", ["second", "first"], 69),
    ("parts in two folders", ["parts", "sub/parts"], 0),
    ("relative paths", ["sub/config"], 0),
    ("a token beside a certificate", ["both"], 0),
    ("tls-server-name", ["named"], 0),
    ("another tls-server-name", ["misnamed"], 78),
    ("a plugin with its information", ["plugin"], 0),
    ("a plugin that needs a terminal", ["asking"], 78),
  ]

  @Test func ownFormsWorkWithARealServer() throws {
    guard let cluster = try ClusterTesting.start("kubeconfigs of several files and odd forms") else { return }
    try cluster.create("a")
    let directory = try TemporaryDirectory()
    try FileManager.default.createDirectory(
      at: directory.url.appending(path: "sub"), withIntermediateDirectories: true)
    func data(_ name: String) throws -> [UInt8] {
      Array(try Data(contentsOf: cluster.directory.appending(path: name)))
    }
    for (name, source) in [
      ("ca.crt", "ca.crt"), ("client.crt", "admin.crt"), ("sub/client.key", "admin.key"),
    ] {
      try directory.write(String(decoding: try data(source), as: UTF8.self), to: name)
    }
    try directory.write("admin-token\n", to: "sub/token")
    let check = try directory.write(
      """
      #!/bin/sh
      case $KUBERNETES_EXEC_INFO in *'"certificate-authority-data"'*) ;; *) exit 3 ;; esac
      case $KUBERNETES_EXEC_INFO in *'"interactive":false'*) ;; *) exit 4 ;; esac
      echo '{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1","status":{"token":"admin-token"}}'

      """, to: "check")
    unsafe chmod(check, 0o755)
    for (name, text) in Self.ownFiles {
      try directory.write(
        text.replacing("SERVER", with: "https://127.0.0.1:\(cluster.port)")
          .replacing("-data: CA", with: "-data: \(Base64.encode(try data("ca.crt")))"), to: name)
    }
    for form in Self.ownForms {
      let outcome = try Tool.run(
        "kwatch", ["configmaps", "-n", "default", "--list-only", "-o", "name", "--max-retries", "0"],
        environment: ["KUBECONFIG": form.files.map(directory.path).joined(separator: ":")])
      #expect(outcome.status == form.status, "\(form.name): \(outcome)")
      #expect(outcome.lines == (form.status == 0 ? ["configmap/a"] : []), "\(form.name)")
    }
  }
}
