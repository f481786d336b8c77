// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport
import Testing

/// kwatch and kubectl as clients of wfanout's Kubernetes endpoint, which serves watches and lists but no discovery.
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

  @Test func kubectlListsAndWatchesWhatWfanoutServes() throws {
    // The folder in which scripts/install-kubectl.sh installs kubectl if the system has none.
    let path = #"PATH="$PATH:\#(Tool.cacheFolder)/kubectl/bin""#
    guard try Tool.shell("\(path) command -v kubectl").waitForEnd().status == 0 else {
      return notTested(
        "kubectl at wfanout's endpoint", because: "no kubectl here (scripts/install-kubectl.sh)")
    }
    let server = try Tool.start("wfanout", ["--listen", "127.0.0.1:0", "--snapshot"])
    let address = try listenAddress(of: server)
    server.write(Self.pod("cart-1", version: 1))
    // kubectl keeps a cache in the home folder.
    let home = try TemporaryDirectory()
    let kubectl =
      "\(path) HOME=\(home.url.path) exec kubectl --kubeconfig=/dev/null --server=\(address) get --raw"
    try eventually("the first pod is listed") {
      try Tool.shell("\(kubectl) /api/v1/pods").waitForEnd().output.contains(#""kind":"PodList""#)
    }
    let watch = try Tool.shell("\(kubectl) '/api/v1/pods?watch=1'")
    #expect(try watch.waitForLines(1) == [Self.pod("cart-1", version: 1).trimmingCharacters(in: .newlines)])
    server.write(Self.pod("cart-2", version: 2))
    #expect(try watch.waitForLines(2).last?.contains(#""name":"cart-2""#) == true)
    server.closeInput()
    #expect(try watch.waitForEnd().status == 0, "the end of the stream is clean")
  }

  private static func pod(_ name: String, version: Int) -> String {
    """
    {"type":"ADDED","object":{"kind":"Pod","apiVersion":"v1","metadata":{"name":"\(name)","namespace":"prod",\
    "uid":"u-\(name)","resourceVersion":"\(version)"},"status":{"phase":"Running"}}}

    """
  }
}
