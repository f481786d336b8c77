// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport
import Testing

/// The five source systems as the pipelines of examples/, on real servers. (Redis: RedisPipeTests.)
@Suite(.timeLimit(.minutes(5)), .serialized) struct SourceSystemTests {
  private static let examples = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().appending(path: "examples").path

  private func script(_ line: String, _ environment: [String: String] = [:]) throws -> RunningTool {
    try Tool.shell("exec '\(Self.examples)'/\(line)", environment: environment)
  }

  /// A server with streams of these names, each for the subjects below one word.
  private func streams(_ words: [String: String], on version: NATSServer.Version) throws -> NATSServer {
    let server = try NATSServer.start(version)
    let folder = try TemporaryDirectory()
    for (name, word) in words {
      let stream = try folder.write(
        #"{"name":"\#(name)","subjects":["\#(word).>"],"storage":"memory"}"#, to: "\(name).json")
      let outcome = try Tool.run(
        "natswatch", ["publish", "\(word).none", "--create-stream", stream],
        environment: ["NATS_URL": server.url])
      try #require(outcome.status == 0, "\(outcome)")
    }
    return server
  }

  private func get(_ url: String) throws -> String {
    try Tool.shell("exec curl -sS -m 10 '\(url)'").waitForEnd().output
  }

  private func activity(_ number: Int, tenant: String) -> String {
    #"{"kind":"Activity","apiVersion":"activity.example.com/v1alpha1","metadata":{"name":"act-\#(number)","namespace":"prod","uid":"u\#(number)"},"spec":{"changeSource":"human","tenant":{"type":"project","name":"\#(tenant)"},"resource":{"apiGroup":"dns.example.com","kind":"DNSZone"}}}"#
  }

  @Test(arguments: NATSServer.Version.installed)
  func activitiesAreAKubernetesWatch(_ version: NATSServer.Version) throws {
    let server = try streams(["ACTIVITIES": "activities"], on: version)
    let environment = ["NATS_URL": server.url]
    let hub = try script("activity-watch.sh 127.0.0.1:0 'activities.project.acme.>' --all", environment)
    let address = try listenAddress(of: hub)
    let watch = try Tool.shell(
      "exec curl -sSN -m 60 '\(address)/apis/activity.example.com/v1alpha1/activities?watch=true'")
    try eventually("the watch is there") { try get("\(address)/metrics").contains("wfanout_clients 1") }
    // The second is another tenant's; the third repeats the first.
    let publish = try script("activity-publish.sh", environment)
    publish.write(
      [activity(1, tenant: "acme"), activity(2, tenant: "other"), activity(1, tenant: "acme")]
        .map { $0 + "\n" }.joined() + activity(3, tenant: "acme") + "\n")
    publish.closeInput()
    #expect(try publish.waitForEnd().status == 0)
    let lines = try watch.waitForLines(2)
    #expect(lines.count == 2)
    #expect(lines[0].contains(#""resourceVersion":"1","name":"act-1""#))
    #expect(
      lines[0].contains(#""subject":"activities.project.acme.dns_example_com.human.DNSZone.prod.act-1""#))
    #expect(lines[1].contains(#""name":"act-3""#))
    // Whoever comes back goes on behind what was seen.
    let resumed = try Tool.shell(
      "curl -sSN -m 60 '\(address)/apis/activity.example.com/v1alpha1/activities?watch=true&resourceVersion=1'"
    )
    #expect(try resumed.waitForLines(1) == [lines[1]])
    for tool in [watch, resumed, hub] { tool.send(SIGTERM) }
    _ = try hub.waitForEnd()
    // After a restart nothing is in memory: the stream has it.
    let again = try script("activity-watch.sh 127.0.0.1:0 'activities.project.acme.>'", environment)
    let path = "\(try listenAddress(of: again))/apis/activity.example.com/v1alpha1/activities"
    let old = try Tool.shell("exec curl -sSN -m 60 '\(path)?watch=true&resourceVersion=1'")
    #expect(try old.waitForLines(1) == [lines[1]])
    let late = try script("activity-publish.sh", environment)
    late.write(activity(4, tenant: "acme") + "\n")
    late.closeInput()
    #expect(try old.waitForLines(2)[1].contains(#""name":"act-4""#))
    #expect(try get(path).contains(#""name":"act-4""#))
    for tool in [old, again] { tool.send(SIGTERM) }
  }

  @Test(arguments: NATSServer.Version.installed)
  func controllersShareTheWorkOfTheirPlatform(_ version: NATSServer.Version) throws {
    let server = try streams(["STREAMSPACE": "streamspace", "DEAD": "dlq"], on: version)
    let environment = ["NATS_URL": server.url]
    let board = try script("controllers.sh 127.0.0.1:0", environment)
    let address = try listenAddress(of: board)
    let status = try Tool.start(
      "natswatch", ["tail", "streamspace.session.status", "--all", "--raw"], environment: environment)
    let controllers = try ["kubernetes", "docker"].map { platform in
      try script(
        "controller.sh \(platform) sh -c 'jq -c \"{session_id, platform: \\\"\(platform)\\\"}\"'",
        environment.merging(["CONTROLLER_ID": "\(platform)-1", "HEARTBEAT_INTERVAL": "1s"]) { $1 })
    }
    for (number, platform) in ["docker", "kubernetes"].enumerated() {
      let published = try Tool.run(
        "natswatch", ["publish", "streamspace.session.create.\(platform)"],
        stdin: #"{"event_id":"e\#(number)","session_id":"s\#(number)"}"# + "\n", environment: environment)
      #expect(published.status == 0, "\(published)")
    }
    let replies = Set(try status.waitForLines(2))
    #expect(
      replies == [
        #"{"session_id":"s0","platform":"docker"}"#, #"{"session_id":"s1","platform":"kubernetes"}"#,
      ])
    try eventually("both controllers on the board") {
      let all = try get("\(address)/api/v1/controllers")
      return all.contains(#""controller_id":"docker-1""#) && all.contains(#""controller_id":"kubernetes-1""#)
    }
    #expect(try get("\(address)/api/v1/controllers/docker-1").contains(#""platform":"docker""#))
    #expect(try get("\(address)/api/v1/controllers/nobody").contains(#""code":404"#))
    for tool in controllers + [status, board] { tool.send(SIGTERM) }
  }

  @Test func aPortalsTabsWatchOnlyWhatTheyShow() throws {
    guard KubeCluster.isAvailable(for: "examples/portal.sh") else { return }
    let cluster = try KubeCluster.start()
    _ = try cluster.kubectl(["create", "configmap", "first", "-n", "default", "--from-literal=a=b"])
    let folder = try TemporaryDirectory()
    let tokens = try folder.write("secret-a alice\nsecret-b bob\n", to: "tokens")
    let portal = try script("portal.sh '\(tokens)' 127.0.0.1:0", ["KUBECONFIG": cluster.kubeconfig()])
    let address = try listenAddress(of: portal)
    let alice = "-H 'Authorization: Bearer secret-a'"
    let tab = try Tool.shell("exec curl -sSN -m 90 \(alice) '\(address)/api/watch/stream?cid=tab-1'")
    try eventually("the tab is connected") { tab.soFar.output.contains("event: connected") }
    func subscribe(_ who: String) throws -> String {
      let body = #"{"clientId":"tab-1","resourceType":"configmaps","namespace":"default"}"#
      return try Tool.shell(
        "exec curl -sS -m 10 \(who) -H 'Content-Type: application/json' '\(address)/api/watch/subscribe' -d '\(body)'"
      )
      .waitForEnd().output
    }
    #expect(try subscribe("-H 'Authorization: Bearer secret-b'").contains("error"))
    #expect(try subscribe(alice).contains(#""channel":"configmaps"#))
    try eventually("what is there") { tab.soFar.output.contains(#""name":"first""#) }
    _ = try cluster.kubectl(["create", "configmap", "second", "-n", "default", "--from-literal=a=b"])
    try eventually("what is new") { tab.soFar.output.contains(#""name":"second""#) }
    #expect(!tab.soFar.output.contains("managedFields"))
    for tool in [tab, portal] { tool.send(SIGTERM) }
  }

  @Test func aClustersViewSaysHowItHasItsData() throws {
    guard KubeCluster.isAvailable(for: "examples/cluster-view.sh") else { return }
    let cluster = try KubeCluster.start()
    _ = try cluster.kubectl(["create", "configmap", "first", "-n", "default", "--from-literal=a=b"])
    let view = try script(
      "cluster-view.sh 127.0.0.1:0 configmaps,secrets", ["KUBECONFIG": cluster.kubeconfig()])
    let address = try listenAddress(of: view)
    try eventually("what is there, for a late listener") {
      try get("\(address)/snapshot").contains(#""name":"first""#)
    }
    let client = try Tool.shell("exec curl -sSN -m 90 '\(address)/events?snapshot=1'")
    try eventually("the snapshot") { client.soFar.output.contains(#""name":"first""#) }
    _ = try cluster.kubectl(["create", "configmap", "second", "-n", "default", "--from-literal=a=b"])
    try eventually("a change") { client.soFar.output.contains(#""name":"second""#) }
    try eventually("the health of each resource", within: .seconds(60)) {
      let healthy = client.lines.filter {
        $0.contains(#""type":"STATUS""#) && $0.contains(#""health":"healthy""#)
      }
      return ["configmaps", "secrets"].allSatisfy { name in healthy.contains { $0.contains(name) } }
    }
    for tool in [client, view] { tool.send(SIGTERM) }
  }
}
