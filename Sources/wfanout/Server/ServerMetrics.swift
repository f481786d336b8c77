// SPDX-License-Identifier: Apache-2.0
import Metrics

/// The names under which the hub counts.
struct ServerMetrics: Sendable {
  let server: ServerCounters
  let stream: StreamCounters

  init(_ registry: Registry) {
    server = ServerCounters(
      stalled: registry.counter(
        "wfanout_stalled_total", help: "Listeners cut off because they took nothing."),
      requests: registry.counter("wfanout_requests_total", help: "Requests that reached a route."),
      refused: registry.counter("wfanout_requests_refused_total", help: "Requests answered with a Status."))
    stream = StreamCounters(
      received: registry.counter("wfanout_events_received_total", help: "Events read from the sources."),
      delivered: registry.counter(
        "wfanout_events_delivered_total", help: "Events handed to listeners' connections."),
      dropped: registry.counter("wfanout_events_dropped_total", help: "Events left out for slow listeners."),
      resets: registry.counter("wfanout_resets_total", help: "Listeners told that continuity was lost."))
  }
}
