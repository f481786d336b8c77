// SPDX-License-Identifier: Apache-2.0

import CNATS
import Glibc
import Process
import Synchronization

/// Drives the socket of one connection (`natsOptions_SetEventLoop`); libnats implements the protocol and TLS.
///
/// The socket is read, written and closed under one lock. The thread that takes messages drives the socket
/// while it waits (``turn(milliseconds:shutdown:)``), so that a message passes no second thread on its way
/// from the socket to its line. The loop's own thread drives the socket at all other times: while requests
/// wait, and to answer PINGs while stdout blocks. A lost connection is not reconnected.
@safe final class EventLoop: Sendable {
  /// The size of libnats' write buffer.
  static let bufferSize = 128 * 1024
  /// The interval of libnats' PINGs.
  private static let pingInterval: Duration = .seconds(10)
  /// A connection on which nothing arrives for this long, not even a PONG, is lost.
  private static let silenceLimit: Duration = .seconds(25)

  /// `@unchecked Sendable`: the mutex guards the list, libnats its handles.
  @safe private struct Handles: @unchecked Sendable {
    var connection: OpaquePointer?
    var socket: Int32 = -1
    /// Destroyed only after the connection was closed: libnats 3.4 corrupts its heap when a subscription is destroyed
    /// while a message for it arrives (nats.c#637).
    var subscriptions: [OpaquePointer] = unsafe []
  }

  /// The state of the thread that uses the socket.
  private struct Turn {
    /// When something last arrived.
    var lastArrival = ContinuousClock.now
    var records = TLSRecords()
  }

  /// How often the loop's own thread checks that the other thread still drives the socket, in milliseconds.
  private static let supervisionInterval: Int32 = 1_000

  private let state: ConnectionState
  private let handles = Mutex(Handles())
  /// Held while the socket is used.
  private let turning = Mutex(Turn())
  /// Set by libnats, under its own lock, while it has bytes to write.
  private let hasOutput = Atomic<Bool>(false)
  /// Whether the thread that takes messages drives the socket.
  private let isDrivenByConsumer = Atomic<Bool>(false)
  private let turns = Atomic<Int>(0)
  private let received = Atomic<Int>(0)
  private let origin = ContinuousClock.now
  /// The time, in milliseconds after ``origin``, at which the socket's user called libnats; ``idle`` outside of it.
  private let busySince = Atomic<Int64>(EventLoop.idle)
  private let isStopped = Atomic<Bool>(false)
  private let wakeDescriptor = cnats_event()
  /// Readable when the thread has closed the connection.
  private let endDescriptor = cnats_event()
  /// How long a thread waits, in milliseconds, while the other one uses the socket.
  private static let otherPatience: Int32 = 100
  /// How long ``stop()`` waits for the thread.
  private static let endPatience: Int32 = 1_000

  init(state: ConnectionState) { self.state = state }

  deinit {
    close(wakeDescriptor)
    close(endDescriptor)
  }

  /// Makes libnats use this loop.
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
        unsafe EventLoop.from(loop)?.wantOutput(isWanted)
        return NATS_OK
      },
      { _ in NATS_OK })
    unsafe natsOptions_SetIOBufSize(options, Int32(Self.bufferSize))
    // This loop flushes; libnats starts no flusher thread.
    unsafe natsOptions_SetSendAsap(options, true)
    // libnats' own reconnect would keep a partial message of the lost connection.
    unsafe natsOptions_SetAllowReconnect(options, false)
    unsafe natsOptions_SetPingInterval(options, Self.pingInterval.milliseconds)
    // Only this loop closes a connection: libnats would close the socket on another thread.
    unsafe natsOptions_SetMaxPingsOut(options, .max)
  }

  private static func from(_ pointer: UnsafeMutableRawPointer?) -> EventLoop? {
    unsafe pointer.map { unsafe Unmanaged<EventLoop>.fromOpaque($0).takeUnretainedValue() }
  }

  private func attach(_ connection: OpaquePointer?, _ socket: natsSock) {
    nonisolated(unsafe) let connection = unsafe connection
    handles.withLock { handles in
      unsafe handles.connection = connection
      handles.socket = socket
    }
  }

  private func wantOutput(_ isWanted: Bool) {
    hasOutput.store(isWanted, ordering: .releasing)
    // While a consumer drives the loop, published bytes wait for its next turn.
    if isWanted, !isDrivenByConsumer.load(ordering: .relaxed) { wake() }
  }

  /// Makes the loop's own thread drive the socket, until the next turn.
  func takeOver() {
    guard isDrivenByConsumer.exchange(false, ordering: .acquiringAndReleasing) else { return }
    wake()
  }

  /// The number of bytes that have arrived: while it grows, the server is not silent, even if no message is complete.
  var receivedBytes: Int { received.load(ordering: .relaxed) }

  /// Takes over a subscription, which is destroyed with the connection.
  func keep(_ subscription: OpaquePointer) {
    nonisolated(unsafe) let subscription = unsafe subscription
    handles.withLock { unsafe $0.subscriptions.append(subscription) }
  }

  /// Starts the thread, for a connection that has been made.
  func start() {
    state.register()
    startThread {
      self.run()
      cnats_signal(self.endDescriptor)
    }
  }

  /// Ends the thread, which sends what waits, closes and destroys the connection, and waits for its end: an exiting
  /// process would cut it off. Nobody may use the connection any more.
  func stop() {
    isStopped.store(true, ordering: .releasing)
    wake()
    _ = poll([(endDescriptor, Int16(POLLIN)), (-1, 0), (-1, 0)], Self.endPatience)
  }

  private func wake() { cnats_signal(wakeDescriptor) }

  private func run() {
    let handles = handles.withLock { $0 }
    guard let connection = unsafe handles.connection else { return }
    while !isStopped.load(ordering: .acquiring) {
      if state.loss != nil {
        pause(socket: -1, milliseconds: -1, alsoOn: -1)
      } else if isDrivenByConsumer.load(ordering: .acquiring) {
        let seen = turns.load(ordering: .relaxed)
        pause(socket: -1, milliseconds: Self.supervisionInterval, alsoOn: -1)
        if turns.load(ordering: .relaxed) == seen { isDrivenByConsumer.store(false, ordering: .releasing) }
      } else {
        pause(socket: handles.socket, milliseconds: Self.supervisionInterval, alsoOn: -1)
        unsafe process(connection, handles.socket, patience: Self.otherPatience)
      }
    }
    state.unregister()
    // Nothing is sent after the connection is lost. A connection that libnats has closed no longer has a
    // socket, and its descriptor number may belong to its successor.
    if state.loss != nil, unsafe !natsConnection_IsClosed(connection) {
      shutdown(handles.socket, Int32(SHUT_RDWR))
    }
    unsafe natsConnection_Close(connection)
    let subscriptions = unsafe self.handles.withLock { unsafe $0.subscriptions }
    unsafe subscriptions.forEach { unsafe natsSubscription_Destroy($0) }
    unsafe natsConnection_Destroy(connection)
  }

  /// Writes pending bytes and reads arriving ones, waiting for at most `milliseconds`.
  func turn(milliseconds: Int64, shutdown: Int32) {
    let handles = handles.withLock { $0 }
    guard let connection = unsafe handles.connection, state.loss == nil else { return }
    turns.wrappingAdd(1, ordering: .relaxed)
    isDrivenByConsumer.store(true, ordering: .releasing)
    if milliseconds > 0 {
      pause(socket: handles.socket, milliseconds: Int32(clamping: milliseconds), alsoOn: shutdown)
    }
    unsafe process(
      connection, handles.socket, patience: min(Int32(clamping: milliseconds), Self.otherPatience))
  }

  /// The poll(2) entry of the socket, for a thread that waits for more than this connection.
  var pollDescriptor: pollfd {
    let events = Int16(hasOutput.load(ordering: .acquiring) ? POLLIN | POLLOUT : POLLIN)
    return pollfd(fd: state.loss == nil ? handles.withLock { $0.socket } : -1, events: events, revents: 0)
  }

  /// Waits until the socket or the other descriptor is ready.
  private func pause(socket: Int32, milliseconds: Int32, alsoOn event: Int32) {
    // poll(2) ignores a descriptor of -1.
    let events = Int16(hasOutput.load(ordering: .acquiring) ? POLLIN | POLLOUT : POLLIN)
    let waits = poll(
      [(socket, events), (wakeDescriptor, Int16(POLLIN)), (event, Int16(POLLIN))], milliseconds)
    guard waits[1].revents != 0 else { return }
    var count: UInt64 = 0
    unsafe _ = read(wakeDescriptor, &count, 8)
  }

  private func poll(_ descriptors: [3 of (Int32, Int16)], _ milliseconds: Int32) -> [3 of pollfd] {
    var waits: [3 of pollfd] = [
      pollfd(fd: descriptors[0].0, events: descriptors[0].1, revents: 0),
      pollfd(fd: descriptors[1].0, events: descriptors[1].1, revents: 0),
      pollfd(fd: descriptors[2].0, events: descriptors[2].1, revents: 0),
    ]
    var span = waits.mutableSpan
    unsafe span.withUnsafeMutableBufferPointer { unsafe _ = Glibc.poll($0.baseAddress, 3, milliseconds) }
    return waits
  }

  /// Reads and writes the socket as far as that does not block. While the other thread uses it, waits for at most
  /// `patience` milliseconds and returns.
  private func process(_ connection: OpaquePointer, _ socket: Int32, patience: Int32) {
    let isDone: Void? = unsafe process(connection, socket)
    guard isDone == nil else { return }
    if patience > 0 { pause(socket: -1, milliseconds: patience, alsoOn: -1) }
    endWait()
  }

  /// Nil if the other thread uses the socket.
  private func process(_ connection: OpaquePointer, _ socket: Int32) -> Void? {
    nonisolated(unsafe) let connection = unsafe connection
    return turning.withLockIfAvailable { turn in
      guard state.loss == nil else { return }
      let wanted = Int16(hasOutput.load(ordering: .acquiring) ? POLLIN | POLLOUT : POLLIN)
      let ready = Int32(poll([(socket, wanted), (-1, 0), (-1, 0)], 0)[0].revents)
      let now = ContinuousClock.now
      busySince.store((now - origin).milliseconds, ordering: .releasing)
      defer { busySince.store(Self.idle, ordering: .releasing) }
      if ready & POLLOUT != 0 { unsafe natsConnection_ProcessWriteEvent(connection) }
      if ready & (POLLIN | POLLHUP | POLLERR) != 0 {
        turn.lastArrival = now
        received.wrappingAdd(min(Int(cnats_readable_bytes(socket)), Self.bufferSize), ordering: .relaxed)
        turn.records.forEach(of: socket, upTo: Self.bufferSize) {
          unsafe natsConnection_ProcessReadEvent(connection)
          return unsafe !natsConnection_IsClosed(connection)
        }
        if unsafe natsConnection_IsClosed(connection) {
          return state.lose(unsafe ConnectionOptions.loss(connection))
        }
      }
      let silence = now - turn.lastArrival
      if silence > Self.silenceLimit {
        state.lose(.init(reason: "nothing has come from the server for \(DurationText.print(silence))"))
      }
    }
  }

  /// Ends a read or write that waits inside libnats, over TLS, for a server that has fallen silent. For a thread that
  /// does not use the socket itself.
  func endWait() {
    let since = busySince.load(ordering: .acquiring)
    guard since != Self.idle,
      (ContinuousClock.now - origin).milliseconds - since > Self.silenceLimit.milliseconds
    else { return }
    state.lose(.init(reason: "nothing has come from the server for \(DurationText.print(Self.silenceLimit))"))
    shutdown(handles.withLock { $0.socket }, Int32(SHUT_RDWR))
  }

  private static let idle: Int64 = -1
}
