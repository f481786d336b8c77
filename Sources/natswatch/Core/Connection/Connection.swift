// SPDX-License-Identifier: Apache-2.0

import CNATS
import Glibc
import Process
import Synchronization

/// A connection to NATS, through libnats, whose socket an ``EventLoop`` drives. A lost connection is not
/// reconnected; ``Session/replace(_:)`` makes another.
///
/// Any thread may publish and make requests. All replies come to one standing inbox, whose last token names the request.
/// `@unchecked Sendable`: libnats guards the handle with a lock of its own, and the loop destroys it after `deinit`.
@safe package final class Connection: @unchecked Sendable {
  let settings: ConnectionSettings
  let handle: OpaquePointer
  let loop: EventLoop
  let state = ConnectionState()
  /// The first tokens of all subjects that only this connection subscribes to.
  private let inboxRoot: String
  /// The inbox of replies, without the last token. No other inbox may match it.
  private var replies: String { "\(inboxRoot).replies" }
  private let inboxes = Atomic<Int>(0)

  /// Connects once.
  ///
  /// - Throws: `unavailable` if no server answers, `noPermission` if the server refuses us, `badSettings` for
  ///   unreadable files and failed TLS handshakes.
  init(_ settings: ConnectionSettings) throws(NATSError) {
    self.settings = settings
    inboxRoot = "\(settings.inboxPrefix).\(Self.randomToken())"
    loop = EventLoop(state: state)
    let options = try ConnectionOptions(settings, state: state)
    unsafe loop.install(in: options.pointer)
    var handle: OpaquePointer?
    let deadline = ConnectDeadline(servers: settings.servers)
    let (status, isLate) = deadline.run { unsafe options.connect(&handle) }
    guard status == NATS_OK, let handle = unsafe handle else {
      if isLate { throw ConnectFailure.late(settings) }
      throw ConnectFailure(status, detail: unsafe String(cString: cnats_last_error()), settings).error
    }
    unsafe self.handle = handle
    loop.start()
    try subscribeToReplies()
  }

  deinit { loop.stop() }

  private func subscribeToReplies() throws(NATSError) {
    var pointer: OpaquePointer?
    let status = unsafe natsConnection_Subscribe(
      &pointer, handle, "\(replies).*",
      { _, _, message, closure in
        guard let message = unsafe message else { return }
        let received = unsafe Message(owning: message)
        unsafe ConnectionState.named(closure)?.reply(received)
      }, UnsafeMutableRawPointer(bitPattern: state.identifier))
    guard status == NATS_OK, let pointer = unsafe pointer else {
      throw NATSError(.unavailable, "subscribe to \(replies).*: \(plainText(status))")
    }
    unsafe natsSubscription_SetPendingLimits(pointer, -1, -1)
    unsafe loop.keep(pointer)
  }

  /// The reason why the connection was lost; nil while it works.
  var loss: ConnectionState.Loss? { state.loss }

  /// The first tokens of a new, unique inbox.
  func newInbox() -> String { "\(inboxRoot).\(inboxes.wrappingAdd(1, ordering: .relaxed).newValue)" }

  // MARK: - Publishing

  /// Publishes without acknowledgement.
  @discardableResult
  func publish(_ payload: [UInt8] = [], to subject: String, reply: String? = nil) -> Bool {
    let status = unsafe payload.withUnsafeBytes { bytes in
      guard let reply else {
        return unsafe natsConnection_Publish(handle, subject, bytes.baseAddress, Int32(bytes.count))
      }
      return unsafe natsConnection_PublishRequest(
        handle, subject, reply, bytes.baseAddress, Int32(bytes.count))
    }
    return status == NATS_OK
  }

  /// Waits until the server has processed everything that was published.
  @discardableResult
  func flush(milliseconds: Int64) -> Bool {
    unsafe natsConnection_FlushTimeout(handle, milliseconds) == NATS_OK
  }

  /// Published bytes that have not been written to the socket.
  var unsentBytes: Int { Int(unsafe natsConnection_Buffered(handle)) }

  /// The server's `max_payload` in bytes, which includes headers.
  var payloadLimit: Int { Int(unsafe natsConnection_GetMaxPayload(handle)) }

  // MARK: - Requests

  /// Sends a request and waits for its reply. Throws at once for a denied permission, a lost connection and a
  /// request to end.
  ///
  /// - Parameters:
  ///   - subject: The subject of the request.
  ///   - payload: The body of the request.
  ///   - what: The name of the request in messages.
  ///   - timeout: The time limit for the reply; ten times as long while large messages arrive before it.
  ///   - shutdown: If given, a request to end ends the wait.
  /// - Returns: The reply's payload.
  /// - Throws: `unavailable`, `noResponders`, `noPermission`, `interrupted`.
  func request(
    _ subject: String, _ payload: [UInt8], what: String, timeout: Duration, shutdown: Shutdown?
  ) throws(NATSError) -> [UInt8] {
    let descriptor = cnats_event()
    guard descriptor >= 0 else { throw NATSError(.unavailable, "\(what): \(systemMessage(errno))") }
    defer { close(descriptor) }
    let denialsBefore = state.denialCount
    let token = state.expectReply(signalling: descriptor)
    // Removed before the descriptor is closed, so that nothing signals it afterwards.
    defer { state.forget(token) }
    let started = ContinuousClock.now
    var lastArrival = started
    var reception = Reception(loop)
    guard publish(payload, to: subject, reply: "\(replies).\(token)") else {
      throw NATSError(.unavailable, "\(what): not connected to the server")
    }
    loop.takeOver()
    while true {
      if let reply = state.takeReply(token) {
        guard case .payload(let payload) = reply else {
          throw NATSError(.noResponders, "\(what): no service answers on \(subject)")
        }
        return payload
      }
      if let denial = state.inboxDenial(under: inboxRoot) {
        throw NATSError.denied(denial, what)
      }
      if let denial = state.denial(after: denialsBefore, naming: [subject]) {
        throw NATSError.denied(denial, what)
      }
      if let loss {
        throw NATSError(
          loss.isAuthentication ? .noPermission : .unavailable, "\(what): connection lost: \(loss.reason)")
      }
      if shutdown?.cause != nil { throw NATSError(.interrupted, "\(what): interrupted") }
      let now = ContinuousClock.now
      if reception.isReceiving {
        lastArrival = now
        reception.mark()
      }
      let rest = min(timeout - (now - lastArrival), timeout * 10 - (now - started))
      guard rest > .zero else {
        throw NATSError(.unavailable, "\(what): no response within \(DurationText.print(timeout))")
      }
      wait(descriptor, shutdown, Int32(clamping: min(rest.milliseconds + 1, 100)))
      loop.endWait()
    }
  }

  private func wait(_ descriptor: Int32, _ shutdown: Shutdown?, _ milliseconds: Int32) {
    // poll(2) ignores a descriptor of -1.
    var waits = [
      pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0),
      pollfd(fd: shutdown?.eventDescriptor ?? -1, events: Int16(POLLIN), revents: 0),
    ]
    guard unsafe poll(&waits, 2, milliseconds) > 0, waits[0].revents != 0 else { return }
    var count: UInt64 = 0
    unsafe _ = read(descriptor, &count, 8)
  }

  // MARK: - The server

  /// The server's address without user and password; empty when the connection is lost.
  var connectedAddress: String {
    var buffer = [CChar](repeating: 0, count: 256)
    let status = unsafe buffer.withUnsafeMutableBufferPointer {
      unsafe natsConnection_GetConnectedUrl(handle, $0.baseAddress, $0.count)
    }
    guard status == NATS_OK else { return "" }
    return ConnectionSettings.withoutSecrets(
      String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self))
  }

  /// The servers of the cluster that the server has announced, besides those of the settings.
  var discoveredServers: [String] {
    var list: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
    var count: Int32 = 0
    guard unsafe natsConnection_GetDiscoveredServers(handle, &list, &count) == NATS_OK, let list = unsafe list
    else { return [] }
    defer { unsafe free(list) }
    return (0..<Int(count)).compactMap { index in
      guard let text = unsafe list[index] else { return nil }
      defer { unsafe free(text) }
      return unsafe String(cString: text)
    }
  }

  /// A unique token of 22 characters.
  static func randomToken() -> String {
    let alphabet = Array("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz".utf8)
    var generator = SystemRandomNumberGenerator()
    return String(
      decoding: (0..<22).map { _ in alphabet[Int(generator.next(upperBound: UInt(62)))] }, as: UTF8.self)
  }
}
