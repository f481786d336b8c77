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
