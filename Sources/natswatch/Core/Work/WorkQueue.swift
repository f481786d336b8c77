// SPDX-License-Identifier: Apache-2.0

import Encoding
import Events
import JSON
import Process

/// The durable pull consumer that any number of processes share.
struct WorkQueue: Sendable {
  let stream: String
  let durable: String
  /// The stream's identity.
  let epoch: String
  /// The second in which the consumer was created, which distinguishes it from an earlier one of the same
  /// name.
  ///
  /// Fractions are left out, because NATS 2.9 reports a slightly later time after a restart.
  let consumerEpoch: String
  /// The consumer's actual ack wait.
  let ackWait: Duration
  let replicas: Int
  /// How many messages one request may ask for, and how long the server may keep it.
  let pullLimit: Int?
  let pullExpiry: Duration
  /// Whether this run has created the consumer.
  let isNew: Bool
  /// What the user should know about the stream.
  let warning: String?

  /// The part of message ids of replies and dead letters that distinguishes durables of one stream.
  var identity: String { "\(stream).\(durable).\(consumerEpoch)" }

  /// The environment of every handler.
  var environment: [String] {
    ProcessEnvironment.all.filter { !$0.hasPrefix("NATSWATCH_") } + [
      "NATSWATCH_STREAM=\(stream)", "NATSWATCH_DURABLE=\(durable)",
    ]
  }

  /// Finds the consumer or creates it. Everything that may be refused is checked before it is created.
  ///
  /// - Throws: `notFound`, `refused`, `noPermission` and `badSettings`, with what to do.
  static func open(_ settings: WorkSettings, on jetStream: JetStream) throws(NATSError) -> WorkQueue {
    let stream = try settings.streamName(jetStream)
    let info = try jetStream.streamInfo(stream)
    try checkOutlets(settings, jetStream)
    if let consumer = try jetStream.consumerInfo(settings.durable, of: stream) {
      try check(consumer, settings, stream)
      return WorkQueue(info, consumer, settings, isNew: false)
    }
    return WorkQueue(info, try create(settings, stream, jetStream), settings, isNew: true)
  }

  private init(_ stream: StreamInfo, _ consumer: ConsumerInfo, _ settings: WorkSettings, isNew: Bool) {
    self.stream = stream.config.name
    durable = settings.durable
    epoch = stream.epoch
    let created = consumer.created ?? stream.created
    consumerEpoch = RFC3339.nanoseconds(created).map { String($0 / 1_000_000_000) } ?? stream.epoch
    ackWait =
      consumer.config.ack_wait.map { Duration.nanoseconds($0) } ?? settings.ackWait
      ?? WorkSettings.defaultAckWait
    replicas = max(1, stream.config.num_replicas ?? 1)
    pullLimit = consumer.config.max_batch.flatMap { $0 > 0 ? $0 : nil }
    let longest = consumer.config.max_expires.flatMap { $0 > 0 ? Duration.nanoseconds($0) : nil }
    pullExpiry = min(PullCredit.defaultExpiry, longest ?? PullCredit.defaultExpiry)
    self.isNew = isNew
    warning = stream.config.warning(about: settings.filters)
  }

  /// For a dry run, which creates no consumer.
  init(dryRunOn stream: StreamInfo, _ settings: WorkSettings) {
    self.stream = stream.config.name
    durable = settings.durable
    epoch = stream.epoch
    consumerEpoch = stream.epoch
    ackWait = WorkSettings.defaultAckWait
    replicas = 1
    pullLimit = nil
    pullExpiry = PullCredit.defaultExpiry
    isNew = false
    warning = stream.config.warning(about: settings.filters)
  }

  // MARK: - A consumer that exists

  /// Refuses a consumer with other settings than this run's, and names the differences.
  private static func check(
    _ consumer: ConsumerInfo, _ settings: WorkSettings, _ stream: String
  ) throws(NATSError) {
    let configuration = consumer.config
    var differences: [String] = []
    if configuration.durable_name == nil { differences.append("it is ephemeral") }
    if configuration.priority_groups?.isEmpty == false {
      differences.append("it has priority groups, which are not supported")
    }
    let filters =
      configuration.filter_subjects ?? configuration.filter_subject.map { [$0] } ?? [">"]
    if Set(filters) != Set(settings.filters.map(\.description)) {
      differences.append(
        "its subjects are \(filters.joined(separator: " ")), not "
          + settings.filters.map(\.description).joined(separator: " "))
    }
    if configuration.ack_policy != "explicit" {
      differences.append("its ack policy is \(configuration.ack_policy ?? "none"), not explicit")
    }
    if configuration.deliver_subject != nil { differences.append("it is a push consumer") }
    if configuration.headers_only == true { differences.append("it delivers headers only") }
    if let limit = configuration.max_deliver, limit > 0 {
      differences.append("it stops after max_deliver \(limit) deliveries, and would leave messages unhandled")
    }
    if let asked = settings.ackWait, let nanoseconds = configuration.ack_wait,
      asked != .nanoseconds(nanoseconds)
    {
      differences.append(
        "its ack_wait is \(DurationText.print(.nanoseconds(nanoseconds))), not \(DurationText.print(asked))")
    }
    guard !differences.isEmpty else { return }
    throw NATSError(
      .badSettings,
      "the consumer \(settings.durable) of \(stream) exists with other settings: "
        + "\(differences.joined(separator: "; ")): use another --durable, or delete the consumer")
  }

  // MARK: - A new consumer

  private static func create(
    _ settings: WorkSettings, _ stream: String, _ jetStream: JetStream
  ) throws(NATSError) -> ConsumerInfo {
    let filters = settings.filters.map(\.description)
    let body = JSONWriter.object {
      $0.member("stream_name", stream)
      $0.key("config")
      $0.object {
        $0.member("durable_name", settings.durable)
        $0.member("name", settings.durable)
        $0.member("deliver_policy", "all")
        $0.member("ack_policy", "explicit")
        $0.member("ack_wait", (settings.ackWait ?? WorkSettings.defaultAckWait).nanoseconds)
        // No limit: a crash in the last delivery would strand the message outside the dead letters.
        $0.member("max_deliver", -1)
        $0.member("replay_policy", "instant")
        if filters.count == 1 {
          $0.member("filter_subject", filters[0])
        } else {
          $0.key("filter_subjects")
          $0.array { for filter in filters { $0.value(filter) } }
        }
      }
    }
    let consumer = try request(body, settings, stream, jetStream)
    guard filters.count == 1 || consumer.config.filter_subjects?.count == filters.count else {
      jetStream.deleteConsumer(settings.durable, of: stream)
      throw NATSError(
        .refused,
        "several subjects need NATS 2.10: run one natswatch work per subject, each with its own --durable")
    }
    return consumer
  }

  /// Creates the consumer by the request that every server supports or, if only that is permitted, by the one
  /// that names the filter subject.
  private static func request(
    _ body: [UInt8], _ settings: WorkSettings, _ stream: String, _ jetStream: JetStream
  ) throws(NATSError) -> ConsumerInfo {
    do throws(NATSError) {
      return try jetStream.request(
        "CONSUMER.DURABLE.CREATE.\(stream).\(settings.durable)", body, as: ConsumerInfo.self)
    } catch {
      if [JetStream.ErrorCode.workQueueOverlap, JetStream.ErrorCode.workQueueFilterRequired].contains(
        error.serverCode)
      {
        throw NATSError(
          .refused,
          "stream \(stream) is a work queue, and another consumer takes messages of these subjects: give its name "
            + "to --durable to share its work, or choose other subjects", serverCode: error.serverCode)
      }
      guard error.code == .noPermission, settings.filters.count == 1 else { throw error }
      do throws(NATSError) {
        return try jetStream.request(
          "CONSUMER.CREATE.\(stream).\(settings.durable).\(settings.filters[0])", body, as: ConsumerInfo.self)
      } catch let second {
        throw second.code == .noPermission ? error : second
      }
    }
  }

  // MARK: - Replies and dead letters

  /// Replies and dead letters that no stream captures would be lost, or waited for.
  private static func checkOutlets(_ settings: WorkSettings, _ jetStream: JetStream)
    throws(NATSError)
  {
    for outlet in settings.outlets where outlet.isStored {
      for pattern in try settings.patterns(of: outlet) {
        do throws(NATSError) {
          guard try jetStream.streamNames(capturing: pattern.description).isEmpty else { continue }
        } catch {
          // A user without this permission finds out with the first message.
          guard error.code == .noPermission else { throw error }
          return
        }
        throw NATSError(
          .notFound,
          "\(outlet.flag) \(outlet.subject): no stream captures \(pattern), and \(outlet.what) would be lost: "
            + "create a stream\(outlet.flag == "--dlq" ? ", or use --dlq none to drop them" : "")")
      }
    }
  }
}

extension WorkSettings {
  /// The named stream, or the one that captures the subjects.
  func streamName(_ jetStream: JetStream) throws(NATSError) -> String {
    if let stream { return stream }
    return try jetStream.findStream(for: subjects)
  }

  /// The consumer's filter subjects, without those that another one covers, which a server refuses.
  package var filters: [SubjectPattern] { SubjectPattern.withoutCovered(subjects) }
}

extension JetStream {
  /// Nil if there is no such consumer.
  func consumerInfo(_ consumer: String, of stream: String) throws(NATSError) -> ConsumerInfo? {
    do throws(NATSError) {
      return try request("CONSUMER.INFO.\(stream).\(consumer)", as: ConsumerInfo.self)
    } catch {
      guard error.serverCode == ErrorCode.consumerNotFound else { throw error }
      return nil
    }
  }
}
