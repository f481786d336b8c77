// SPDX-License-Identifier: Apache-2.0

import Encoding
import JSON
import Process

/// A push consumer that exists for one run of a tail: no acknowledgement, one delivery, flow control, heartbeats.
///
/// Push, not pull: an idle pull consumer is removed after its threshold, and old servers do not report that.
struct EphemeralConsumer {
  let info: ConsumerInfo

  /// The consumer's configuration, except its start and its deliver subject.
  struct Configuration: Sendable {
    var stream: String
    var filters: [SubjectPattern]
    var heartbeat: Duration = .seconds(2)
    var inactiveThreshold: Duration = .seconds(30)
    var headersOnly = false

    /// The body of a request that creates the consumer.
    func json(_ delivery: OrderedConsumer.Delivery, inbox: String, name: String? = nil) -> [UInt8] {
      JSONWriter.object { body in
        body.member("stream_name", stream)
        body.key("config")
        body.object { config in
          if let name { config.member("name", name) }
          config.member("deliver_subject", inbox)
          Self.write(delivery, to: &config)
          config.member("ack_policy", "none")
          config.member("max_deliver", 1)
          config.member("replay_policy", "instant")
          config.member("flow_control", true)
          config.member("idle_heartbeat", heartbeat.nanoseconds)
          config.member("inactive_threshold", inactiveThreshold.nanoseconds)
          config.member("mem_storage", true)
          config.member("num_replicas", 1)
          if headersOnly { config.member("headers_only", true) }
          if filters.count == 1 {
            config.member("filter_subject", filters[0].description)
          } else if filters.count > 1 {
            config.key("filter_subjects")
            config.array { for filter in filters { $0.value(filter.description) } }
          }
        }
      }
    }

    private static func write(_ delivery: OrderedConsumer.Delivery, to config: inout JSONWriter) {
      switch delivery {
      case .sequence(let sequence):
        config.member("deliver_policy", "by_start_sequence")
        config.member("opt_start_seq", sequence)
      case .time(let time):
        config.member("deliver_policy", "by_start_time")
        config.member("opt_start_time", RFC3339.text(nanoseconds: time))
      case .all: config.member("deliver_policy", "all")
      case .last: config.member("deliver_policy", "last")
      case .lastPerSubject: config.member("deliver_policy", "last_per_subject")
      }
    }
  }

  /// Creates the consumer. The subscription to `inbox` must exist before.
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
        configuration.json(delivery, inbox: inbox, name: name), as: ConsumerInfo.self)
      return EphemeralConsumer(info: info)
    } catch {
      guard error.code == .noPermission || error.code == .noResponders else { throw explained(error, stream) }
      let modern = error
      do throws(NATSError) {
        let info = try jetStream.request(
          "CONSUMER.CREATE.\(stream)", configuration.json(delivery, inbox: inbox), as: ConsumerInfo.self)
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
