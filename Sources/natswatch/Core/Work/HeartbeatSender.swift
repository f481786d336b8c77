// SPDX-License-Identifier: Apache-2.0

import Encoding
import JSON
import Process

/// `--heartbeat`: reports at intervals that this controller runs, and its health. For one thread.
struct HeartbeatSender {
  let settings: WorkSettings.HeartbeatSettings
  let controller: String
  let platform: String
  private var last: Duration?

  init(_ settings: WorkSettings.HeartbeatSettings, controller: String, platform: String) {
    self.settings = settings
    self.controller = controller
    self.platform = platform
  }

  /// Sends a heartbeat when it is due.
  mutating func beat(_ connection: Connection, isHealthy: Bool, now: Duration) {
    if let last, now - last < settings.interval { return }
    last = now
    send(connection, status: isHealthy ? "healthy" : "unhealthy")
  }

  func send(_ connection: Connection, status: String) {
    let beat = JSONWriter.object {
      $0.member("controller_id", controller)
      $0.member("platform", platform)
      $0.member("timestamp", "\(Timestamp.now)")
      $0.member("status", status)
      $0.member("version", Version.string)
      $0.key("capabilities")
      $0.array { for capability in settings.capabilities { $0.value(capability) } }
      $0.member("cluster_info", raw: settings.clusterInfo.utf8)
    }
    connection.publish(beat, to: settings.subject)
  }
}
