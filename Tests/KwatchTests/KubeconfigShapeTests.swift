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
}
