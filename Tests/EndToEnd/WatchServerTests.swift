// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport
import Testing

/// kwatch as a client of wfanout's Kubernetes endpoint, which serves watches and lists but no discovery.
@Suite(.timeLimit(.minutes(2))) struct WatchServerTests {
  @Test func kwatchListsAndWatchesWhatWfanoutServes() throws {
    let server = try Tool.start("wfanout", ["--listen", "127.0.0.1:0", "--snapshot"])
    let address = try listenAddress(of: server)
    server.write(Self.pod("cart-1", version: 1))
    let folder = try TemporaryDirectory()
    let kubeconfig = try folder.write(
      """
      apiVersion: v1
      kind: Config
      current-context: c
      contexts: [{name: c, context: {cluster: c, user: u}}]
      clusters: [{name: c, cluster: {server: "\(address)"}}]
      users: [{name: u, user: {}}]

      """, to: "kubeconfig")
    try eventually("the first pod is in the snapshot") {
      try Tool.shell("curl -s \(address)/api/v1/pods").waitForEnd().output.contains("cart-1")
    }
    let client = try Tool.start("kwatch", ["api/v1/pods", "-A"], environment: ["KUBECONFIG": kubeconfig])
    #expect(try client.waitForLines(1) == [Self.pod("cart-1", version: 1).trimmingCharacters(in: .newlines)])
    server.write(Self.pod("cart-2", version: 2))
    #expect(try client.waitForLines(2).last?.contains(#""name":"cart-2""#) == true)
    client.send(SIGTERM)
    #expect(try client.waitForEnd().status == 128 + SIGTERM)
  }

  private static func pod(_ name: String, version: Int) -> String {
    """
    {"type":"ADDED","object":{"kind":"Pod","apiVersion":"v1","metadata":{"name":"\(name)","namespace":"prod",\
    "uid":"u-\(name)","resourceVersion":"\(version)"},"status":{"phase":"Running"}}}

    """
  }
}
