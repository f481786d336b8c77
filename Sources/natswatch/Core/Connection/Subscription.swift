// SPDX-License-Identifier: Apache-2.0

import CNATS
import Glibc
import Process

/// A subscription to one of the connection's inboxes, for the thread that takes its messages.
///
/// It lasts as long as the connection. Each request or published message has its own token under the inbox
/// (``subject(_:)``), which is the last token of its replies' subjects (``token(of:)``). There are no pending
/// limits: flow control and the number of requested messages bound what the server sends, and libnats' own
/// limit would drop messages silently.
@safe final class Subscription {
  enum Next: ~Copyable {
    case message(Message)
    /// No message arrived. The wait may have ended before its time: whoever waits for a message repeats it.
    case timedOut
    /// The subject of a request has no subscriber (status 503).
    case noResponders
    /// The connection is lost.
    case ended
  }

  /// The subject, or the part before its last token.
  let inbox: String
  private let pointer: OpaquePointer
  private let drivesLoop: Bool
  private let shutdown: Shutdown?
  let connection: Connection

  fileprivate init(
    inbox: String, pointer: OpaquePointer, connection: Connection, drivesLoop: Bool, shutdown: Shutdown?
  ) {
    self.inbox = inbox
    self.drivesLoop = drivesLoop
    self.shutdown = shutdown
    unsafe self.pointer = pointer
    self.connection = connection
  }

  /// The subject that is delivered here with `token` as its last token.
  func subject(_ token: UInt64) -> String { "\(inbox).\(token)" }

  /// The last token of a message's subject; nil if it is not a number.
  func token(of message: borrowing Message) -> UInt64? {
    let subject = unsafe message.subjectBytes
    var value: UInt64 = 0
    guard subject.count > inbox.utf8.count + 1, subject.count < inbox.utf8.count + 21 else { return nil }
    for index in inbox.utf8.count + 1..<subject.count {
      let digit = unsafe subject[index] &- UInt8(ascii: "0")
      guard digit < 10 else { return nil }
      value = value &* 10 &+ UInt64(digit)
    }
    return value
  }

  /// The next message, waiting for at most `milliseconds`; 0 does not wait.
  func next(milliseconds: Int64) -> Next {
    guard drivesLoop else { return take(milliseconds) }
    switch take(0) {
    case .timedOut: break
    case let next: return next
    }
    let isEnding = shutdown?.cause != nil
    connection.loop.turn(
      milliseconds: milliseconds, shutdown: isEnding ? -1 : shutdown?.eventDescriptor ?? -1)
    return take(0)
  }

  /// Asks the server to deliver nothing more here, so that it forgets the pull requests that are answered here. What is
  /// on its way still arrives: `natsSubscription_Unsubscribe` and `natsSubscription_AutoUnsubscribe` would drop it.
  func cancel() { unsafe _ = natsSubscription_DrainTimeout(pointer, 5_000) }

  private func take(_ milliseconds: Int64) -> Next {
    var message: OpaquePointer?
    switch unsafe natsSubscription_NextMsg(&message, pointer, milliseconds) {
    case NATS_OK:
      guard let message = unsafe message else { return .timedOut }
      return unsafe .message(Message(owning: message))
    case NATS_TIMEOUT: return connection.loss == nil ? .timedOut : .ended
    case NATS_NO_RESPONDERS: return .noResponders
    default: return .ended
    }
  }
}

extension Connection {
  /// Subscribes to a new inbox.
  ///
  /// - Parameters:
  ///   - isLiteral: Subscribe to the inbox itself, not to the tokens under it. A push consumer of servers 2.9
  ///     and 2.15 delivers only to a subscription to the exact subject, not to a wildcard that matches it.
  ///   - drivesLoop: The thread that takes the messages drives the socket while it waits; for one thread per
  ///     connection.
  ///   - shutdown: If given, a request to end ends such waits.
  /// - Returns: The subscription, which is destroyed with the connection.
  /// - Throws: `unavailable`.
  func subscribe(
    isLiteral: Bool = false, drivesLoop: Bool = false, shutdown: Shutdown? = nil
  ) throws(NATSError) -> Subscription {
    let inbox = newInbox()
    let subject = isLiteral ? inbox : "\(inbox).*"
    var pointer: OpaquePointer?
    let status = unsafe natsConnection_SubscribeSync(&pointer, handle, subject)
    guard status == NATS_OK, let pointer = unsafe pointer else {
      throw NATSError(.unavailable, "subscribe to \(subject): \(plainText(status))")
    }
    unsafe natsSubscription_SetPendingLimits(pointer, -1, -1)
    unsafe loop.keep(pointer)
    return unsafe Subscription(
      inbox: inbox, pointer: pointer, connection: self, drivesLoop: drivesLoop, shutdown: shutdown)
  }
}
