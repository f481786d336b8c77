// SPDX-License-Identifier: Apache-2.0

import Encoding
import JSON

/// One delivery of one message, taken out of libnats' memory.
struct WorkItem: Sendable {
  let subject: String
  /// Where acknowledgements go.
  let reply: String
  let payload: [UInt8]
  let headers: [(name: String, values: [String])]
  let metadata: DeliveryMetadata

  init?(_ message: borrowing Message) {
    guard let metadata = unsafe DeliveryMetadata(reply: message.replyBytes) else { return nil }
    self.metadata = metadata
    subject = message.subject
    reply = message.reply
    payload = unsafe Array(message.payload)
    headers = message.headers
  }

  /// Which try this is, from 1, by the server's count.
  var attempt: UInt64 { metadata.deliveries }

  func header(_ name: String) -> String? { headers.first { $0.name == name }?.values.first }

  /// A field of the payload as text.
  func field(_ path: FieldPath) -> [UInt8]? {
    let copy = PaddedBytes()
    let bytes = unsafe payload.withUnsafeBufferPointer { unsafe copy.copy($0) }
    return withExtendedLifetime(copy) {
      var scanner = PayloadScanner()
      unsafe scanner.scan(bytes)
      guard scanner.kind == .object || scanner.kind == .event, let base = bytes.baseAddress else {
        return nil
      }
      return unsafe path.text(in: RawJSON(line: base, count: bytes.count), isEvent: scanner.kind == .event)
    }
  }

  /// What the journal calls the message: its `event_id`, its message id, or where it lies.
  func identifier(in stream: String) -> String {
    if let path = FieldPath("event_id"), let text = field(path) {
      return String(decoding: text, as: UTF8.self)
    }
    return header("Nats-Msg-Id") ?? "\(stream).\(metadata.streamSequence)"
  }

  /// What the handler finds in its environment.
  func variables(_ queue: WorkQueue) -> [String] {
    let pairs = headers.map { header in
      let values = header.values.map(JSONText.string).joined(separator: ",")
      return "\(JSONText.string(header.name)):\(header.values.count == 1 ? values : "[\(values)]")"
    }
    return [
      "NATSWATCH_SUBJECT=\(subject)", "NATSWATCH_STREAM=\(queue.stream)",
      "NATSWATCH_DURABLE=\(queue.durable)",
      "NATSWATCH_SEQUENCE=\(metadata.streamSequence)", "NATSWATCH_ATTEMPT=\(attempt)",
      "NATSWATCH_TIME=\(RFC3339.text(nanoseconds: metadata.time))", "NATSWATCH_PENDING=\(metadata.pending)",
      "NATSWATCH_MSG_ID=\(header("Nats-Msg-Id") ?? "")",
      "NATSWATCH_HEADERS={\(pairs.joined(separator: ","))}",
    ]
  }

  /// The handler's arguments: `{subject}` and `{token:N}` (from 1) are filled in.
  func arguments(_ command: [String]) -> [String] {
    let tokens = subject.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
    return command.enumerated().map { index, argument in
      guard index > 0, argument.contains("{") else { return argument }
      var result = WorkSettings.replacing("{subject}", in: argument, with: subject)
      for (number, token) in tokens.enumerated() {
        result = WorkSettings.replacing("{token:\(number + 1)}", in: result, with: token)
      }
      return result
    }
  }

  /// The message as a dead letter, with why and whence in its headers.
  func deadLetter(to subject: String, reason: String, queue: WorkQueue) -> PublishWindow.Entry {
    var entry = PublishWindow.Entry(
      subject: subject, payload: payload,
      identifier: "natswatch-dlq.\(queue.stream).\(queue.epoch).\(metadata.streamSequence)")
    for header in headers where !header.name.hasPrefix("Nats-") && !header.name.hasPrefix("Natswatch-") {
      entry.headers += header.values.map { PublishWindow.Header(name: header.name, value: $0) }
    }
    // A header's value is one line.
    let line = String(reason.map { $0.isNewline ? " " : $0 })
    entry.headers += [
      PublishWindow.Header(name: "Natswatch-Error", value: line),
      PublishWindow.Header(name: "Natswatch-Attempts", value: "\(attempt)"),
      PublishWindow.Header(name: "Natswatch-Original-Subject", value: self.subject),
      PublishWindow.Header(name: "Natswatch-Stream", value: queue.stream),
      PublishWindow.Header(name: "Natswatch-Sequence", value: "\(metadata.streamSequence)"),
      PublishWindow.Header(name: "Natswatch-Time", value: RFC3339.text(nanoseconds: metadata.time)),
    ]
    return entry
  }
}
