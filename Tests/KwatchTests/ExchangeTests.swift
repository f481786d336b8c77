// SPDX-License-Identifier: Apache-2.0
import Events
import Lines
import Process
import Testing

@testable import KwatchCore

/// Requests on libcurl, in this process.
@Suite(.timeLimit(.minutes(15))) struct ExchangeTests {
  private func link(_ port: Int) throws -> ClusterLink {
    let target = ClusterTarget(
      server: try ServerAddress("http://127.0.0.1:\(port)"), cluster: Kubeconfig.Cluster(),
      user: Kubeconfig.User(), namespace: "default")
    return try ClusterLink(name: "test", target: target, WatchConfiguration()) {}
  }

  /// A request whose closures retain it, as in kwatch.
  private func start(_ link: ClusterLink, _ multi: CurlMulti, _ ended: @escaping () -> Void) throws -> Held {
    let exchange = try #require(try link.exchange("/"))
    exchange.onBytes = { _ in !exchange.isCancelled }
    exchange.onEnd = { _ in
      _ = exchange.status
      ended()
    }
    multi.start(exchange)
    return Held(exchange: exchange)
  }

  private struct Held { weak var exchange: Exchange? }

  @Test func releasesRequestsThatHaveEnded() throws {
    let server = try FakeAPIServer { _, reply in reply.whole("{}") }
    let multi = try #require(CurlMulti())
    let link = try link(server.port)
    var hasEnded = false
    let held = try start(link, multi) { hasEnded = true }
    while !hasEnded {
      multi.step()
      multi.wait(milliseconds: 20)
    }
    #expect(held.exchange == nil)
    server.close()
  }

  @Test func releasesCancelledRequests() throws {
    let server = try FakeAPIServer { _, reply in reply.hold() }
    let multi = try #require(CurlMulti())
    let link = try link(server.port)
    let held = try start(link, multi) {}
    multi.step()
    if let exchange = held.exchange { multi.cancel(exchange) }
    #expect(held.exchange == nil)
    server.close()
  }

  @Test func limitsTheWaitForDiscovery() throws {
    let server = try FakeAPIServer { _, reply in reply.hold() }
    let multi = try #require(CurlMulti())
    let host = DiscoveryHost(multi)
    let runner = ClusterRunner(
      try link(server.port), [try ResourceName("pods")], patience: .seconds(1), host: host)
    runner.start()
    let end = MonotonicClock.now + .seconds(20)
    while host.messages.isEmpty, MonotonicClock.now < end {
      runner.pump()
      multi.step()
      multi.wait(milliseconds: 20)
    }
    #expect(host.messages.first?.contains("http://127.0.0.1:\(server.port)") == true)
    server.close()
  }
}

/// A loop that only runs discovery.
private final class DiscoveryHost: RunnerHost {
  private(set) var messages: [String] = []
  private let multi: CurlMulti

  init(_ multi: CurlMulti) { self.multi = multi }

  func resolved(
    _ cluster: ClusterRunner, _ verdicts: [(ResourceName, ClusterRunner.Verdict)], _ found: [APIResource]
  ) {
    for case (_, .later(let message, .disconnect)) in verdicts { messages.append(message) }
  }
  func start(_ exchange: Exchange) { multi.start(exchange) }
  func cancel(_ exchange: Exchange, discarding: Bool) { multi.cancel(exchange, discarding: discarding) }
  func disturb() {}
  func fail(_ error: OutputError) {}
  func send(_ scope: ScopeRunner, _ id: TransferID, _ request: ScopeRequest, fresh: Bool) {}
  func rediscover(_ scope: ScopeRunner) {}
  func report(_ scope: ScopeRunner, _ health: ScopeHealth) {}
  func report(_ usage: UsageRunner, _ health: StreamStatus.Health, _ reason: StreamStatus.Reason) {}
  func synced() {}
  func finished(_ runner: AnyObject, _ status: Process.ExitStatus, _ message: String) {}
}
