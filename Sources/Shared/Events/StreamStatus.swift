// SPDX-License-Identifier: Apache-2.0
package import Encoding
import JSON

/// The `object` of a STATUS line: the health of one scope, and how its data arrives.
///
/// Healthy means proven: the list is done, the stream has answered, and an event, a bookmark, the end of
/// initial events, or one clean server time-out has arrived.
package struct StreamStatus: Sendable, Equatable {
  /// How the data arrives.
  package enum Mode: String, Sendable {
    case snapshot, watch, streaming, polling
    case metricsOnly = "metrics-only"
  }

  package enum Health: String, Sendable {
    case healthy, degraded, unhealthy
  }

  /// Why a scope is not healthy; ``none`` if it is.
  package enum Reason: String, Sendable {
    case none = ""
    case disconnect, drift, error, permission, resync, awaiting, gone, backpressure, auth
    case noScope = "no-scope"
  }

  /// The tool that reports.
  package var tool: String
  /// The subject of the status as ordered keys and values: cluster, resource, namespace; stream, subject.
  package var scope: [(key: String, value: String)]
  package var mode: Mode
  package var health: Health
  package var reason: Reason
  /// When ``health`` last changed.
  package var since: Timestamp
  package var isConnected = false
  package var isDelivering = false
  package var isPolling = false
  /// Whole seconds between two polls.
  package var pollingIntervalSeconds = 10
  package var lastEvent: Timestamp?
  package var resourceVersion = ""
  package var reconnects = 0
  package var resyncs = 0
  package var errors = 0

  package init(
    tool: String, scope: [(key: String, value: String)], mode: Mode, health: Health, reason: Reason,
    since: Timestamp
  ) {
    self.tool = tool
    self.scope = scope
    self.mode = mode
    self.health = health
    self.reason = reason
    self.since = since
  }

  package static func == (left: StreamStatus, right: StreamStatus) -> Bool { left.json == right.json }

  /// The object as JSON text.
  package var json: [UInt8] {
    var writer = JSONWriter()
    writer.object { writer in
      writer.member("tool", tool)
      writer.key("scope")
      writer.object { writer in for (key, value) in scope { writer.member(key, value) } }
      writer.member("mode", mode.rawValue)
      writer.member("health", health.rawValue)
      writer.member("reason", reason.rawValue)
      writer.member("since", since.description)
      writer.member("connected", isConnected)
      writer.member("delivering", isDelivering)
      writer.key("polling")
      writer.object { writer in
        writer.member("enabled", isPolling)
        writer.member("intervalSeconds", pollingIntervalSeconds)
      }
      writer.key("lastEvent")
      if let lastEvent { writer.value(lastEvent.description) } else { writer.null() }
      writer.member("resourceVersion", resourceVersion)
      writer.member("reconnects", reconnects)
      writer.member("resyncs", resyncs)
      writer.member("errors", errors)
    }
    return writer.bytes
  }

  /// The STATUS line.
  package var line: [UInt8] { EventLine.make(.status, object: json) }
}
