// SPDX-License-Identifier: Apache-2.0
import Metrics

/// The names of the metrics. Those that begin with `ws_` are the ones of the streaming service whose protocol
/// `/ws` speaks; the `sse_` ones are the same for responses that stream.
struct ServerMetrics: Sendable {
  let server: ServerCounters
  let stream: StreamCounters

  /// `eventTypes` are the types of the key `event-types`.
  init(_ registry: Registry, eventTypes: Set<String>? = nil) {
    let webSocket = ServerMetrics.transport(registry, "ws", "WebSocket")
    let http = ServerMetrics.transport(registry, "sse", "streaming response")
    server = ServerCounters(
      stalled: registry.counter(
        "wfanout_stalled_total", help: "Clients disconnected because they read nothing."),
      slow: registry.gauge(
        "wfanout_clients_slow", help: "Clients for which an event has waited for more than a second."),
      requests: registry.counter("wfanout_requests_total", help: "Requests that reached a route."),
      refused: registry.counter("wfanout_requests_refused_total", help: "Requests answered with a Status."),
      webSocket: webSocket, http: http,
      messagesReceived: registry.counter("ws_messages_received_total", help: "Messages that clients sent."),
      subscriptions: registry.gauge("ws_subscription_count", help: "Active subscriptions."))
    stream = StreamCounters(
      received: registry.counter("wfanout_events_received_total", help: "Events read from the sources."),
      delivered: registry.counter(
        "wfanout_events_delivered_total", help: "Events written to the connections of clients."),
      routed: RoutedCounters(registry, known: eventTypes),
      webSocket: webSocket, http: http,
      dropped: registry.counter("wfanout_events_dropped_total", help: "Events dropped for slow clients."),
      resets: registry.counter(
        "wfanout_resets_total", help: "Resets sent to clients because continuity was lost."))
  }

  private static func transport(_ registry: Registry, _ prefix: String, _ name: String) -> TransportCounters {
    TransportCounters(
      opened: registry.counter("\(prefix)_connections_total", help: "Connections so far: \(name)."),
      active: registry.gauge("\(prefix)_connections_active", help: "Connections now: \(name)."),
      sent: registry.counter("\(prefix)_messages_sent_total", help: "Events sent: \(name)."),
      dropped: registry.counter("\(prefix)_events_dropped_total", help: "Events left out: \(name)."),
      latency: registry.histogram(
        "\(prefix)_message_latency_seconds", help: "From reading a line to handing it over: \(name)."))
  }
}
