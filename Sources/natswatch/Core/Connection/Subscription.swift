// SPDX-License-Identifier: Apache-2.0

import CNATS
import Synchronization

/// A synchronous subscription, for one thread: the one that asks for its messages.
///
/// Without pending limits: how much the server sends ahead is bounded by flow control or by what was asked for, and
/// libnats' own limit would drop messages silently. `@unchecked Sendable`: libnats guards the handle with a lock of
/// its own, and it is destroyed only in `deinit`.
@safe final class Subscription: @unchecked Sendable {
  enum Next: ~Copyable {
    case message(Message)
    /// Nothing came within the time.
    case timedOut
    /// The subject that was asked has nobody who answers (status 503).
    case noResponders
    /// The subscription or its connection has been ended.
    case ended
  }

  let subject: String
  private let pointer: OpaquePointer
  private let bin: MessageBin?
  private let loop: EventLoop?
  private let number: Int64
  /// What has arrived through the loop and is to be handed out, from `position` on.
  private var messages: [WireMessage] = []
  private var position = 0

  fileprivate init(subject: String, pointer: OpaquePointer, bin: MessageBin?, loop: EventLoop?) {
    self.subject = subject
    unsafe self.pointer = pointer
    self.bin = bin
    self.loop = loop
    number = unsafe natsSubscription_GetID(pointer)
    loop?.open(number)
  }

  deinit { unsafe natsSubscription_Destroy(pointer) }

  /// The next message, waiting for at most `milliseconds`; 0 takes only what is at once available.
  ///
  /// Where the connection has an ``EventLoop``, it is turned at most once, which may bring something else.
  func next(milliseconds: Int64) -> Next {
    guard let loop else { return nextOfLibrary(milliseconds) }
    if position == messages.count, !refill(loop) {
      switch nextOfLibrary(0) {
      case .timedOut: break
      case let next: return next
      }
      loop.turn(milliseconds: milliseconds)
      guard refill(loop) else { return loop.loss == nil ? nextOfLibrary(0) : .ended }
    }
    let message = messages[position]
    position += 1
    return message.isNoResponders ? .noResponders : .message(Message(message))
  }

  /// Fetches what has arrived.
  private func refill(_ loop: EventLoop) -> Bool {
    // Without a message that points into it, the loop's block is filled again.
    messages.removeAll(keepingCapacity: true)
    position = 0
    loop.take(number, &messages)
    return !messages.isEmpty
  }

  private func nextOfLibrary(_ milliseconds: Int64) -> Next {
    if milliseconds > 0 { bin?.empty() }
    var message: OpaquePointer?
    switch unsafe natsSubscription_NextMsg(&message, pointer, milliseconds) {
    case NATS_OK:
      guard let message = unsafe message else { return .timedOut }
      return unsafe .message(Message(LibraryMessage(owning: message, bin: bin)))
    case NATS_TIMEOUT: return .timedOut
    case NATS_NO_RESPONDERS: return .noResponders
    default: return .ended
    }
  }

  /// Ends the subscription: no more messages come.
  func end() {
    loop?.close(number)
    unsafe natsSubscription_Unsubscribe(pointer)
  }
}

extension Connection {
  /// Subscribes to `subject`, usually an inbox of ours; `bin` is where many messages are expected.
  func subscribe(_ subject: String, bin: MessageBin? = nil) throws(NATSError) -> Subscription {
    var pointer: OpaquePointer?
    let status = unsafe natsConnection_SubscribeSync(&pointer, handle, subject)
    guard status == NATS_OK, let pointer = unsafe pointer else {
      throw NATSError(.unavailable, "subscribe to \(subject): \(statusText(status))")
    }
    unsafe natsSubscription_SetPendingLimits(pointer, -1, -1)
    return unsafe Subscription(subject: subject, pointer: pointer, bin: bin, loop: loop)
  }
}
