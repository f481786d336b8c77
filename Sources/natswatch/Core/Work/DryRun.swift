// SPDX-License-Identifier: Apache-2.0

import Encoding
import JSON
import Lines
import Process

/// `--dry-run`: prints the messages that would be handled. It reads the stream message by message, without a consumer,
/// so that nothing changes: not the durable, not the tries, not a work queue.
struct DryRun {
  let settings: WorkSettings
  let session: Session
  let health: HealthReporter
  let untilNow: Bool

  func run() throws -> ExitStatus {
    let (connection, (queue, start)) = try session.untilAnswered(reportingTo: health) {
      jetStream throws(NATSError) in
      try position(jetStream)
    }
    if let warning = queue.warning { session.diagnostics.warning(warning) }
    let maker = LineMaker(queue)
    let output = OutputWriter(shutdown: session.shutdown)
    session.shutdown.interruptWrites()
    let filter = settings.filter.map { MessageFilter($0, maker, session.diagnostics) }
    var duplicates = DuplicateFilter(window: settings.deduplicateFor)
    let started = ContinuousClock.now
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
        let isWanted = filter?.matches(delivery) ?? true
        if isWanted, !isDuplicate(delivery, &duplicates, now: ContinuousClock.now - started) {
          try output.append(maker.line(of: delivery))
        }
        continue
      }
      if isAtEnd, untilNow { break }
      try output.flush()
      try session.pause(.milliseconds(250))
      if reader.jetStream.connection.loss != nil {
        try health.disconnected()
        reader.jetStream = JetStream(connection: try session.connect(), shutdown: session.shutdown)
        try health.connected()
      }
    }
    try output.flush()
    return .ok
  }

  private func isDuplicate(
    _ delivery: Delivery, _ duplicates: inout DuplicateFilter, now: Duration
  ) -> Bool {
    guard let identifier = settings.deduplicateBy.flatMap({ delivery.field($0) }) else {
      return false
    }
    guard duplicates.begin(identifier, now: now) == .new else { return true }
    duplicates.end(identifier, succeeded: true, now: now)
    return false
  }

  /// The stream, and the first sequence that the durable has not acknowledged.
  private func position(_ jetStream: JetStream) throws(NATSError) -> (WorkQueue, UInt64) {
    let stream = try settings.streamName(jetStream)
    let info = try jetStream.streamInfo(stream)
    let consumer = try jetStream.consumerInfo(settings.durable, of: stream)
    return (WorkQueue(dryRunOn: info, settings), (consumer?.ack_floor ?? 0) + 1)
  }
}

/// Reads the messages of a stream that match one of the subjects, in order, by a request for each.
struct StreamReader {
  private struct Stored {
    let sequence: UInt64
    let delivery: Delivery
  }

  /// Replaced with the connection.
  var jetStream: JetStream
  private let stream: String
  private let filters: [SubjectPattern]
  private var position: UInt64
  /// The next message of each filter, if it was read already.
  private var candidates: [Int: Stored] = [:]

  init(_ jetStream: JetStream, _ stream: String, filters: [SubjectPattern], from position: UInt64) {
    self.jetStream = jetStream
    self.stream = stream
    self.filters = filters
    self.position = position
  }

  /// Nil if there are no more messages now.
  mutating func next() throws(NATSError) -> Delivery? {
    for index in filters.indices where candidates[index] == nil {
      candidates[index] = try fetch(filters[index])
    }
    guard let (index, message) = candidates.min(by: { $0.value.sequence < $1.value.sequence })
    else { return nil }
    candidates[index] = nil
    position = message.sequence + 1
    return message.delivery
  }

  private func fetch(_ filter: SubjectPattern) throws(NATSError) -> Stored? {
    guard let message = try jetStream.nextMessage(on: filter, from: position, of: stream) else { return nil }
    guard let subject = message["subject"]?.string, let sequence = message["seq"]?.unsigned else {
      throw NATSError(.refused, "STREAM.MSG.GET.\(stream): the response has no message")
    }
    let headers = Self.bytes(message["hdrs"])
    let metadata = DeliveryMetadata(
      deliveries: 1, streamSequence: sequence, consumerSequence: sequence,
      time: message["time"]?.string.flatMap(RFC3339.nanoseconds) ?? 0, pending: 0)
    return Stored(
      sequence: sequence,
      delivery: Delivery(
        subject: subject, payload: Self.bytes(message["data"]),
        headers: HeaderBlock.parse(headers.span) ?? [], metadata: metadata))
  }

  private static func bytes(_ base64: JSONValue?) -> [UInt8] {
    base64?.string.flatMap { Base64.decode($0.utf8) } ?? []
  }
}
