// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials
import JSON
import Process

/// The durable pull consumer that any number of processes share.
struct WorkQueue: Sendable {
  let stream: String
  let durable: String
  /// The stream's identity.
  let epoch: String
  /// The one the consumer really has; it may have been there before us.
  let ackWait: Duration

  /// Finds the consumer or creates it, and checks that dead letters have somewhere to go.
  ///
  /// - Throws: `notFound`, `refused` and `badSettings`, with what to do.
  static func open(_ settings: WorkSettings, on jetStream: JetStream) throws(NATSError) -> WorkQueue {
    let stream: String
    if let name = settings.stream {
      stream = name
    } else {
      stream = try jetStream.findStream(for: settings.subjects)
    }
    let info = try jetStream.streamInfo(stream)
    if let letters = settings.deadLetters { try check(letters, settings, info, jetStream) }
    var consumer = try jetStream.consumerInfo(settings.durable, of: stream)
    if consumer == nil { consumer = try create(settings, stream, jetStream) }
    guard let consumer else {
      throw NATSError(.unavailable, "the consumer \(settings.durable) cannot be had")
    }
    let filters = consumer.config.filter_subjects ?? consumer.config.filter_subject.map { [$0] } ?? [">"]
    guard Set(filters) == Set(settings.subjects.map(\.description)) || settings.subjects.isEmpty else {
      throw NATSError(
        .badSettings,
        "the consumer \(settings.durable) of \(stream) has other subjects (\(filters.joined(separator: " "))): "
          + "use another --durable name, or delete it")
    }
    guard consumer.config.ack_policy == "explicit", consumer.config.deliver_subject == nil else {
      throw NATSError(
        .badSettings,
        "the consumer \(settings.durable) of \(stream) is none to pull from with acknowledgement: "
          + "use another --durable name")
    }
    let wait = consumer.config.ack_wait.map { Duration.nanoseconds($0) } ?? settings.ackWait
    return WorkQueue(stream: stream, durable: settings.durable, epoch: info.epoch, ackWait: wait)
  }

  private static func create(
    _ settings: WorkSettings, _ stream: String, _ jetStream: JetStream
  ) throws(NATSError) -> ConsumerInfo {
    let filters = SubjectPattern.withoutCovered(settings.subjects).map { JSONText.string($0.description) }
    let filter =
      filters.count == 1
      ? "\"filter_subject\":\(filters[0])" : "\"filter_subjects\":[\(filters.joined(separator: ","))]"
    // max_deliver stays without limit: a crash in the last delivery would strand the message outside the dead letters.
    let body = """
      {"stream_name":\(JSONText.string(stream)),"config":{"durable_name":\(JSONText.string(settings.durable)),\
      "deliver_policy":"all","ack_policy":"explicit","ack_wait":\(settings.ackWait.nanoseconds),"max_deliver":-1,\
      "replay_policy":"instant",\(filter)}}
      """
    let consumer = try jetStream.request(
      "CONSUMER.DURABLE.CREATE.\(stream).\(settings.durable)", body, as: ConsumerInfo.self)
    guard filters.count == 1 || consumer.config.filter_subjects?.count == filters.count else {
      jetStream.deleteConsumer(settings.durable, of: stream)
      throw NATSError(
        .refused,
        "the server knows one subject a consumer only (before 2.10): run one natswatch work a subject")
    }
    return consumer
  }

  /// Dead letters that the stream itself captures would come back as work, and ones that nobody captures be lost.
  private static func check(
    _ letters: String, _ settings: WorkSettings, _ info: StreamInfo, _ jetStream: JetStream
  ) throws(NATSError) {
    for subject in settings.subjects {
      let text = WorkSettings.replacing("{subject}", in: letters, with: subject.description)
      guard let pattern = SubjectPattern(text) else {
        throw NATSError(.badSettings, "--dlq \(letters): \"\(text)\" is no subject")
      }
      if settings.subjects.contains(where: { $0.overlaps(pattern) }) {
        throw NATSError(
          .badSettings, "--dlq \(letters): dead letters on \(pattern) would be taken for work again")
      }
      let captured = (info.config.subjects ?? []).compactMap(SubjectPattern.init)
      if captured.contains(where: { $0.overlaps(pattern) }) {
        throw NATSError(
          .badSettings,
          "--dlq \(letters): the stream \(info.config.name) itself captures \(pattern): "
            + "choose a subject of another stream")
      }
      guard try !jetStream.streamNames(capturing: pattern.description).isEmpty else {
        throw NATSError(
          .notFound,
          "--dlq \(letters): no stream captures \(pattern), dead letters would be lost: create one, "
            + "or say --dlq none to drop them")
      }
    }
  }
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
