// SPDX-License-Identifier: Apache-2.0

import CNATS
import Glibc
import Process
import Synchronization

/// The event loop of one connection, turned by the thread that wants its messages (`natsOptions_SetEventLoop`).
///
/// libnats connects, proves who we are, and writes; a plain socket is read here (``WireReader``), one with TLS by
/// libnats. A message so goes from the socket to a line on one thread, and what that thread does not take stays with
/// the server. A connection that is lost stays lost: make another.
///
/// While the thread is held up elsewhere, above all in a write to a reader who does not read, a second thread reads
/// on: the server, which sends ahead as far as flow control lets it, would cut off a client that takes nothing for
/// 10 seconds, and PING wants its PONG.
@safe final class EventLoop: Sendable {
  /// `@unchecked Sendable`: libnats guards its handle with a lock of its own.
  @safe private struct State: @unchecked Sendable {
    var connection: OpaquePointer?
    var socket: Int32 = -1
    var reader = WireReader()
    /// Whether the socket has TLS, which its first byte tells; nil before.
    var isSecure: Bool?
    /// PONGs, or what the socket has not taken of them. libnats must not write in between.
    var owed: [UInt8] = []
    var lastReceived = ContinuousClock.now
    var servers: [String] = []
    var lastError: String?
    var loss: String?
  }

  private let shutdown: Shutdown?
  private let events: Connection.Events
  private let state = Mutex(State())
  /// Set by libnats, under its own lock, when it has something to write.
  private let hasOutput = Atomic<Bool>(false)
  private let turns = Atomic<Int>(0)

  /// - Parameters:
  ///   - shutdown: Where given, a request to end ends the wait for the socket.
  ///   - events: What is told when the server denies something.
  init(shutdown: Shutdown?, events: Connection.Events) {
    self.shutdown = shutdown
    self.events = events
  }

  /// Why the connection is of no more use; nil as long as it is.
  var loss: String? { state.withLock { $0.loss } }
  /// How long nothing has come from the server.
  var silence: Duration { state.withLock { .now - $0.lastReceived } }
  /// Servers of the cluster that the server has named since it was connected to.
  var servers: [String] { state.withLock { $0.servers } }

  func open(_ subscription: Int64) { state.withLock { $0.reader.open(subscription) } }
  func close(_ subscription: Int64) { state.withLock { $0.reader.close(subscription) } }

  /// Exchanges what has arrived for a subscription for an empty array.
  func take(_ subscription: Int64, _ messages: inout [WireMessage]) {
    state.withLock { $0.reader.take(subscription, &messages) }
  }

  /// Sends what waits and takes in what has arrived, waiting for that at most `milliseconds`.
  func turn(milliseconds: Int64) {
    turns.wrappingAdd(1, ordering: .relaxed)
    let event = shutdown.map { $0.cause == nil ? $0.eventDescriptor : -1 } ?? -1
    tell(state.withLock { turn(&$0, Int32(clamping: milliseconds), wakingOn: event) })
  }

  /// Forgets the connection, which is about to be destroyed.
  func end() { state.withLock { unsafe $0.connection = nil } }

  /// - Returns: What the server has denied.
  private func turn(_ state: inout State, _ milliseconds: Int32, wakingOn event: Int32) -> [String] {
    guard let connection = unsafe state.connection, state.loss == nil else { return [] }
    let wantsToWrite = hasOutput.load(ordering: .acquiring) || !state.owed.isEmpty
    // poll(2) passes over a descriptor of -1.
    var waits = [
      pollfd(fd: state.socket, events: Int16(wantsToWrite ? POLLIN | POLLOUT : POLLIN), revents: 0),
      pollfd(fd: event, events: Int16(POLLIN), revents: 0),
    ]
    guard unsafe poll(&waits, 2, milliseconds) > 0 else { return [] }
    let ready = Int32(waits[0].revents)
    if ready & (POLLIN | POLLHUP | POLLERR) != 0 { unsafe read(&state, connection) }
    let denials = Self.digest(&state)
    if ready & POLLOUT != 0 || !state.owed.isEmpty { unsafe write(&state, connection) }
    return denials
  }

  private func write(_ state: inout State, _ connection: OpaquePointer) {
    // What libnats has begun to write must be out before anything of ours.
    if hasOutput.load(ordering: .acquiring) { unsafe natsConnection_ProcessWriteEvent(connection) }
    guard !hasOutput.load(ordering: .acquiring), !state.owed.isEmpty else { return }
    let count = unsafe state.owed.withUnsafeBytes { bytes in
      unsafe send(state.socket, bytes.baseAddress, bytes.count, Int32(MSG_DONTWAIT | MSG_NOSIGNAL))
    }
    if count > 0 { state.owed.removeFirst(count) }
  }

  private func read(_ state: inout State, _ connection: OpaquePointer) {
    if state.isSecure == nil {
      // A TLS record begins with its type, 20 to 24 (RFC 8446 §5.1), an operation of NATS with a letter, + or -.
      var first: UInt8 = 0
      let count = unsafe recv(state.socket, &first, 1, Int32(MSG_PEEK | MSG_DONTWAIT))
      if count < 0, errno == EAGAIN || errno == EINTR { return }
      // Where nothing comes any more, the reader says why.
      if count == 1 { state.isSecure = first < 0x20 }
    }
    if state.isSecure == true {
      unsafe natsConnection_ProcessReadEvent(connection)
      state.lastReceived = .now
      if unsafe natsConnection_IsClosed(connection) {
        state.loss = unsafe ConnectionOptions.lastError(connection)
      }
      return
    }
    do throws(WireReader.Loss) {
      if try state.reader.read(from: state.socket) { state.lastReceived = .now }
    } catch {
      _ = Self.digest(&state)
      state.loss = state.lastError ?? error.reason
      // libnats finds the end too, and closes the socket.
      unsafe natsConnection_ProcessReadEvent(connection)
    }
  }

  /// Takes up what the server has said beside messages.
  ///
  /// - Returns: What it has denied.
  private static func digest(_ state: inout State) -> [String] {
    let news = state.reader.news
    guard news.pings > 0 || !news.errors.isEmpty || !news.servers.isEmpty else { return [] }
    state.reader.news = WireReader.News()
    for _ in 0..<news.pings { state.owed += Array("PONG\r\n".utf8) }
    if !news.servers.isEmpty { state.servers = news.servers }
    let denials = news.errors.filter { $0.lowercased().hasPrefix("permissions violation") }
    if let last = news.errors.last(where: { !denials.contains($0) }) { state.lastError = last }
    return denials
  }

  private func tell(_ denials: [String]) {
    for denial in denials {
      events.change {
        $0.denial = denial
        $0.denials += 1
      }
    }
  }

  // MARK: - The thread that reads on

  /// Looks once a second whether the loop still turns.
  private func startKeeping() {
    startThread { [weak self] in
      var seen = -1
      while true {
        sleep(1)
        guard let loop = self, let turns = loop.keep(seen) else { return }
        seen = turns
      }
    }
  }

  /// Turns the loop for the thread that should and does not, until it does.
  ///
  /// - Returns: How often the loop has been turned; nil when it is over.
  private func keep(_ seen: Int) -> Int? {
    while turns.load(ordering: .relaxed) == seen {
      // Waiting without the lock: who comes back to turn the loop finds it free.
      guard let socket = state.withLock({ unsafe $0.connection == nil || $0.loss != nil ? nil : $0.socket })
      else {
        return nil
      }
      var wait = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
      unsafe _ = poll(&wait, 1, 250)
      tell(state.withLockIfAvailable { turn(&$0, 0, wakingOn: -1) } ?? [])
    }
    return turns.load(ordering: .relaxed)
  }

  // MARK: - What libnats calls

  /// Makes libnats use this loop, which must outlive the connection.
  func install(in options: OpaquePointer) {
    let loop = unsafe Unmanaged.passUnretained(self).toOpaque()
    unsafe natsOptions_SetEventLoop(
      options, loop,
      { data, loop, connection, socket in
        unsafe data?.pointee = loop
        unsafe EventLoop.from(loop)?.attach(connection, socket)
        return NATS_OK
      },
      { _, _ in NATS_OK },
      { loop, isWanted in
        unsafe EventLoop.from(loop)?.hasOutput.store(isWanted, ordering: .releasing)
        return NATS_OK
      },
      { _ in NATS_OK })
    unsafe natsOptions_SetIOBufSize(options, Int32(WireReader.blockSize))
    // Without libnats' thread that flushes: what is published is gathered, and the next turn sends it.
    unsafe natsOptions_SetSendAsap(options, true)
    unsafe natsOptions_SetAllowReconnect(options, false)
    // It would miss the answers.
    unsafe natsOptions_SetPingInterval(options, 0)
  }

  private static func from(_ pointer: UnsafeMutableRawPointer?) -> EventLoop? {
    unsafe pointer.map { unsafe Unmanaged<EventLoop>.fromOpaque($0).takeUnretainedValue() }
  }

  private func attach(_ connection: OpaquePointer?, _ socket: natsSock) {
    nonisolated(unsafe) let connection = unsafe connection
    state.withLock { state in
      unsafe state.connection = connection
      state.socket = socket
    }
    startKeeping()
  }
}
