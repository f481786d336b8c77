// SPDX-License-Identifier: Apache-2.0
import Encoding
package import Events
import Lines

/// `--status`: what is told about each scope's health.
extension Engine {
  package func report(_ scope: ScopeRunner, _ health: ScopeHealth) {
    guard sink.isActive else { return }
    var status = self.status(
      scope.link, resource: scope.resource.qualifiedName, namespace: scope.namespace, health.level,
      health.reason)
    status.mode = health.mode
    status.isConnected = health.isConnected
    status.isDelivering = health.isDelivering
    status.isPolling = health.isPolling
    status.lastEvent = scope.lastEvent
    status.resourceVersion = scope.machine.resourceVersion
    status.reconnects = scope.machine.reconnects
    status.resyncs = scope.machine.resyncs
    status.errors = scope.machine.errors
    write(status)
  }

  package func report(_ usage: UsageRunner, _ health: StreamStatus.Health, _ reason: StreamStatus.Reason) {
    guard sink.isActive else { return }
    var status = self.status(
      usage.link, resource: usage.resource.qualifiedName, namespace: usage.namespace, health, reason)
    status.mode = .metricsOnly
    status.isConnected = health == .healthy
    status.isDelivering = health == .healthy
    status.isPolling = true
    status.pollingIntervalSeconds = max(
      1, Int((configuration.usageInterval ?? configuration.scope.pollInterval).components.seconds))
    write(status)
  }

  package func report(
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
    status.pollingIntervalSeconds = max(1, Int(configuration.scope.pollInterval.components.seconds))
    return status
  }

  private func write(_ status: StreamStatus) {
    do throws(OutputError) { try sink.write(status) } catch {
      // A health file that fills its disk must not stop the data; inline it is the data.
      if configuration.status == .inline { fail(error) }
    }
  }
}
