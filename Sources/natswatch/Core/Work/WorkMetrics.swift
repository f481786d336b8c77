// SPDX-License-Identifier: Apache-2.0

import Encoding
import Metrics

/// The metrics of `natswatch work`. For one thread.
final class WorkMetrics {
  let pending: Gauge
  let health: Gauge
  private(set) var handledCount = 0
  private(set) var lastHandled: Timestamp?
  private let successes: Counter
  private let failures: Counter
  private let latency: Histogram
  private var received: SubjectCounters
  private var published: SubjectCounters

  init(_ registry: Registry, prefix: String, controller: String) {
    func processed(_ result: String) -> Counter {
      registry.counter(
        "\(prefix)events_processed_total", help: "Messages handled, by controller and result.",
        labels: [("controller", controller), ("result", result)])
    }
    successes = processed("success")
    failures = processed("failure")
    latency = registry.histogram(
      "\(prefix)event_latency_seconds",
      help: "Time between the storing of a message and the end of its handler."
    )
    health = registry.gauge(
      "\(prefix)controller_health",
      help: "1 while messages are handled, 0 while the circuit breaker is open.",
      labels: [("controller", controller)])
    health.set(1)
    pending = registry.gauge(
      "nats_pending_msgs", help: "Messages that match and have not been delivered yet.")
    received = SubjectCounters(
      registry, name: "nats_msgs_received_total", help: "Messages received, by subject.")
    published = SubjectCounters(
      registry, name: "nats_msgs_published_total", help: "Messages published and acknowledged, by subject.")
  }

  func countReceived(_ delivery: Delivery) {
    pending.set(Double(delivery.metadata.pending))
    received.increment(delivery.subject)
  }

  func countPublished(_ subject: String) { published.increment(subject) }

  /// Counts a handled message.
  func handled(_ delivery: Delivery, succeeded: Bool) {
    let now = Timestamp.now
    handledCount += 1
    lastHandled = now
    (succeeded ? successes : failures).increment()
    latency.observe(max(0, Double(now.nanoseconds - delivery.metadata.time) / 1e9))
  }
}
