// SPDX-License-Identifier: Apache-2.0
import Events
import Metrics

/// The metrics of each scope (`--metrics`). The loop sets them once a turn; the server's thread reads them.
final class EngineMetrics {
  private struct Series {
    var events: Counter
    var reconnects: Counter
    var resyncs: Counter
    var errors: Counter
    var objects: Gauge
    var healthy: Gauge
    var printed: UInt64 = 0
    var seen = (reconnects: 0, resyncs: 0, errors: 0)
  }

  private let registry = Registry()
  private let bytes: Counter
  private var bytesSeen: UInt64 = 0
  private var series: [ObjectIdentifier: Series] = [:]
  /// The address in force.
  let server: MetricsServer

  init(address: String) throws {
    bytes = registry.counter("kwatch_output_bytes_total", help: "Bytes written to stdout.")
    server = try MetricsServer(address: address, registry: registry)
  }

  func update(_ scopes: [ScopeRunner], bytesWritten: UInt64) {
    bytes.increment(by: bytesWritten - bytesSeen)
    bytesSeen = bytesWritten
    for scope in scopes {
      var numbers = series[ObjectIdentifier(scope)] ?? make(scope)
      let (reconnects, resyncs, errors) = scope.machine.counts
      numbers.events.increment(by: scope.eventCount - numbers.printed)
      numbers.printed = scope.eventCount
      numbers.reconnects.increment(by: UInt64(reconnects - numbers.seen.reconnects))
      numbers.resyncs.increment(by: UInt64(resyncs - numbers.seen.resyncs))
      numbers.errors.increment(by: UInt64(errors - numbers.seen.errors))
      numbers.seen = (reconnects, resyncs, errors)
      numbers.objects.set(Double(scope.machine.picture.known.count))
      numbers.healthy.set(scope.machine.health.level == .healthy ? 1 : 0)
      series[ObjectIdentifier(scope)] = numbers
    }
  }

  private func make(_ scope: ScopeRunner) -> Series {
    let labels: [Registry.Label] = [
      ("cluster", scope.link.name), ("resource", scope.resource.qualifiedName),
      ("namespace", scope.namespace ?? "*"),
    ]
    return Series(
      events: registry.counter("kwatch_events_total", help: "Data events printed.", labels: labels),
      reconnects: registry.counter("kwatch_reconnects_total", help: "Watches started again.", labels: labels),
      resyncs: registry.counter("kwatch_resyncs_total", help: "Lists made to repair a gap.", labels: labels),
      errors: registry.counter(
        "kwatch_errors_total", help: "Failed requests and broken streams.", labels: labels),
      objects: registry.gauge(
        "kwatch_objects", help: "Objects that were printed and not deleted.", labels: labels),
      healthy: registry.gauge(
        "kwatch_healthy", help: "1 if the scope is proven to deliver.", labels: labels))
  }
}
