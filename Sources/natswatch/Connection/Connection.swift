// SPDX-License-Identifier: Apache-2.0

import CNATS
import Glibc
import Pipe
import Synchronization

/// A connection to NATS that comes back by itself, for ever.
///
/// libnats reports on threads of its own; what it says is put into ``state``, which every thread may read.
/// `@unchecked Sendable`: libnats guards the handle with a lock of its own, and it is destroyed only in `deinit`.
@safe final class Connection: @unchecked Sendable {
  /// What libnats' callbacks have told.
  struct State: Sendable {
    var isConnected = true
    /// Why the last connection was lost.
    var disconnectReason = ""
    /// The server's words for what it does not allow, and how often it has said such a thing.
    var denial: String?
    var denials = 0
    /// Set when the connection will not come back.
    var closedReason: String?
    var isAuthenticationLost = false
  }

  /// What callbacks write into. Kept alive by the connection and by the options' closure.
  final class Events: Sendable {
    let state = Mutex(State())
    /// Counts how often a lost connection came back: cheap to ask for each message.
    let reconnects = Atomic<Int>(0)
    let onChange: @Sendable (State) -> Void

    init(onChange: @escaping @Sendable (State) -> Void) { self.onChange = onChange }

    func change(_ body: (inout State) -> Void) {
      let changed = state.withLock { state in
        body(&state)
        return state
      }
      onChange(changed)
    }
  }

  let settings: ConnectionSettings
  let handle: OpaquePointer
  let events: Events
  private let inboxToken = Connection.randomToken()
  private let inboxes = Atomic<Int>(0)

  /// Connects once.
  ///
  /// - Parameters:
  ///   - settings: Where and as whom.
  ///   - onChange: Called on libnats' threads when the connection was lost, came back, or was denied something.
  /// - Throws: `unavailable` when nobody answers, `noPermission` when the server refused us, `badSettings` for files
  ///   that cannot be read and TLS that cannot be agreed on.
  init(
    _ settings: ConnectionSettings, onChange: @escaping @Sendable (State) -> Void = { _ in }
  ) throws(NATSError) {
    self.settings = settings
    events = Events(onChange: onChange)
    // libnats calls back on its threads even after the connection was destroyed: a connection's events stay for good.
    let kept = unsafe Unmanaged.passRetained(events)
    let options: ConnectionOptions
    do throws(NATSError) {
      options = try unsafe ConnectionOptions(settings, events: kept.toOpaque())
    } catch {
      unsafe kept.release()
      throw error
    }
    var handle: OpaquePointer?
    let status = unsafe natsConnection_Connect(&handle, options.pointer)
    guard status == NATS_OK, let handle = unsafe handle else {
      unsafe kept.release()
      throw Self.failure(status, unsafe String(cString: cnats_last_error()), settings)
    }
    unsafe self.handle = handle
  }

  deinit {
    unsafe natsConnection_Close(handle)
    unsafe natsConnection_Destroy(handle)
  }

  private static func failure(_ status: natsStatus, _ detail: String, _ settings: ConnectionSettings)
    -> NATSError
  {
    let text = detail.isEmpty ? statusText(status) : "\(statusText(status)) (\(detail))"
    let message = "connect to \(settings.servers.map(withoutSecrets).joined(separator: ",")): \(text)"
    switch status {
    case NATS_CONNECTION_AUTH_FAILED, NATS_NOT_PERMITTED:
      return NATSError(.noPermission, "\(message): check the user, token or key")
    case NATS_SSL_ERROR, NATS_SECURE_CONNECTION_REQUIRED, NATS_SECURE_CONNECTION_WANTED:
      return NATSError(.badSettings, "\(message): check NATS_TLS_ENABLED, --tls-ca, --tls-cert and --tls-key")
    case NATS_INVALID_ARG, NATS_ADDRESS_MISSING:
      return NATSError(.badSettings, message)
    default:
      let lowercased = detail.lowercased()
      if lowercased.contains("authorization violation") || lowercased.contains("authentication") {
        return NATSError(.noPermission, "\(message): check the user, token or key")
      }
      return NATSError(.unavailable, message)
    }
  }

  /// An address as it may be shown: without user and password.
  static func withoutSecrets(_ address: String) -> String {
    guard let at = address.lastIndex(of: "@") else { return address }
    let scheme =
      address.split(separator: "/", maxSplits: 1).first.map { $0.hasSuffix(":") ? "\($0)//" : "" } ?? ""
    return scheme + address[address.index(after: at)...]
  }

  var state: State { events.state.withLock { $0 } }
  var reconnects: Int { events.reconnects.load(ordering: .relaxed) }

  /// A subject that nobody else uses, under the inbox prefix.
  func newInbox() -> String {
    let number = inboxes.wrappingAdd(1, ordering: .relaxed).newValue
    return "\(settings.inboxPrefix).\(inboxToken).\(number)"
  }

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

  /// Waits until the server has seen all that was published.
  @discardableResult
  func flush(milliseconds: Int64) -> Bool {
    unsafe natsConnection_FlushTimeout(handle, milliseconds) == NATS_OK
  }

  /// The server that the connection leads to now, empty when it leads nowhere.
  var connectedAddress: String {
    var buffer = [CChar](repeating: 0, count: 256)
    let status = unsafe buffer.withUnsafeMutableBufferPointer {
      unsafe natsConnection_GetConnectedUrl(handle, $0.baseAddress, $0.count)
    }
    guard status == NATS_OK else { return "" }
    return Self.withoutSecrets(
      String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self))
  }

  /// The largest payload the server takes, in bytes.
  var payloadLimit: Int { Int(unsafe natsConnection_GetMaxPayload(handle)) }

  /// 22 characters that nobody else has.
  static func randomToken() -> String {
    let alphabet = Array("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz".utf8)
    var generator = SystemRandomNumberGenerator()
    return String(
      decoding: (0..<22).map { _ in alphabet[Int(generator.next(upperBound: UInt(62)))] }, as: UTF8.self)
  }
}
