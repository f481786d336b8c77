// SPDX-License-Identifier: Apache-2.0
import Encoding
import Events
import Lines

/// `--status`: writes a STATUS line at each change of a scope's health.
final class HealthReporter {
  private let configuration: WatchConfiguration
  private let sink: StatusSink
  /// The time of each scope's last change of health.
  private var since: [String: (health: StreamStatus.Health, at: Timestamp)] = [:]
  /// Why a STATUS line could not be written.
  private(set) var failure: OutputError?

  init(_ configuration: WatchConfiguration, output: OutputWriter) throws(OutputError) {
    self.configuration = configuration
    sink = try StatusSink(configuration.status, output: output)
  }

  func report(_ scope: ScopeRunner, _ health: ScopeHealth) {
    guard sink.isActive else { return }
    var status = self.status(
      scope.link, resource: scope.resource.qualifiedName, namespace: scope.namespace, health.level,
      health.reason)
    status.mode = health.mode
    status.isConnected = health.isConnected
    status.isDelivering = health.isDelivering
    status.isPolling = health.isPolling
    status.lastEvent = scope.lastEvent
    status.resourceVersion = scope.machine.picture.resourceVersion
    let counts = scope.machine.counts
    (status.reconnects, status.resyncs, status.errors) = (counts.reconnects, counts.resyncs, counts.errors)
    write(status)
  }

  /// The reader of stdout was too slow for a while.
  func reportBackpressure(_ scope: ScopeRunner) {
    guard sink.isActive, scope.machine.health.level == .healthy else { return }
    var health = scope.machine.health
    (health.level, health.reason) = (.degraded, .backpressure)
    report(scope, health)
    report(scope, scope.machine.health)
  }

  func report(_ usage: UsageRunner, _ health: StreamStatus.Health, _ reason: StreamStatus.Reason) {
    guard sink.isActive else { return }
    var status = self.status(
      usage.link, resource: usage.resource.qualifiedName, namespace: usage.namespace, health, reason)
    status.mode = .metricsOnly
    status.isConnected = health == .healthy
    status.isDelivering = health == .healthy
    status.isPolling = true
    status.pollingIntervalSeconds = Self.seconds(
      configuration.usageInterval ?? configuration.scope.pollInterval)
    write(status)
  }

  /// A resource that has no scope, because discovery has not found it.
  func report(
    _ link: ClusterLink, _ name: ResourceName, _ health: StreamStatus.Health, _ reason: StreamStatus.Reason
  ) {
    guard sink.isActive else { return }
    let namespace =
      configuration.isAllNamespaces ? nil : configuration.namespaces.first ?? link.target.namespace
    write(status(link, resource: name.text, namespace: namespace, health, reason))
  }

  private func status(
    _ link: ClusterLink, resource: String, namespace: String?, _ health: StreamStatus.Health,
    _ reason: StreamStatus.Reason
  ) -> StreamStatus {
    let key = "\(link.name)|\(resource)|\(namespace ?? "*")"
    let known = since[key]
    let at = known?.health == health ? known?.at ?? .now : .now
    since[key] = (health, at)
    var status = StreamStatus(
      tool: "kwatch",
      scope: [("cluster", link.name), ("resource", resource), ("namespace", namespace ?? "*")],
      mode: .snapshot, health: health, reason: reason, since: at)
    status.pollingIntervalSeconds = Self.seconds(configuration.scope.pollInterval)
    return status
  }

  private static func seconds(_ interval: Duration) -> Int { max(1, Int(interval.components.seconds)) }

  private func write(_ status: StreamStatus) {
    do throws(OutputError) { try sink.write(status) } catch { failure = error }
  }
}
