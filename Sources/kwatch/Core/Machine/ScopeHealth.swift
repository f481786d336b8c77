// SPDX-License-Identifier: Apache-2.0
import Events

/// The way a scope gets its data, and its health.
package struct ScopeHealth: Equatable, Sendable {
  var mode = StreamStatus.Mode.snapshot
  var level = StreamStatus.Health.degraded
  var reason = StreamStatus.Reason.awaiting
  var isConnected = false
  /// Whether an event, a bookmark, the end of initial events or a clean time-out has arrived.
  var isDelivering = false
  var isPolling = false
}
