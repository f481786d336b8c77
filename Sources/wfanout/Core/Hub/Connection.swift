// SPDX-License-Identifier: Apache-2.0
import Encoding
import Glibc
import Metrics
import NIOCore

/// The only handler of a channel after its response has begun.
///
/// Confined to the channel's event loop.
package class Connection: ChannelInboundHandler, RemovableChannelHandler {
  /// Bytes, or parts of a request: see ``received(_:)``.
  typealias InboundIn = Any
  typealias OutboundOut = ByteBuffer

  let channel: any Channel
  let format: WireFormat
  let loopContext: LoopContext
  /// The HTTP/2 stream; nil for HTTP/1.
  var exchange: HTTP2Exchange?
  var listener: Listener?
  /// The tick of the last write.
  var lastWriteTick: UInt32
  /// The tick at which the socket last accepted bytes while more were pending.
  var lastProgressTick: UInt32
  var lastBuffered = 0
  var registryIndex = -1
  /// The tick at which it began.
  let startTick: UInt32
  /// The number of the connection in its loop, which names a listener without a name.
  let number: UInt32
  /// The client's identity; nil if tokens are not required.
  var identity: Identity? {
    didSet { tokenCheck = identity.map { TokenCheck($0, loopContext) } }
  }
  /// Nil for a client without a token, and after the client was told that its token is no longer valid.
  var tokenCheck: TokenCheck?
  /// The account that the work for its filter and snapshots is charged to.
  private(set) lazy var account = Router.account(
    identity, address: HTTP2Exchange.peer(of: channel, exchange)?.ipAddress)
  private var isFinishing = false
  /// Whether the client has left, which any write may reveal. A listener that is added afterwards would never
  /// be removed.
  final private(set) var isGone = false
  /// Whether an event has waited for more than a second; reported to operators before the connection is
  /// closed.
  final private(set) var isSlow = false {
    didSet { if isSlow != oldValue { loopContext.counters.slow.add(isSlow ? 1 : -1) } }
  }

  init(channel: any Channel, format: WireFormat, loopContext: LoopContext) {
    self.channel = channel
    self.format = format
    self.loopContext = loopContext
    self.lastWriteTick = loopContext.tick
    self.lastProgressTick = loopContext.tick
    self.startTick = loopContext.tick
    self.number = loopContext.nextNumber()
  }

  static let slowness = Duration.seconds(1)

  var takesMore: Bool { channel.isWritable && !isFinishing }
  var isHeldUp: Bool { !channel.isWritable }

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

  /// Called once a second.
  func tick(heartbeatEvery heartbeat: UInt32, stallLimit: UInt32) {
    let now = loopContext.tick
    isSlow = isHeldUp && isLate(by: Connection.slowness)
    if !isFinishing, checkToken() { return }
    if let listener { listener.hub?.checkSnapshot(of: listener) }
    if isHeldUp || isFinishing {
      let buffered = HTTP2Exchange.pendingBytes(of: channel, exchange)
      if buffered != lastBuffered {
        lastBuffered = buffered
        lastProgressTick = now
      } else if now &- lastProgressTick >= stallLimit {
        loopContext.counters.stalled.increment()
        reset()
      }
      return
    }
    lastProgressTick = now
    if now &- lastWriteTick >= heartbeat { send(.heartbeat(listener?.standing), format) }
  }

  /// Closes the connection and discards the kernel's send buffer, which a client that reads a byte at a time
  /// would keep for hours.
  final func reset() {
    let options = channel as? any SocketOptionProvider
    options?.setSoLinger(linger(l_onoff: 1, l_linger: 0)).whenFailure { _ in }
    channel.close(promise: nil)
  }

  /// Ends a stream whose client cannot send another token.
  func tokenExpired() { finish(reason: "auth_expired") }

  func tokenRevoked() { finish(reason: "auth_revoked") }

  /// Sends the final notice and closes when everything has been written.
  final func finish(reason: String) {
    guard !isFinishing else { return }
    if reason == "upstream_ended", continuesElsewhere() { return }
    let delay = loopContext.reconnectDelay()
    end(with: farewell(reason: reason, reconnectAfterMilliseconds: delay) + format.ending)
  }

  /// Whether the connection continues with another stream after all events of a command.
  func continuesElsewhere() -> Bool { false }

  /// Sends the last bytes and closes when everything has been written.
  final func end(with bytes: [UInt8]) {
    guard !isFinishing else { return }
    isFinishing = true
    lastProgressTick = loopContext.tick
    let promise = channel.eventLoop.makePromise(of: Void.self)
    promise.futureResult.assumeIsolated().whenComplete { _ in
      if self.exchange == nil { LingeringClose.begin(self.channel) } else { self.channel.close(promise: nil) }
    }
    channel.writeAndFlush(ByteBuffer(bytes: bytes), promise: promise)
  }

  func farewell(reason: String, reconnectAfterMilliseconds delay: Int) -> [UInt8] {
    format.encode(.disconnect(reason: reason, reconnectAfterMilliseconds: delay))
  }

  /// Whether one of its listeners lags by this delay.
  func isLate(by delay: Duration) -> Bool { listener?.isLate(by: delay) ?? false }

  /// Subclasses with several listeners resume them all.
  func resumeListeners() {
    if let listener { listener.hub?.resume(listener) }
  }

  func removeListeners() {
    if let listener { listener.hub?.remove(listener) }
    listener = nil
  }

  final func report(_ id: String, _ transport: String) -> ClientReport {
    let age = Int64(loopContext.tick &- startTick) * 1_000_000_000
    return ClientReport(
      clientID: id, identity: identity?.name,
      connectedAt: Timestamp(nanoseconds: Timestamp.now.nanoseconds - age),
      isSlow: isSlow, remote: HTTP2Exchange.peer(of: channel, exchange)?.description ?? "",
      transport: transport, queue: listener?.backlog ?? 0,
      dropped: listener?.dropped ?? 0)
  }

  var report: ClientReport {
    let transport =
      switch format.shape {
      case .lines: "ndjson"
      case .kubernetes: "kubernetes"
      case .webSocketText, .webSocketEvent: "websocket"
      case .channelEvent: "channels"
      case .eventStream: "sse"
      }
    return report("c\(loopContext.index)-\(number)", transport)
  }

  /// The command of a stream has ended. A connection that has only this stream ends after its last event.
  func sourceEnded(_ stream: EventStream, _ ending: UpstreamEnding) {}

  /// Bytes from the client after its request was accepted; ignored unless the connection has a protocol for
  /// them.
  ///
  /// Nil for a part of a pipelined request, which the HTTP decoder still parses until it has left the pipeline
  /// in the event loop's next turn.
  func received(_ bytes: ByteBuffer?) {}

  final func handlerAdded(context: ChannelHandlerContext) { loopContext.add(self) }

  final func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    if case .byteBuffer(let bytes)? = unwrapInboundIn(data) as? IOData {
      received(bytes)
    } else {
      received(nil)
    }
  }

  final func channelWritabilityChanged(context: ChannelHandlerContext) {
    if takesMore { resumeListeners() }
  }

  final func channelInactive(context: ChannelHandlerContext) {
    isGone = true
    removeListeners()
    isSlow = false
    loopContext.remove(self)
  }

  final func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
