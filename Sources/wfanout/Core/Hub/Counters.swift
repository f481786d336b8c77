// SPDX-License-Identifier: Apache-2.0
import Metrics

/// The counters of one stream.
struct StreamCounters: Sendable {
  let received: Counter
  let delivered: Counter
  let routed: RoutedCounters
  let webSocket: TransportCounters
  let http: TransportCounters
  let dropped: Counter
  let resets: Counter
}

/// The counters of one kind of connection.
struct TransportCounters: Sendable {
  let opened: Counter
  let active: Gauge
  let sent: Counter
  let dropped: Counter
  /// The time from reading a line to handing it to the connections that have caught up.
  let latency: Histogram
}

/// The counters of the server.
struct ServerCounters: Sendable {
  let stalled: Counter
  let slow: Gauge
  let requests: Counter
  let refused: Counter
  let webSocket: TransportCounters
  let http: TransportCounters
  let messagesReceived: Counter
  let subscriptions: Gauge
}
