// SPDX-License-Identifier: Apache-2.0
import Foundation
import Glibc
import TestSupport
import Testing

/// A real server behind a proxy that serves it below a path, as Rancher does.
@Suite(.timeLimit(.minutes(5))) struct PathPrefixTests {
  private static let prefix = "/k8s/clusters/c-m-abc12345"

  /// Removes the path from each request, and passes the response on unchanged.
  private static func proxy(to cluster: KubeCluster) throws -> FakeAPIServer {
    let port = cluster.port
    return try FakeAPIServer { request, reply in
      guard request.path.hasPrefix(prefix + "/") else {
        return reply.whole("404 page not found\n", status: 404, [:])
      }
      let tls = Process()
      tls.executableURL = URL(filePath: "/usr/bin/env")
      tls.arguments = ["openssl", "s_client", "-quiet", "-connect", "127.0.0.1:\(port)"]
      let (input, output) = (Pipe(), Pipe())
      (tls.standardInput, tls.standardOutput, tls.standardError) = (input, output, FileHandle.nullDevice)
      guard (try? tls.run()) != nil else { return reply.whole("", status: 502) }
      let fields = ["authorization", "accept"].map { "\($0): \(request.headers[$0] ?? "")\r\n" }.joined()
      let text =
        "GET \(request.path.dropFirst(prefix.count)) HTTP/1.1\r\nHost: localhost\r\n\(fields)Connection: close\r\n\r\n"
      try? input.fileHandleForWriting.write(contentsOf: Data(text.utf8))
      while case let bytes = output.fileHandleForReading.availableData, !bytes.isEmpty,
        reply.raw(Array(bytes))
      {}
      tls.terminate()
      tls.waitUntilExit()
    }
  }

  @Test func followsAServerWhoseAddressHasAPath() throws {
    guard let cluster = try ClusterTesting.start("a server below a path") else { return }
    let directory = try TemporaryDirectory()
    let proxy = try Self.proxy(to: cluster)
    defer { proxy.close() }
    let config = """
      apiVersion: v1
      kind: Config
      clusters:
      - name: "shop"
        cluster:
          server: "http://127.0.0.1:\(proxy.port)\(Self.prefix)/"
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
    let environment = ["KUBECONFIG": try directory.write(config, to: "config")]
    try cluster.create("a")
    try cluster.create("b")
    let tool = try Tool.start("kwatch", ["cm"], environment: environment)
    _ = try tool.waitForLines(2)
    try cluster.change("a", "1")
    try cluster.delete("b")
    try cluster.expectTruth(tool)
    tool.send(SIGTERM)
    _ = try tool.waitForEnd()
    let table = try Tool.run("kwatch", ["cm/a", "-o", "table", "--list-only"], environment: environment)
    #expect(table.lines.count == 2, "\(table)")
    let schema = try Tool.run("kwatch", ["deploy", "--schema"], environment: environment)
    #expect(schema.output.contains("io.k8s.api.apps.v1.Deployment"), "\(schema.diagnostics)")
    let usage = try Tool.run(
      "kwatch", ["pods", "--usage", "1s", "--timeout", "3s"], environment: environment)
    #expect(usage.status == 124 && usage.diagnostics.contains("pods.metrics.k8s.io"), "\(usage)")
    #expect(proxy.paths.allSatisfy { $0.hasPrefix(Self.prefix + "/") })
    #expect(proxy.paths.contains { $0.hasPrefix(Self.prefix + "/apis/metrics.k8s.io/") })
  }
}
