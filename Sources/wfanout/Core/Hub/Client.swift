// SPDX-License-Identifier: Apache-2.0
import Encoding
import Glibc
import Metrics
import NIOCore

/// The client of a response that stays open: its channel, its identity, and whether it reads what it is sent.
///
/// Confined to the channel's event loop.
final class Client {
  let channel: any Channel
  let format: WireFormat
  let loopContext: LoopContext
  /// The HTTP/2 stream; nil for HTTP/1.
  let exchange: HTTP2Exchange?
  /// The number of the connection in its loop, which names a listener without a name.
  let number: UInt32
  /// Its index in the list of its loop's connections; -1 if it is not there.
  var registryIndex = -1
  /// Nil if tokens are not required.
  var identity: Identity? {
    didSet { tokenCheck = identity.map { TokenCheck($0, loopContext) } }
  }
  /// Nil for a client without a token, and after the client was notified that its token is no longer valid.
  var tokenCheck: TokenCheck?
  /// The account that the work for its filter and snapshots is charged to.
  private(set) lazy var account = Router.account(
    identity, address: HTTP2Exchange.peer(of: channel, exchange)?.ipAddress)
  /// The socket, for writes that bypass the pipeline; nil with TLS or HTTP/2, and before and after the channel's
  /// life.
  private var socket: NIOBSDSocket.Handle?
  /// Whether the channel may hold bytes that have to be sent first.
  private var isQueued = true
  /// Whether the channel takes more: its own property is several objects away.
  private var isWritable: Bool
  private let startTick: UInt32
  private var lastWriteTick: UInt32
  /// The tick at which the socket last accepted bytes while more were pending.
  private var lastProgressTick: UInt32
  private var lastBuffered = 0
  /// Whether the last bytes have been handed to the channel, which is closed when they have been written.
  private(set) var isFinishing = false
  /// Whether the client has left, which any write may reveal. A listener that is added afterwards would never
  /// be removed.
  private(set) var isGone = false
  /// Whether an event has waited for more than a second; reported to operators before the connection is
  /// closed.
  var isSlow = false {
    didSet { if isSlow != oldValue { loopContext.counters.slow.add(isSlow ? 1 : -1) } }
  }

  init(
    _ channel: any Channel, format: WireFormat, exchange: HTTP2Exchange? = nil, identity: Identity? = nil,
    loopContext: LoopContext
  ) {
    self.channel = channel
    self.format = format
    self.exchange = exchange
    self.loopContext = loopContext
    self.identity = identity
    isWritable = channel.isWritable
    tokenCheck = identity.map { TokenCheck($0, loopContext) }
    lastWriteTick = loopContext.tick
    lastProgressTick = loopContext.tick
    startTick = loopContext.tick
    number = loopContext.nextNumber()
  }

  var takesMore: Bool { isWritable && !isFinishing }
  var isHeldUp: Bool { !isWritable }

  func writabilityChanged() { isWritable = channel.isWritable }

  var connectedAt: Timestamp {
    let age = Int64(loopContext.tick &- startTick) * 1_000_000_000
    return Timestamp(nanoseconds: Timestamp.now.nanoseconds - age)
  }

  func send(_ slices: [ByteBuffer]) {
    lastWriteTick = loopContext.tick
    guard slices.count == 1 else {
      isQueued = true
      for slice in slices { channel.write(slice, promise: nil) }
      return channel.flush()
    }
    let count = write(slices[0])
    guard count < slices[0].readableBytes else { return }
    var rest = slices[0]
    rest.moveReaderIndex(forwardBy: count)
    isQueued = true
    channel.writeAndFlush(rest, promise: nil)
  }

  /// Writes to the socket. For an event of a few hundred bytes the pipeline takes as long as half of the system
  /// call.
  ///
  /// - Returns: The number of bytes that were written. The channel writes the others, and handles errors.
  private func write(_ bytes: ByteBuffer) -> Int {
    guard let socket else { return 0 }
    if isQueued { isQueued = pendingBytes > 0 }
    guard !isQueued else { return 0 }
    let flags = Int32(MSG_NOSIGNAL | MSG_DONTWAIT)
    let count = unsafe bytes.withUnsafeReadableBytes {
      unsafe Glibc.send(socket, $0.baseAddress, $0.count, flags)
    }
    return max(0, count)
  }

  private var pendingBytes: Int { HTTP2Exchange.pendingBytes(of: channel, exchange) }

  func send(_ bytes: [UInt8]) {
    guard !bytes.isEmpty else { return }
    send([ByteBuffer(bytes: bytes)])
  }

  func send(_ notice: Notice, _ format: WireFormat) {
    send(format.encode(notice))
  }

  /// Sends bytes in the framing of the transport.
  func wrapAndSend(_ payload: [UInt8]) {
    var bytes: [UInt8] = []
    format.wrap(payload, into: &bytes)
    send(bytes)
  }

  /// Sends the last bytes and closes when everything has been written.
  func end(with bytes: [UInt8]) {
    guard !isFinishing else { return }
    isFinishing = true
    lastProgressTick = loopContext.tick
    let promise = channel.eventLoop.makePromise(of: Void.self)
    promise.futureResult.assumeIsolated().whenComplete { _ in
      if self.exchange == nil { LingeringClose.begin(self.channel) } else { self.channel.close(promise: nil) }
    }
    isQueued = true
    channel.writeAndFlush(ByteBuffer(bytes: bytes), promise: promise)
  }

  /// Closes the connection and discards the kernel's send buffer, which a client that reads a byte at a time
  /// would keep for hours.
  func reset() {
    let options = channel as? any SocketOptionProvider
    options?.setSoLinger(linger(l_onoff: 1, l_linger: 0)).whenFailure { _ in }
    channel.close(promise: nil)
  }

  /// The client's connection has become its channel's handler, which notices when the channel is closed.
  func joined() {
    guard exchange == nil, LingeringClose.tls(of: channel) == nil else { return }
    socket = try? channel.pipeline.syncOperations.withUnsafeTransportIfAvailable { $0 }
  }

  /// Notes that the client has left.
  func left() {
    isGone = true
    socket = nil
    isSlow = false
  }

  /// Resets the connection if nothing was read from it for the limit while bytes were pending. Called once a
  /// second.
  ///
  /// - Returns: Whether the client takes more.
  func checkProgress() -> Bool {
    let now = loopContext.tick
    guard isHeldUp || isFinishing else {
      lastProgressTick = now
      return true
    }
    let buffered = pendingBytes
    if buffered != lastBuffered {
      lastBuffered = buffered
      lastProgressTick = now
    } else if now &- lastProgressTick >= loopContext.limits.stallSeconds {
      loopContext.counters.stalled.increment()
      reset()
    }
    return false
  }

  /// Whether nothing was sent for the time between two heartbeats.
  var isHeartbeatDue: Bool { loopContext.tick &- lastWriteTick >= loopContext.limits.heartbeatSeconds }
}
