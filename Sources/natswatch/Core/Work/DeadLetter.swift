// SPDX-License-Identifier: Apache-2.0

import Encoding

/// The message that is published for one whose tries are used up.
///
/// Its headers give the reason and the origin. If the original is so large that they do not fit, the least
/// important ones are left out first.
struct DeadLetter: Sendable {
  enum Form: Sendable, CaseIterable {
    /// The message's own headers and ours.
    case full
    /// Without the message's own headers, and with a short reason.
    case brief
    /// The payload only. Without an id, the server cannot recognise a repetition.
    case bare
    /// Without the payload, which is written to the journal.
    case withoutPayload
  }

  let delivery: Delivery
  let subject: String
  let reason: String
  let tries: UInt64
  let queue: WorkQueue

  func entry(_ form: Form) -> PublishWindow.Entry {
    var entry = PublishWindow.Entry(subject: subject, payload: delivery.payload, identifier: "")
    if form == .bare { return entry }
    entry.identifier = "natswatch-dlq.\(queue.identity).\(delivery.sequence)"
    if form == .full {
      for header in delivery.headers
      where !header.name.hasPrefix("Nats-") && !header.name.hasPrefix("Natswatch-") {
        entry.headers += header.values.map { PublishWindow.Header(name: header.name, value: $0) }
      }
    }
    // A header's value is one line.
    let line = String(reason.map { $0.isNewline ? " " : $0 }.prefix(form == .full ? 1_000 : 100))
    entry.headers += [
      PublishWindow.Header(name: "Natswatch-Error", value: line),
      PublishWindow.Header(name: "Natswatch-Attempts", value: "\(tries)"),
      PublishWindow.Header(name: "Natswatch-Original-Subject", value: delivery.subject),
      PublishWindow.Header(name: "Natswatch-Stream", value: queue.stream),
      PublishWindow.Header(name: "Natswatch-Durable", value: queue.durable),
      PublishWindow.Header(name: "Natswatch-Sequence", value: "\(delivery.sequence)"),
      PublishWindow.Header(name: "Natswatch-Time", value: RFC3339.text(nanoseconds: delivery.metadata.time)),
    ]
    if form == .withoutPayload {
      entry.payload = []
      entry.headers.append(PublishWindow.Header(name: "Natswatch-Payload", value: "in the journal"))
    }
    return entry
  }

  /// The most complete letter that fits the server's limit.
  ///
  /// - Parameters:
  ///   - limit: The server's limit in bytes.
  ///   - first: The most complete form to try.
  ///   - hasJournal: Whether a payload can be written to the journal.
  /// - Returns: Nil if none fits.
  func fitting(
    _ limit: Int, from first: Form = .full, hasJournal: Bool
  ) -> (form: Form, entry: PublishWindow.Entry)? {
    for form in Form.allCases.drop(while: { $0 != first }) where form != .withoutPayload || hasJournal {
      let entry = entry(form)
      if entry.wireSize <= limit { return (form, entry) }
    }
    return nil
  }
}

extension PublishWindow.Entry {
  /// Bytes of headers and payload, which together count against the server's `max_payload`.
  var wireSize: Int {
    guard !identifier.isEmpty || !headers.isEmpty else { return payload.count }
    // NATS/1.0 CRLF, `name: value` CRLF each, CRLF.
    var size = 12 + payload.count
    if !identifier.isEmpty { size += "Nats-Msg-Id: \r\n".utf8.count + identifier.utf8.count }
    for header in headers { size += header.name.utf8.count + header.value.bytes.count + 4 }
    return size
  }
}
