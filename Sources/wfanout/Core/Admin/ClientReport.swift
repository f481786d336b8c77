// SPDX-License-Identifier: Apache-2.0
import Encoding
import JSON
import NIOCore

/// One connection, as reported to operators.
struct ClientReport: Sendable {
  var clientID: String
  /// The name of its identity; nil if the server requires no tokens.
  var identity: String?
  var connectedAt: Timestamp
  /// Whether an event has waited for more than a second to be sent.
  var isSlow: Bool
  /// The client's address and port; empty on a Unix socket.
  var remote: String
  /// `sse`, `ndjson`, `kubernetes`, `websocket`, `channels`.
  var transport: String
  var subscriptions: [Subscription] = []
  var channels: [String] = []
  /// Events that have not been sent to it yet.
  var queue: Int
  /// Events dropped so far because it was too slow.
  var dropped: Int

  var subscriptionCount: Int {
    transport == "websocket" ? subscriptions.count : transport == "channels" ? channels.count : 1
  }

  static func text(of address: SocketAddress?) -> String {
    guard let address, let host = address.ipAddress, let port = address.port else { return "" }
    return host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
  }

  var json: String {
    let wanted =
      subscriptions.map { subscription in
        #"{"event_types":\#(list(subscription.eventTypes)),"cluster_filter":\#(list(subscription.clusters)),"#
          + #""namespace_filter":\#(list(subscription.namespaces))}"#
      } + channels.map { #"{"channel":\#(JSONText.string($0))}"# }
    return
      #"{"client_id":\#(JSONText.string(clientID)),"identity":\#(identity.map(JSONText.string) ?? "null"),"connected_at":"\#(connectedAt)","remote":"#
      + #"\#(JSONText.string(remote)),"transport":"\#(transport)","subscriptions":[\#(wanted.joined(separator: ","))],"#
      + #""queue":\#(queue),"dropped":\#(dropped),"slow":\#(isSlow)}"#
  }

  private func list(_ texts: [String]) -> String {
    "[" + texts.map(JSONText.string).joined(separator: ",") + "]"
  }
}
