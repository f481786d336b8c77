// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport
import Testing

/// `natswatch | wfilter | wfanout` with real servers. An event is published at one end, and `curl -N` reads
/// it at the other.
@Suite(.timeLimit(.minutes(3)), .serialized) struct NATSPipeTests {
  @Test(arguments: NATSServer.Version.installed)
  func carriesAnEventFromJetStreamToTheListener(_ version: NATSServer.Version) throws {
    let server = try NATSServer.start(version)
    let folder = try TemporaryDirectory()
    let stream = try folder.write(
      #"{"name":"DEMO","subjects":["demo.>"],"storage":"memory"}"#, to: "stream.json")
    let created = try Tool.run(
      "natswatch", ["publish", "demo.activities", "--create-stream", stream],
      environment: ["NATS_URL": server.url])
    #expect(created.status == 0, "\(created)")
    let pipe = try Tool.shell(
      #"natswatch 'demo.>' | wfilter 'spec.changeSource == "human"' | wfanout --listen 127.0.0.1:0"#,
      environment: ["NATS_URL": server.url])
    let address = try listenAddress(of: pipe)
    let curl = try Tool.shell("curl -sN \(address)/events")

    // A tail prints only messages that are published after its start. So the activity is published again
    // until the first one arrives.
    try eventually("a human's activity at the listener") {
      let publish = try Tool.run(
        "natswatch", ["publish", "demo.activities"], stdin: activity("human", 1) + activity("system", 2),
        environment: ["NATS_URL": server.url])
      #expect(publish.status == 0, "\(publish)")
      return curl.soFar.output.contains(#""name":"act-1""#)
    }
    let data = curl.lines.filter { $0.hasPrefix("data:") }
    #expect(data.allSatisfy { $0.contains(#""changeSource":"human""#) })
    #expect(data.first?.contains(#""subject":"demo.activities""#) == true)
    #expect(curl.lines.contains { $0.hasPrefix("id:") })

    pipe.send(SIGTERM)
    curl.send(SIGTERM)
  }

  /// Each client of a Kubernetes watch has an ephemeral consumer of its own, whose subject names its tenant.
  @Test(arguments: NATSServer.Version.installed)
  func aWatchHasAConsumerOfItsTenant(_ version: NATSServer.Version) throws {
    let port = try #require(LoopbackSocket.freePort())
    let server = try NATSServer.start(version, extraArguments: ["-m", "\(port)"])
    let environment = ["NATS_URL": server.url]
    let folder = try TemporaryDirectory()
    let stream = try folder.write(#"{"name":"ACTIVITIES","subjects":["activities.>"]}"#, to: "stream.json")
    func publish(_ number: Int) throws {
      let lines = ["acme", "other"].map {
        #"{"kind":"Activity","metadata":{"name":"\#($0)-\#(number)"},"tenant":"\#($0)"}"# + "\n"
      }
      let published = try Tool.run(
        "natswatch", ["publish", "activities.project.{tenant}.{kind}", "--create-stream", stream],
        stdin: lines.joined(), environment: environment)
      #expect(published.status == 0, "\(published)")
    }
    func filters() throws -> [String] {
      let url = "http://127.0.0.1:\(port)/jsz?accounts=1&streams=1&consumers=1&config=1"
      let text = try Tool.shell("curl -sS '\(url)'").waitForEnd().output
      return text.matches(of: /"filter_subject": *"([^"]+)"/).map { String($0.1) }.sorted()
    }
    try publish(1)
    let script = try folder.write(
      """
      exec natswatch tail --all --set kind=Activity --set "tenant=$1" --subject-template 'activities.{type}.{tenant}.{kind}'
      """, to: "source.sh")
    let tokens = try folder.write("ta acme\ntb other\n", to: "tokens")
    let fanout = try Tool.start(
      "wfanout",
      [
        "--listen", "127.0.0.1:0", "--auth-tokens", tokens, "--share", "none", "--upstream",
        "/bin/sh \(script) {identity} {resourceType}",
      ], environment: environment)
    let address = try listenAddress(of: fanout)
    #expect(try filters().isEmpty)
    let watches = try ["ta", "ta", "tb"].map { token in
      try Tool.shell(
        "exec curl -sN -H 'Authorization: Bearer \(token)' '\(address)/apis/g.example/v1/activities?watch=1'")
    }
    let (acme, other) = ("activities.*.acme.Activity", "activities.*.other.Activity")
    do {
      try eventually("a consumer for each client") { try filters() == [acme, acme, other] }
    } catch {
      let outputs = watches.map(\.soFar.output)
      Issue.record(
        "\(error): \(try filters()), \(outputs), \(fanout.soFar.diagnostics), \(server.log.suffix(1000))")
      return
    }
    try publish(2)
    for (watch, tenant) in zip(watches, ["acme", "acme", "other"]) {
      let lines = try watch.waitForLines(2)
      #expect(
        lines.count == 2 && lines[0].contains("\(tenant)-1") && lines[1].contains("\(tenant)-2"), "\(lines)")
    }
    // Without waiting for the inactive threshold: the client's command removes its consumer.
    watches[0].send(SIGTERM)
    try eventually("the consumer of a client that has left is gone", within: .seconds(25)) {
      try filters() == [acme, other]
    }
  }

  private static let examples = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().appending(path: "examples")

  @Test(arguments: NATSServer.Version.installed)
  func tenantsExampleReadsOneProjectsPeople(_ version: NATSServer.Version) throws {
    let server = try NATSServer.start(version)
    for project in ["acme", "other"] {
      let script = Self.examples.appending(path: "activity-feed/tenants.sh").path
      let outcome = try Tool.shell("\(script) \(project) 60", environment: ["NATS_URL": server.url])
        .waitForEnd(.seconds(60))
      #expect(outcome.status == 0 && !outcome.lines.isEmpty, "\(outcome)")
      for line in outcome.lines {
        let subject = /"subject":"activities\.project\.(\w+)\.\w+\.human\./
        #expect(line.firstMatch(of: subject)?.output.1 == Substring(project), "\(line)")
        #expect(line.contains(#""changeSource":"human""#), "\(line)")
      }
      let events = try Tool.run(
        "natswatch",
        [
          "tail", "--all", "--until-now", "--set", "tenant=\(project)", "--subject-template",
          "events.{tenant_type}.{tenant}.{namespace}.{kind}.{name}",
        ], environment: ["NATS_URL": server.url])
      #expect(!events.lines.isEmpty, "\(events)")
      for line in events.lines {
        let subject = /"subject":"events\.project\.(\w+)\.[^.]+\.[^.]+\.[^."]+"/
        #expect(line.firstMatch(of: subject)?.output.1 == Substring(project), "\(line)")
      }
    }
  }

  /// Runs the installed nats-server with the arguments of the compose file. Streams survive a restart, and
  /// monitoring works.
  @Test(arguments: NATSServer.Version.installed)
  func composeFileRunsAServerThatKeepsItsStreams(_ version: NATSServer.Version) throws {
    let compose = try String(
      contentsOf: Self.examples.appending(path: "controllers/compose.yaml"), encoding: .utf8)
    let command = try #require(compose.firstMatch(of: /command: (\[.*\])/)?.output.1)
    var arguments = try JSONDecoder().decode([String].self, from: Data(command.utf8))
    let store = try TemporaryDirectory()
    let port = try #require(LoopbackSocket.freePort())
    #expect(arguments.contains("/data") && arguments.contains("8222"))
    arguments = arguments.map { $0 == "/data" ? store.url.path : $0 == "8222" ? "\(port)" : $0 }
    for expected in [1, 2] {
      let server = try NATSServer.start(version, extraArguments: arguments)
      let environment = ["NATS_URL": server.url]
      let published = try Tool.run(
        "natswatch", ["publish", "a.x", "--create-stream", "S"], stdin: "{}\n", environment: environment)
      #expect(published.status == 0, "\(published)")
      let read = try Tool.run("natswatch", ["a.x", "--all", "--until-now"], environment: environment)
      #expect(read.lines.count == expected, "\(read)")
      let health = try Tool.shell("curl -sf http://127.0.0.1:\(port)/healthz").waitForEnd()
      #expect(health.output.contains("ok"), "\(health)")
      server.stop()
    }
  }

  private func activity(_ source: String, _ number: Int) -> String {
    #"{"kind":"Activity","metadata":{"name":"act-\#(number)"},"spec":{"changeSource":"\#(source)"}}"# + "\n"
  }
}

/// The address that wfanout logs, without the final slash.
func listenAddress(of tool: RunningTool) throws -> String {
  try tool.waitForDiagnostics("http://")
  let text = tool.soFar.diagnostics
  let address = text.matches(of: /http:\/\/[^\s]+/).first.map { String(text[$0.range]) } ?? ""
  return address.hasSuffix("/") ? String(address.dropLast()) : address
}
