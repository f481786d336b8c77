// SPDX-License-Identifier: Apache-2.0
import Encoding
import JSON

/// Notices on a connection with several channels, with the event names of its protocol.
extension Notice {
  func channelField(_ channel: String) -> [UInt8] {
    let name = JSONText.string(channel)
    switch self {
    case .start(_, let milliseconds): return Array("retry: \(milliseconds)\n\n".utf8)
    case .heartbeat:
      return ChannelEvent.encode("heartbeat", #"{"ts":\#(Timestamp.now.nanoseconds / 1_000_000)}"#)
    case .reset:
      return ChannelEvent.error(
        channel, 410, "Expired", "some events were missed; the current state follows")
    case .gap(let dropped):
      return ChannelEvent.error(channel, 429, "Backpressure", "\(dropped) events were left out")
    case .snapshotEnd(let id):
      return ChannelEvent.encode(
        "watch",
        #"{"channel":\#(name),"type":"BOOKMARK","object":{"kind":"Bookmark","apiVersion":"watchutils/v1","metadata":{"#
          + #""resourceVersion":"\#(id)","annotations":{"k8s.io/initial-events-end":"true"}}},"resourceVersion":"\#(id)"}"#
      )
    case .disconnect(let reason, let milliseconds):
      let error = reason.fault.map {
        ChannelEvent.encode("error", #"{"message":\#(JSONText.string($0))}"#)
      }
      return (error ?? [])
        + Array(
          "event: disconnect\nretry: \(milliseconds)\ndata: {\"reason\":\"\(reason.rawValue)\"}\n\n".utf8)
    }
  }
}

extension DisconnectReason {
  /// The error that is sent before the final notice.
  fileprivate var fault: String? {
    switch self {
    case .authExpired: "the token has expired: connect again with a new one"
    case .authRevoked: "the token is not valid any more"
    case .endedByOperator: "an operator has ended the connection"
    case .idle: "no channel was subscribed to: connect again to subscribe"
    default: nil
    }
  }
}

/// One event of the many-channels protocol.
enum ChannelEvent {
  static func encode(_ event: String, _ json: String) -> [UInt8] {
    Array("event: \(event)\ndata: \(json)\n\n".utf8)
  }

  static func error(_ channel: String, _ code: Int, _ reason: String, _ message: String) -> [UInt8] {
    encode(
      "watch-error",
      #"{"channel":\#(JSONText.string(channel)),"code":\#(code),"reason":"\#(reason)","message":\#(JSONText.string(message))}"#
    )
  }
}
