// SPDX-License-Identifier: Apache-2.0

import Encoding
import Events
import FoundationEssentials
import JSON
import Process

/// The durable pull consumer that any number of processes share.
struct WorkQueue: Sendable {
  let stream: String
  let durable: String
  /// The stream's identity.
  let epoch: String
  /// The second in which the consumer was created, which tells it from an earlier one of the same name.
  ///
  /// No more of the time than that: NATS 2.9 tells a time that is some hundred microseconds later once it was restarted.
  let consumerEpoch: String
  /// The time that the consumer really gives a silent worker.
  let ackWait: Duration
  let replicas: Int
  /// Whether this run has created the consumer.
  let isNew: Bool

  /// What makes ids of replies and dead letters unique: two durables on one stream have different ones.
  var identity: String { "\(stream).\(durable).\(consumerEpoch)" }

  /// What every handler finds in its environment.
  var environment: [String] {
    ProcessEnvironment.all.filter { !$0.hasPrefix("NATSWATCH_") } + [
      "NATSWATCH_STREAM=\(stream)", "NATSWATCH_DURABLE=\(durable)",
    ]
  }

  /// Finds the consumer or creates it. Everything that can be refused is checked before it is created.
  ///
  /// - Throws: `notFound`, `refused`, `noPermission` and `badSettings`, with what to do.
  static func open(_ settings: WorkSettings, on jetStream: JetStream) throws(NATSError) -> WorkQueue {
    let stream = try settings.streamName(jetStream)
    let info = try jetStream.streamInfo(stream)
    try checkDeadLetters(settings, jetStream)
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
    self.isNew = isNew
  }

  /// For a dry run, which makes no consumer.
  init(dryRunOn stream: StreamInfo, _ settings: WorkSettings) {
    self.stream = stream.config.name
    durable = settings.durable
    epoch = stream.epoch
    consumerEpoch = stream.epoch
    ackWait = WorkSettings.defaultAckWait
    replicas = 1
    isNew = false
  }

  // MARK: - A consumer that exists

  /// Refuses a consumer that would not do what this run asks for, and names what differs.
  private static func check(
    _ consumer: ConsumerInfo, _ settings: WorkSettings, _ stream: String
  ) throws(NATSError) {
    let configuration = consumer.config
    var differences: [String] = []
    let filters = configuration.filter_subjects ?? configuration.filter_subject.map { [$0] } ?? [">"]
    if Set(filters) != Set(settings.filters.map(\.description)) {
      differences.append("its subjects are \(filters.joined(separator: " "))")
    }
    if configuration.ack_policy != "explicit" {
      differences.append("its ack policy is \(configuration.ack_policy ?? "none"), not explicit")
    }
    if configuration.deliver_subject != nil { differences.append("it pushes messages") }
    if configuration.headers_only == true { differences.append("it delivers headers only") }
    if let limit = configuration.max_deliver, limit > 0 {
      differences.append("it gives up after max_deliver \(limit) deliveries, which would strand messages")
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
    let filters = settings.filters.map { JSONText.string($0.description) }
    let filter =
      filters.count == 1
      ? "\"filter_subject\":\(filters[0])" : "\"filter_subjects\":[\(filters.joined(separator: ","))]"
    let ackWait = settings.ackWait ?? WorkSettings.defaultAckWait
    // max_deliver stays without limit: a crash in the last delivery would strand the message outside the dead letters.
    let body = """
      {"stream_name":\(JSONText.string(stream)),"config":{"durable_name":\(JSONText.string(settings.durable)),\
      "name":\(JSONText.string(settings.durable)),"deliver_policy":"all","ack_policy":"explicit",\
      "ack_wait":\(ackWait.nanoseconds),"max_deliver":-1,"replay_policy":"instant",\(filter)}}
      """
    let consumer = try request(body, settings, stream, jetStream)
    guard filters.count == 1 || consumer.config.filter_subjects?.count == filters.count else {
      jetStream.deleteConsumer(settings.durable, of: stream)
      throw NATSError(
        .refused,
        "this server knows one subject per consumer (several need NATS 2.10): "
          + "run one natswatch work per subject, each with its own --durable")
    }
    return consumer
  }

  /// Creates the consumer by the request that every server knows, or, where only that is allowed, by the one that names
  /// the subject.
  private static func request(
    _ body: String, _ settings: WorkSettings, _ stream: String, _ jetStream: JetStream
  ) throws(NATSError) -> ConsumerInfo {
    do throws(NATSError) {
      return try jetStream.request(
        "CONSUMER.DURABLE.CREATE.\(stream).\(settings.durable)", body, as: ConsumerInfo.self)
    } catch {
      guard error.code == .noPermission, settings.filters.count == 1 else { throw error }
      do throws(NATSError) {
        return try jetStream.request(
          "CONSUMER.CREATE.\(stream).\(settings.durable).\(settings.filters[0])", body, as: ConsumerInfo.self)
      } catch let second {
        throw second.code == .noPermission ? error : second
      }
    }
  }

  // MARK: - Dead letters

  /// Dead letters that no stream captures would be lost.
  private static func checkDeadLetters(_ settings: WorkSettings, _ jetStream: JetStream) throws(NATSError) {
    guard let letters = settings.deadLetters, !settings.isDryRun else { return }
    for pattern in try settings.deadLetterPatterns() {
      do throws(NATSError) {
        guard try jetStream.streamNames(capturing: pattern.description).isEmpty else { continue }
      } catch {
        // Who may not ask finds out with the first dead letter.
        guard error.code == .noPermission else { throw error }
        return
      }
      throw NATSError(
        .notFound,
        "--dlq \(letters): no stream captures \(pattern), so that dead letters would be lost: create one, "
          + "or say --dlq none to drop them")
    }
  }
}

extension WorkSettings {
  /// Where dead letters may go.
  ///
  /// - Throws: `badUsage` for a subject that is none, and for one that would come back as work.
  package func deadLetterPatterns() throws(NATSError) -> [SubjectPattern] {
    guard let deadLetters else { return [] }
    var patterns: [SubjectPattern] = []
    for subject in subjects {
      let text = Self.replacing("{subject}", in: deadLetters, with: subject.description)
      guard let pattern = SubjectPattern(text) else {
        throw NATSError(.badUsage, "--dlq \(deadLetters): \"\(text)\" is not a subject")
      }
      if let filter = subjects.first(where: { $0.overlaps(pattern) }) {
        throw NATSError(
          .badUsage,
          "--dlq \(deadLetters): dead letters on \(pattern) would be taken for work again by \(filter)")
      }
      patterns.append(pattern)
    }
    return patterns
  }

  /// The stream that is named, or the one that has the subjects.
  func streamName(_ jetStream: JetStream) throws(NATSError) -> String {
    if let stream { return stream }
    return try jetStream.findStream(for: subjects)
  }

  /// The consumer's filter: without subjects that another one covers, which a server refuses.
  package var filters: [SubjectPattern] { SubjectPattern.withoutCovered(subjects) }
}

extension JetStream {
  /// Nil when there is no such consumer.
  func consumerInfo(_ consumer: String, of stream: String) throws(NATSError) -> ConsumerInfo? {
    do throws(NATSError) {
      return try request("CONSUMER.INFO.\(stream).\(consumer)", as: ConsumerInfo.self)
    } catch {
      guard error.serverCode == ErrorCode.consumerNotFound else { throw error }
      return nil
    }
  }
}
