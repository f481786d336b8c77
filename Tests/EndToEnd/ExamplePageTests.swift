// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport
import Testing

/// The pages of examples/portal and examples/dashboard, in a real browser.
@Suite(.timeLimit(.minutes(5)), .serialized) struct ExamplePageTests {
  private func script(_ line: String, _ environment: [String: String]) throws -> RunningTool {
    try Tool.shell("exec '\(SourceSystemTests.examples.path)'/\(line)", environment: environment)
  }

  private func address(of tool: RunningTool) throws -> String {
    try tool.waitForDiagnostics("listening on http://")
    let text = tool.soFar.diagnostics
    let match = try #require(text.firstMatch(of: /listening on (http:\/\/[0-9.:]+)/))
    return String(match.output.1)
  }

  /// Waits until the server of the pages answers, then opens a page.
  private func open(_ url: String, in browser: Browser) throws -> Browser.Page {
    try eventually("the page is served") { try Tool.shell("curl -sf '\(url)'").waitForEnd().status == 0 }
    return try browser.open(url)
  }

  @Test func aPortalsPageShowsObjectsAndTheirChanges() throws {
    guard KubeCluster.isAvailable(for: "the portal's page") else { return }
    guard let browser = try Browser.start(for: "the portal's page") else { return }
    let cluster = try KubeCluster.start()
    try cluster.kubectl(["create", "secret", "generic", "first"])
    let folder = try TemporaryDirectory()
    let tokens = try folder.write("secret-a alice\n", to: "tokens")
    let port = try #require(LoopbackSocket.freePort())
    let portal = try script(
      "portal/run.sh '\(tokens)' 127.0.0.1:0 \(port)", ["KUBECONFIG": cluster.kubeconfig()])
    let page = try open("http://localhost:\(port)/?api=\(try address(of: portal))", in: browser)
    try page.evaluate(
      """
      document.getElementById("token").value = "secret-a"
      document.getElementById("resource").value = "secrets"
      document.querySelector("form button").click()
      """)
    let rows = "document.getElementById('rows').innerText"
    try page.wait(for: "\(rows).includes('first')")
    try cluster.kubectl(["create", "secret", "generic", "second"])
    try page.wait(for: "\(rows).includes('second')")
    try cluster.kubectl(["label", "secret", "second", "a=b"])
    try page.wait(for: "\(rows).includes('MODIFIED')")
    try cluster.kubectl(["delete", "secret", "first"])
    try page.wait(for: "!\(rows).includes('first')")
    #expect(
      try page.evaluate("JSON.stringify(__watchStatus())")
        == #"{"state":"connected","channels":{"secrets:::default:::":1}}"#)
    portal.send(SIGTERM)
  }

  @Test func aDashboardsPageShowsAlertsUntilTheyAreResolved() throws {
    guard let browser = try Browser.start(for: "the dashboard's page") else { return }
    let folder = try TemporaryDirectory()
    let redisPort = try #require(LoopbackSocket.freePort())
    let redis = try Tool.shell(
      "exec redis-server --port \(redisPort) --bind 127.0.0.1 --save '' --appendonly no", in: folder.url)
    try redis.wait(for: "redis", .seconds(20)) { $0.soFar.output.contains("Ready to accept connections") }
    let port = try #require(LoopbackSocket.freePort())
    let service = try script(
      "dashboard/run.sh 127.0.0.1:0 \(port)", ["REDIS_URL": "redis://127.0.0.1:\(redisPort)/0"])
    let socket = try address(of: service).replacing("http://", with: "ws://") + "/ws"
    let page = try open("http://localhost:\(port)/?ws=\(socket)", in: browser)
    try page.wait(for: "document.getElementById('state').textContent === 'Connected.'")
    func publish(_ event: String) throws {
      let file = SourceSystemTests.examples.appending(path: "dashboard/events/\(event).json").path
      _ = try Tool.shell("redis-cli -p \(redisPort) -x publish aiops:events:alerts <'\(file)'").waitForEnd()
    }
    try eventually("the service has subscribed") {
      try Tool.shell("redis-cli -p \(redisPort) pubsub numpat").waitForEnd().output.hasPrefix("1")
    }
    try publish("alert-fired-labels")
    try page.wait(for: "document.getElementById('alerts').innerText.includes('HighMemoryUsage')")
    try publish("alert-resolved")
    try page.wait(for: "document.getElementById('alerts').rows.length === 0")
    try page.wait(for: "document.getElementById('events').rows.length === 2")
    service.send(SIGTERM)
  }
}
