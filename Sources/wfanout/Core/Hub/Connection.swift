// SPDX-License-Identifier: Apache-2.0
import NIOCore

/// A response that stays open. It is the only handler of its channel after the head.
///
/// Each kind of response owns a ``Client`` and its listeners, and has the protocol's functions where it differs
/// from the others. Confined to the channel's event loop.
protocol Connection: ChannelInboundHandler, RemovableChannelHandler
where InboundIn == Any, OutboundOut == ByteBuffer {
  var client: Client { get }
  /// Whether a quiet client is sent heartbeats.
  var sendsHeartbeats: Bool { get }
  func forEachListener(_ body: (Listener) -> Void)
  /// Called once a second.
  func tick()
  /// The client takes more.
  func resume()
  /// Bytes from the client after its request was accepted. Nil for a part of a pipelined request, which the
  /// HTTP decoder still parses until it has left the pipeline in the event loop's next turn.
  func received(_ bytes: ByteBuffer?)
  /// The client has left: releases what the connection holds.
  func release()
  /// Ends the stream.
  func finish(reason: DisconnectReason)
  /// The final notice of a stream that ends.
  func farewell(reason: DisconnectReason, reconnectAfterMilliseconds delay: Int) -> [UInt8]
  /// Whether the connection continues with another stream after all events of a command.
  func continuesElsewhere() -> Bool
  /// The command of a stream has ended.
  func sourceEnded(_ stream: EventStream, _ ending: UpstreamEnding)
  /// The token has expired.
  func tokenExpired()
  /// Completes what operators are shown.
  func describe(_ report: inout ClientReport)
}

/// The kinds of connection that have one stream at most, end with it, and do not read.
extension Connection {
  var sendsHeartbeats: Bool { true }
  func tick() {}
  func received(_ bytes: ByteBuffer?) {}
  func resume() { forEachListener { $0.hub?.resume($0) } }
  func release() { removeListeners() }
  func continuesElsewhere() -> Bool { false }
  func sourceEnded(_ stream: EventStream, _ ending: UpstreamEnding) {}
  func describe(_ report: inout ClientReport) {}

  func farewell(reason: DisconnectReason, reconnectAfterMilliseconds delay: Int) -> [UInt8] {
    client.format.encode(.disconnect(reason: reason, reconnectAfterMilliseconds: delay))
  }

  /// Ends the stream, because the client cannot send another token.
  func tokenExpired() { finish(reason: .authExpired) }
}

extension Connection {
  var loopContext: LoopContext { client.loopContext }

  /// Sends the final notice and closes when everything has been written.
  func finish(reason: DisconnectReason) {
    guard !client.isFinishing else { return }
    if reason == .upstreamEnded, continuesElsewhere() { return }
    let delay = loopContext.reconnectDelay()
    client.end(with: farewell(reason: reason, reconnectAfterMilliseconds: delay) + client.format.ending)
  }

  /// Called once a second.
  func onTick() {
    tick()
    guard !client.isGone else { return }
    client.isSlow = client.isHeldUp && isLate
    if !client.isFinishing, checkToken() { return }
    forEachListener { $0.hub?.checkSnapshot(of: $0) }
    guard client.checkProgress(), sendsHeartbeats, client.isHeartbeatDue else { return }
    var standing: EventID?
    forEachListener { standing = $0.standing }
    client.send(.heartbeat(standing), client.format)
  }

  /// Whether an event of one of its listeners has waited for more than a second.
  private var isLate: Bool {
    var isLate = false
    forEachListener { isLate = isLate || $0.isLate(by: .seconds(1)) }
    return isLate
  }

  func listens(to stream: EventStream) -> Bool {
    var listens = false
    forEachListener { listens = listens || $0.hub?.state === stream.state }
    return listens
  }

  func removeListeners() { forEachListener { $0.hub?.remove($0) } }

  /// The connection as operators are shown it.
  var report: ClientReport {
    let transport =
      switch client.format.shape {
      case .lines: "ndjson"
      case .kubernetes: "kubernetes"
      case .webSocketText, .webSocketEvent: "websocket"
      case .channelEvent: "channels"
      case .eventStream: "sse"
      }
    var report = ClientReport(
      clientID: "c\(loopContext.index)-\(client.number)", identity: client.identity?.name,
      connectedAt: client.connectedAt, isSlow: client.isSlow,
      remote: ClientReport.text(of: HTTP2Exchange.peer(of: client.channel, client.exchange)),
      transport: transport, queue: 0, dropped: 0)
    forEachListener {
      report.queue += $0.backlog
      report.dropped += $0.dropped
    }
    describe(&report)
    return report
  }
}

/// The channel's events.
extension Connection {
  func handlerAdded(context: ChannelHandlerContext) {
    client.joined()
    loopContext.add(self)
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    if case .byteBuffer(let bytes)? = unwrapInboundIn(data) as? IOData {
      received(bytes)
    } else {
      received(nil)
    }
  }

  func channelWritabilityChanged(context: ChannelHandlerContext) {
    client.writabilityChanged()
    if client.takesMore { resume() }
  }

  func channelInactive(context: ChannelHandlerContext) {
    client.left()
    release()
    loopContext.remove(self)
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
