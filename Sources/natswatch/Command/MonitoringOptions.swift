// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Command
import Events
import Metrics
import NatswatchCore
import Process

struct MonitoringOptions: ParsableArguments {
  @Option(help: .status) var status: StatusSink.Destination?

  @Option(help: .metrics) var metrics: String?

  @Option(help: ArgumentHelp("Prefix of the events_… metric names.", valueName: "prefix"))
  var metricsPrefix = ""

  /// Serves the metrics for as long as the result is kept.
  func serve(_ session: Session) throws -> MetricsServer? {
    guard let metrics else { return nil }
    let server = try MetricsServer(address: metrics, registry: session.registry)
    session.diagnostics.info("metrics on http://\(server.address)/metrics")
    return server
  }
}
