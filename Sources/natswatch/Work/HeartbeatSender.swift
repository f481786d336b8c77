// SPDX-License-Identifier: Apache-2.0

import Pipe
import Watch

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
    connection.publish(Self.json(controller, platform, status, at: .now), to: settings.subject)
  }

  static func json(_ controller: String, _ platform: String, _ status: String, at time: Timestamp) -> [UInt8]
  {
    Array(
      """
      {"controller_id":\(JSONText.string(controller)),"platform":\(JSONText.string(platform)),"timestamp":"\(time)",\
      "status":"\(status)","version":"\(Version.string)","capabilities":[],"cluster_info":{}}
      """.utf8)
  }
}
