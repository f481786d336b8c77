// SPDX-License-Identifier: Apache-2.0

import Encoding
import FoundationEssentials
import JSON
import Lines
import Process

/// `--dry-run`: prints the messages that would be handled. It reads the stream message by message, without a consumer,
/// so that nothing changes: not the durable, not the tries, not a work queue.
struct DryRun {
  let settings: WorkSettings
  let session: Session
  let untilNow: Bool

  func run() throws -> ExitStatus {
    let (connection, (queue, start)) = try session.untilAnswered { jetStream throws(NATSError) in
      try position(jetStream)
    }
    let maker = LineMaker(queue)
    let output = OutputWriter(shutdown: session.shutdown)
    session.shutdown.interruptWrites()
    var reader = StreamReader(
      JetStream(connection: connection, shutdown: session.shutdown), queue.stream, filters: settings.filters,
      from: start)
    while session.shutdown.cause == nil {
      var delivery: Delivery?
      var isAtEnd = false
      do throws(NATSError) {
        delivery = try reader.next()
        isAtEnd = delivery == nil
      } catch {
        guard error.isTransient else { throw error }
        session.diagnostics.debug("\(error)")
      }
      if let delivery {
        try output.append(maker.line(of: delivery))
        continue
      }
      if isAtEnd, untilNow { break }
      try output.flush()
      try session.pause(.milliseconds(250))
      if reader.jetStream.connection.loss != nil {
        reader.jetStream = JetStream(connection: try session.connect(), shutdown: session.shutdown)
      }
    }
    try output.flush()
    return .ok
  }

  /// The stream, and the first sequence that the durable has not acknowledged.
  private func position(_ jetStream: JetStream) throws(NATSError) -> (WorkQueue, UInt64) {
    let stream = try settings.streamName(jetStream)
    let info = try jetStream.streamInfo(stream)
    let consumer = try jetStream.consumerInfo(settings.durable, of: stream)
    return (WorkQueue(dryRunOn: info, settings), (consumer?.ack_floor?.stream_seq ?? 0) + 1)
  }
}

/// Reads the messages of a stream that match one of the subjects, in order, by a request for each.
struct StreamReader {
  private struct Answer: Decodable {
    struct Message: Decodable {
      var subject: String
      var seq: UInt64
      var hdrs: String?
      var data: String?
      var time: String
    }
    var message: Message
  }

  /// Replaced with the connection.
  var jetStream: JetStream
  private let stream: String
  private let filters: [SubjectPattern]
  private var position: UInt64
  /// The next message of each filter, as far as it was read.
  private var candidates: [Int: Answer.Message] = [:]

  init(_ jetStream: JetStream, _ stream: String, filters: [SubjectPattern], from position: UInt64) {
    self.jetStream = jetStream
    self.stream = stream
    self.filters = filters
    self.position = position
  }

  /// Nil when there is no further message now.
  mutating func next() throws(NATSError) -> Delivery? {
    for index in filters.indices where candidates[index] == nil {
      candidates[index] = try fetch(filters[index])
    }
    guard let (index, message) = candidates.min(by: { $0.value.seq < $1.value.seq }) else { return nil }
    candidates[index] = nil
    position = message.seq + 1
    return Delivery(
      subject: message.subject,
      payload: message.data.flatMap { Data(base64Encoded: $0) }.map(Array.init) ?? [],
      headers: Self.headers(message.hdrs.flatMap { Data(base64Encoded: $0) } ?? Data()),
      metadata: DeliveryMetadata(
        deliveries: 1, streamSequence: message.seq, consumerSequence: message.seq,
        time: RFC3339.nanoseconds(message.time) ?? 0, pending: 0))
  }

  private func fetch(_ filter: SubjectPattern) throws(NATSError) -> Answer.Message? {
    let body = "{\"seq\":\(position),\"next_by_subj\":\(JSONText.string(filter.description))}"
    do throws(NATSError) {
      return try jetStream.request("STREAM.MSG.GET.\(stream)", body, as: Answer.self).message
    } catch {
      // 10037: no such message.
      guard error.serverCode == 10037 else { throw error }
      return nil
    }
  }

  /// The header block of a message: a version line, then `Name: value` lines.
  static func headers(_ block: Data) -> [(name: String, values: [String])] {
    var result: [String: [String]] = [:]
    for line in String(decoding: block, as: UTF8.self).split(separator: "\r\n").dropFirst() {
      guard let colon = line.firstIndex(of: ":") else { continue }
      result[String(line[..<colon]), default: []].append(String(line[line.index(after: colon)...]).trimmed)
    }
    return result.map { ($0.key, $0.value) }.sorted { $0.0 < $1.0 }
  }
}
