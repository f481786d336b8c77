// SPDX-License-Identifier: Apache-2.0

import Encoding
import JSON
import Process

/// A push consumer that exists for one run of a tail: no acknowledgement, one delivery, flow control, heartbeats.
///
/// Push, not pull: an idle pull consumer is removed after its threshold, and old servers do not report that.
package struct EphemeralConsumer {
  let info: ConsumerInfo

  /// The consumer's configuration, except its start and its deliver subject.
  package struct Configuration: Sendable {
    package var stream: String
    package var filters: [SubjectPattern]
    package var heartbeat: Duration = .seconds(2)
    package var inactiveThreshold: Duration = .seconds(30)
    package var headersOnly = false

    package func json(_ delivery: OrderedConsumer.Delivery, inbox: String, name: String? = nil) -> String {
      let start =
        switch delivery {
        case .sequence(let sequence): "\"deliver_policy\":\"by_start_sequence\",\"opt_start_seq\":\(sequence)"
        case .time(let time):
          "\"deliver_policy\":\"by_start_time\",\"opt_start_time\":\"\(RFC3339.text(nanoseconds: time))\""
        case .all: "\"deliver_policy\":\"all\""
        case .last: "\"deliver_policy\":\"last\""
        case .lastPerSubject: "\"deliver_policy\":\"last_per_subject\""
        }
      let names = filters.map { JSONText.string($0.description) }
      let filter =
        switch names.count {
        case 0: ""
        case 1: ",\"filter_subject\":\(names[0])"
        default: ",\"filter_subjects\":[\(names.joined(separator: ","))]"
        }
      return """
        {"stream_name":\(JSONText.string(stream)),"config":{\(name.map { "\"name\":\(JSONText.string($0))," } ?? "")\
        "deliver_subject":\(JSONText.string(inbox)),\(start),\
        "ack_policy":"none","max_deliver":1,"replay_policy":"instant","flow_control":true,\
        "idle_heartbeat":\(heartbeat.nanoseconds),"inactive_threshold":\(inactiveThreshold.nanoseconds),\
        "mem_storage":true,"num_replicas":1\(headersOnly ? ",\"headers_only\":true" : "")\(filter)}}
        """
    }
  }

  /// Creates the consumer; `inbox` has to be subscribed to before.
  static func create(
    _ configuration: Configuration, _ delivery: OrderedConsumer.Delivery, to inbox: String,
    on jetStream: JetStream
  ) throws(NATSError) -> EphemeralConsumer {
    // With the filter in the request's subject, which permissions since 2.9 may require; older servers do not
    // support it.
    let name = String(Connection.randomToken().prefix(12))
    let filter = configuration.filters.count == 1 ? ".\(configuration.filters[0])" : ""
    let stream = configuration.stream
    do throws(NATSError) {
      let info = try jetStream.request(
        "CONSUMER.CREATE.\(stream).\(name)\(filter)",
        Array(configuration.json(delivery, inbox: inbox, name: name).utf8), as: ConsumerInfo.self)
      return EphemeralConsumer(info: info)
    } catch {
      guard error.code == .noPermission || error.code == .noResponders else { throw explained(error, stream) }
      let modern = error
      do throws(NATSError) {
        let info = try jetStream.request(
          "CONSUMER.CREATE.\(stream)", Array(configuration.json(delivery, inbox: inbox).utf8),
          as: ConsumerInfo.self)
        return EphemeralConsumer(info: info)
      } catch {
        throw explained(error.code == .noPermission ? modern : error, stream)
      }
    }
  }

  private static func explained(_ error: NATSError, _ stream: String) -> NATSError {
    switch error.serverCode {
    case JetStream.ErrorCode.ackPolicyNotAllowed, JetStream.ErrorCode.workQueueFilterRequired,
      JetStream.ErrorCode.workQueueOverlap:
      NATSError(
        .refused,
        "stream \(stream) is a work queue, whose messages have to be acknowledged: use natswatch work",
        serverCode: error.serverCode)
    case 10093:
      NATSError(
        .notFound, "stream \(stream) has no such subject: \(error.message)", serverCode: error.serverCode)
    default: error
    }
  }
}
