// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport
import Testing

/// Compares `wfilter --track`, and wfanout's Kubernetes endpoint, with the API server's own watch with a
/// label selector.
@Suite(.timeLimit(.minutes(5))) struct TrackTests {
  private static let path = "/api/v1/namespaces/default/configmaps"

  /// The state of an object in an event.
  private struct Told: Hashable, CustomStringConvertible {
    var type: String
    var name: String
    var resourceVersion: String
    var description: String { "\(type) \(name) \(resourceVersion)" }

    init?(_ line: String) {
      guard let event = try? JSONDecoder().decode(Event.self, from: Data(line.utf8)) else { return nil }
      (type, name, resourceVersion) = (
        event.type, event.object.metadata.name, event.object.metadata.resourceVersion
      )
    }

    private struct Event: Decodable {
      struct Object: Decodable { var metadata: Metadata }
      struct Metadata: Decodable { var name, resourceVersion: String }
      var type: String
      var object: Object
    }
  }

  /// After 200 random changes of a few objects, all pipes must have printed the same events in the same
  /// order.
  @Test func printsWhatAWatchWithASelectorPrints() throws {
    guard KubeCluster.isAvailable(for: "wfilter --track beside a watch with a label selector") else { return }
    let cluster = try KubeCluster.start()
    let kubeconfig = ["KUBECONFIG": cluster.kubeconfig()]
    try put(cluster, "begin", team: "core")
    let selected = try Tool.shell("kwatch configmaps -n default -l team=core", environment: kubeconfig)
    let tracked = try Tool.shell(
      "kwatch configmaps -n default | wfilter --track -l team=core", environment: kubeconfig)
    let (keeper, kept) = try served("--snapshot", kubeconfig)
    // Without a snapshot a watch begins with the next event.
    let (forgetter, joined) = try served("", kubeconfig)
    let pipes = [selected, tracked, kept, joined]
    try eventually("all that begin with the objects have the first one") {
      pipes.dropLast().allSatisfy { $0.soFar.output.contains(#""name":"begin""#) }
    }
    // All of them must watch before the changes, because an object that is created and deleted during a list
    // causes no event.
    try put(cluster, "second", team: "core")
    try eventually("all watch") { pipes.allSatisfy { $0.soFar.output.contains(#""name":"second""#) } }

    var teams: [Int: String] = [:]
    var state: UInt64 = 20_261_121
    func random(_ below: UInt64) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int((state >> 33) % below)
    }
    for step in 0..<200 {
      let number = random(6)
      if teams[number] != nil, random(4) == 0 {
        try cluster.call("DELETE", "\(Self.path)/o\(number)")
        teams[number] = nil
      } else {
        let team = ["core", "growth"][random(2)]
        try put(cluster, "o\(number)", team: team, isNew: teams[number] == nil, data: "\(step)")
        teams[number] = team
      }
    }
    try put(cluster, "end", team: "core")
    try eventually("all have the last object") {
      pipes.allSatisfy { $0.soFar.output.contains(#""name":"end""#) }
    }
    let told = pipes.map { pipe in pipe.lines.compactMap(Told.init).filter { $0.name.hasPrefix("o") } }
    #expect(told[0].count > 50 && Set(told[0].map(\.type)) == ["ADDED", "MODIFIED", "DELETED"])
    for other in told[1...] { #expect(other == told[0]) }
    for pipe in pipes + [keeper, forgetter] { pipe.send(SIGTERM) }
  }

  /// The output of a client that watches wfanout's Kubernetes endpoint with the selector.
  private func served(
    _ flags: String, _ environment: [String: String]
  ) throws -> (server: RunningTool, client: RunningTool) {
    let server = try Tool.shell(
      "kwatch configmaps -n default | wfanout --listen 127.0.0.1:0 \(flags)", environment: environment)
    let url = "\(try listenAddress(of: server))\(Self.path)?watch=1&labelSelector=team%3Dcore"
    let client = try Tool.shell("exec curl -sN -D /dev/stderr '\(url)'")
    try client.waitForDiagnostics("\r\n\r\n")
    return (server, client)
  }

  private func put(
    _ cluster: KubeCluster, _ name: String, team: String, isNew: Bool = true, data: String = ""
  ) throws {
    let body = #"{"metadata":{"name":"\#(name)","labels":{"team":"\#(team)"}},"data":{"k":"\#(data)"}}"#
    if isNew {
      try cluster.call("POST", Self.path, body: body)
    } else {
      try cluster.call(
        "PATCH", "\(Self.path)/\(name)", body: body, contentType: "application/merge-patch+json")
    }
  }
}
