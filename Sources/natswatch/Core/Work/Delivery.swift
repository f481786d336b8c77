// SPDX-License-Identifier: Apache-2.0

import Encoding
import Events
import JSON

/// A delivery of a message, copied out of the connection's memory.
struct Delivery: Sendable {
  let subject: String
  /// The subject for acknowledgements.
  var reply: String
  let payload: [UInt8]
  let headers: HeaderBlock.Headers
  let metadata: DeliveryMetadata

  init?(_ message: borrowing Message) {
    guard let metadata = unsafe DeliveryMetadata(reply: message.replyBytes) else { return nil }
    self.metadata = metadata
    subject = message.subject
    reply = message.reply
    payload = unsafe Array(message.payload)
    headers = message.headers
  }

  init(
    subject: String, reply: String = "", payload: [UInt8], headers: HeaderBlock.Headers = [],
    metadata: DeliveryMetadata
  ) {
    self.subject = subject
    self.reply = reply
    self.payload = payload
    self.headers = headers
    self.metadata = metadata
  }

  var sequence: UInt64 { metadata.streamSequence }

  func header(_ name: String) -> String? { headers.first { $0.name == name }?.values.first?.text }

  /// A field of the payload as text.
  func field(_ path: PathPattern) -> [UInt8]? {
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

  private static let eventIdentifier = try? PathPattern("event_id")

  /// The message's name in the journal: its `event_id`, its message id, or its position in the stream.
  func identifier(in stream: String) -> String {
    if let path = Self.eventIdentifier, let text = field(path) {
      return String(decoding: text, as: UTF8.self)
    }
    return header("Nats-Msg-Id") ?? "\(stream).\(sequence)"
  }

  /// The environment of the handler of this message.
  func environment(_ queue: WorkQueue, attempt: UInt64) -> [String] {
    return queue.environment + [
      "NATSWATCH_SUBJECT=\(subject)", "NATSWATCH_SEQUENCE=\(sequence)",
      "NATSWATCH_ATTEMPT=\(attempt)",
      "NATSWATCH_TIME=\(RFC3339.text(nanoseconds: metadata.time))",
      "NATSWATCH_PENDING=\(metadata.pending)",
      "NATSWATCH_MSG_ID=\(header("Nats-Msg-Id") ?? "")",
    ] + [headerVariable].filter { $0.utf8.count < Self.variableLimit }
  }

  /// The system refuses to start a command with a longer variable (MAX_ARG_STRLEN, execve(2)).
  private static let variableLimit = 128 << 10

  private var headerVariable: String {
    var writer = JSONWriter()
    writer.object(headers) { $0.text }
    return "NATSWATCH_HEADERS=" + String(decoding: writer.bytes, as: UTF8.self)
  }

  /// The handler's arguments, with `{subject}` and `{token:N}` (from 1) filled in.
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
}
