// SPDX-License-Identifier: Apache-2.0
import Metrics

/// What is counted for one stream.
struct StreamCounters: Sendable {
  let received: Counter
  let delivered: Counter
  let routed: RoutedCounters
  let webSocket: TransportCounters
  let http: TransportCounters
  let dropped: Counter
  let resets: Counter
}

/// What is counted for one kind of connection.
struct TransportCounters: Sendable {
  let opened: Counter
  let active: Gauge
  let sent: Counter
  let dropped: Counter
  /// From reading a line to handing it to the connections that have had all before it.
  let latency: Histogram
}

/// What is counted for the server as a whole.
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
