// SPDX-License-Identifier: Apache-2.0

import CNATS
import Glibc
package import Process
import Synchronization

/// A connection to NATS: one that libnats reads, and that comes back by itself for ever, or one with an ``EventLoop``,
/// which its user turns and makes anew.
///
/// libnats reports on threads of its own; what it says is put into ``state``, which every thread may read.
/// `@unchecked Sendable`: libnats guards the handle with a lock of its own, and it is destroyed only in `deinit`.
@safe package final class Connection: @unchecked Sendable {
  /// Who reads the socket.
  package enum Reader: Sendable {
    /// libnats, on a thread of its own; it also brings a lost connection back.
    case library
    /// Who calls ``Subscription/next(milliseconds:)``, through an ``EventLoop``; the request to end ends its waits.
    case caller(Shutdown?)
  }

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
  let loop: EventLoop?
  private let inboxToken = Connection.randomToken()
  private let inboxes = Atomic<Int>(0)

  /// Connects once.
  ///
  /// - Parameters:
  ///   - settings: Where and as whom.
  ///   - reader: Who reads.
  ///   - onChange: Called on libnats' threads when the connection was lost, came back, or was denied something.
  /// - Throws: `unavailable` when nobody answers, `noPermission` when the server refused us, `badSettings` for files
  ///   that cannot be read and TLS that cannot be agreed on.
  init(
    _ settings: ConnectionSettings, reader: Reader = .library,
    onChange: @escaping @Sendable (State) -> Void = { _ in }
  ) throws(NATSError) {
    _ = Self.library
    self.settings = settings
    events = Events(onChange: onChange)
    switch reader {
    case .library: loop = nil
    case .caller(let shutdown): loop = EventLoop(shutdown: shutdown, events: events)
    }
    // libnats calls back on its threads even after the connection was destroyed: a connection's events stay for good.
    let kept = unsafe Unmanaged.passRetained(events)
    let options: ConnectionOptions
    do throws(NATSError) {
      options = try unsafe ConnectionOptions(settings, events: kept.toOpaque(), loop: loop)
    } catch {
      unsafe kept.release()
      throw error
    }
    var handle: OpaquePointer?
    let status = unsafe natsConnection_Connect(&handle, options.pointer)
    guard status == NATS_OK, let handle = unsafe handle else {
      loop?.end()
      unsafe kept.release()
      throw Self.failure(status, unsafe String(cString: cnats_last_error()), settings)
    }
    unsafe self.handle = handle
  }

  deinit {
    // What still waits (the end of a subscription) libnats would send, and wait half a second for an answer.
    loop?.turn(milliseconds: 0)
    loop?.end()
    unsafe natsConnection_Close(handle)
    unsafe natsConnection_Destroy(handle)
  }

  /// Starts libnats once, with its threads in the batch class (sched(7)): the one that frees messages is woken for
  /// each of them, and would otherwise take the processor from the thread that gives them back.
  private static let library: natsStatus = {
    var parameter = sched_param()
    let batch: Int32 = 3  // SCHED_BATCH, which the importer leaves out
    unsafe sched_setscheduler(0, batch, &parameter)
    defer { unsafe sched_setscheduler(0, SCHED_OTHER, &parameter) }
    return nats_Open(-1)
  }()

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

  /// Why the connection will not come back; nil while it is there, or may come back by itself.
  var lossReason: String? {
    if let loss = loop?.loss { return loss }
    guard unsafe natsConnection_IsClosed(handle) else { return nil }
    return unsafe ConnectionOptions.lastError(handle)
  }

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

  /// Waits until the server has seen all that was published. Not for a connection with an ``EventLoop``, whose answer
  /// nobody would read.
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

  /// How much has been published and waits for the socket to take it, in bytes.
  var unsentBytes: Int { Int(unsafe natsConnection_Buffered(handle)) }

  /// Why a connection that does not answer should be given up: it is lost, or nothing has come for half a minute.
  var doubt: String? {
    if let reason = lossReason { return reason }
    guard let silence = loop?.silence, silence > .seconds(30) else { return nil }
    return "nothing has come from the server for \(DurationText.print(silence))"
  }

  /// The servers of the cluster that the server has named, beside those of the settings.
  var discoveredServers: [String] { namedAtFirst + (loop?.servers.map { "nats://\($0)" } ?? []) }

  private var namedAtFirst: [String] {
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
