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
    tokenCheck = identity.map { TokenCheck($0, loopContext) }
    lastWriteTick = loopContext.tick
    lastProgressTick = loopContext.tick
    startTick = loopContext.tick
    number = loopContext.nextNumber()
  }

  var takesMore: Bool { channel.isWritable && !isFinishing }
  var isHeldUp: Bool { !channel.isWritable }

  var connectedAt: Timestamp {
    let age = Int64(loopContext.tick &- startTick) * 1_000_000_000
    return Timestamp(nanoseconds: Timestamp.now.nanoseconds - age)
  }

  func send(_ slices: [ByteBuffer]) {
    lastWriteTick = loopContext.tick
    if slices.count == 1 {
      channel.writeAndFlush(slices[0], promise: nil)
      return
    }
    for slice in slices { channel.write(slice, promise: nil) }
    channel.flush()
  }

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
    channel.writeAndFlush(ByteBuffer(bytes: bytes), promise: promise)
  }

  /// Closes the connection and discards the kernel's send buffer, which a client that reads a byte at a time
  /// would keep for hours.
  func reset() {
    let options = channel as? any SocketOptionProvider
    options?.setSoLinger(linger(l_onoff: 1, l_linger: 0)).whenFailure { _ in }
    channel.close(promise: nil)
  }

  /// Notes that the client has left.
  func left() {
    isGone = true
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
    let buffered = HTTP2Exchange.pendingBytes(of: channel, exchange)
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
