// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport
import Testing

/// `natswatch | wfilter | wfanout` on real servers: an event in at one end, `curl -N` at the other.
@Suite(.timeLimit(.minutes(3)), .serialized) struct NATSPipeTests {
  // row 2.26
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

    // Published again and again until the first arrives: the tail begins with what comes after it has begun.
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

  private func activity(_ source: String, _ number: Int) -> String {
    #"{"kind":"Activity","metadata":{"name":"act-\#(number)"},"spec":{"changeSource":"\#(source)"}}"# + "\n"
  }
}

/// The address that wfanout says it listens on, without the last slash.
func listenAddress(of tool: RunningTool) throws -> String {
  try tool.waitForDiagnostics("http://")
  let text = tool.soFar.diagnostics
  let address = text.matches(of: /http:\/\/[^\s]+/).first.map { String(text[$0.range]) } ?? ""
  return address.hasSuffix("/") ? String(address.dropLast()) : address
}
