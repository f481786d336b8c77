// SPDX-License-Identifier: Apache-2.0

import CNATS

extension Connection {
  /// Publishes a message with headers; the acknowledgement is sent to `reply`.
  ///
  /// - Throws: `unavailable` if libnats did not accept it, `refused` if it is larger than the server allows.
  func publish(_ entry: PublishWindow.Entry, reply: String) throws(NATSError) {
    var created: OpaquePointer?
    let status = unsafe entry.payload.withUnsafeBytes { bytes in
      unsafe natsMsg_Create(
        &created, entry.subject, reply, bytes.baseAddress?.assumingMemoryBound(to: CChar.self),
        Int32(bytes.count))
    }
    guard status == NATS_OK, let pointer = unsafe created else {
      throw NATSError(.refused, "publish to \(entry.subject): \(plainText(status))")
    }
    let message = unsafe Message(owning: pointer)
    if !entry.identifier.isEmpty {
      _ = unsafe natsMsgHeader_Set(message.pointer, "Nats-Msg-Id", entry.identifier)
    }
    for header in entry.headers {
      let value = header.value.bytes.map { CChar(bitPattern: $0) } + [0]
      _ = unsafe natsMsgHeader_Add(message.pointer, header.name, value)
    }
    switch unsafe natsConnection_PublishMsg(handle, message.pointer) {
    case NATS_OK: return
    case NATS_MAX_PAYLOAD:
      throw NATSError(
        .refused,
        "publish to \(entry.subject): the payload has \(entry.payload.count) bytes, and the server accepts at most \(payloadLimit)"
      )
    case let other: throw NATSError(.unavailable, "publish to \(entry.subject): \(plainText(other))")
    }
  }
}
