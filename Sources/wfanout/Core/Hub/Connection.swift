// SPDX-License-Identifier: Apache-2.0
import Encoding
import Glibc
import Metrics
import NIOCore

/// The tail of a connection's pipeline once its response has begun: what it is left with is this one handler.
///
/// Confined to the channel's event loop.
package class Connection: ChannelInboundHandler, RemovableChannelHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  let channel: any Channel
  let format: WireFormat
  let loopContext: LoopContext
  /// The stream of HTTP/2 that it is; nil for HTTP/1.
  var exchange: HTTP2Exchange?
  var listener: Listener?
  /// When something was last written, in the loop's ticks.
  var lastWriteTick: UInt32
  /// When its socket last took something while there was more to send.
  var lastProgressTick: UInt32
  var lastBuffered = 0
  var registryIndex = -1
  /// When it began, in the loop's ticks.
  let startTick: UInt32
  /// Counts the connections of a loop: a name for one that gave none.
  let number: UInt32
  /// Who the client is, by the token that it came with; nil where tokens are not asked for.
  var identity: Identity? {
    didSet { tokenCheck = identity.map { TokenCheck($0, loopContext) } }
  }
  /// Nil for a client without a token, and for one that has been told that its token is not good any more.
  var tokenCheck: TokenCheck?
  /// Who is charged for the work that its filter and its snapshots cause.
  private(set) lazy var account = Router.account(
    identity, address: HTTP2Exchange.peer(of: channel, exchange)?.ipAddress)
  private var isFinishing = false
  /// Whether the client has left, as any write may show: a listener that it would be given now would never be
  /// taken away.
  final private(set) var isGone = false
  /// Whether an event has waited for it for over a second: what operators see before it is cut.
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

  /// Once a second for each connection.
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

  /// Closes and drops what the kernel still has for the client: one that reads a byte now and then would keep
  /// it for hours.
  final func reset() {
    let options = channel as? any SocketOptionProvider
    options?.setSoLinger(linger(l_onoff: 1, l_linger: 0)).whenFailure { _ in }
    channel.close(promise: nil)
  }

  /// A stream that cannot be asked for another token ends.
  func tokenExpired() { finish(reason: "auth_expired") }

  func tokenRevoked() { finish(reason: "auth_revoked") }

  /// Says goodbye and closes when everything has been written.
  final func finish(reason: String) {
    guard !isFinishing else { return }
    if reason == "upstream_ended", continuesElsewhere() { return }
    let delay = loopContext.reconnectDelay()
    end(with: farewell(reason: reason, reconnectAfterMilliseconds: delay) + format.ending)
  }

  /// Whether a connection that has had all events of a command gets more from another stream.
  func continuesElsewhere() -> Bool { false }

  /// Sends the last bytes and closes when they, and all before them, have been written.
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

  /// Whether one of its listeners is that far behind.
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

  /// The command behind a stream has ended. A connection of that stream alone ends by itself once it has had
  /// all events.
  func sourceEnded(_ stream: EventStream, _ ending: UpstreamEnding) {}

  /// What the client says once its request has been granted; ignored unless there is a protocol for it.
  ///
  /// Not unwrapped here: while the HTTP decoder is on its way out of the pipeline, a request behind the
  /// granted one still comes as the decoder's parts and not as bytes.
  func received(_ data: NIOAny) {}

  final func handlerAdded(context: ChannelHandlerContext) { loopContext.add(self) }

  final func channelRead(context: ChannelHandlerContext, data: NIOAny) { received(data) }

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
