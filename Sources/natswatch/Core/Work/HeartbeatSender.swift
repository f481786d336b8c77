// SPDX-License-Identifier: Apache-2.0
import Encoding
import JSON
import Process

/// `--heartbeat`: says at intervals that this controller is there and how it is. One thread.
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

  /// Sends one when it is time.
  mutating func beat(_ connection: Connection, isHealthy: Bool, now: Duration) {
    if let last, now - last < settings.interval { return }
    last = now
    send(connection, status: isHealthy ? "healthy" : "unhealthy")
  }

  func send(_ connection: Connection, status: String) {
    let capabilities = settings.capabilities.map(JSONText.string).joined(separator: ",")
    let beat = """
      {"controller_id":\(JSONText.string(controller)),"platform":\(JSONText.string(platform)),\
      "timestamp":"\(Timestamp.now)","status":"\(status)","version":"\(Version.string)",\
      "capabilities":[\(capabilities)],"cluster_info":\(settings.clusterInfo)}
      """
    connection.publish(Array(beat.utf8), to: settings.subject)
  }
}
