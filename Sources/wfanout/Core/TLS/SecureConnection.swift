// SPDX-License-Identifier: Apache-2.0
import NIOCore
import NIOHTTP2
import NIOSSL
import NIOTLS

/// The deadlines of a connection with TLS, between the TLS and HTTP/2 handlers: the client must complete the
/// handshake in time, and then send a request. After a violation or a flood HTTP/2 sends a GOAWAY frame; the
/// connection is closed with it and read no further, or a peer that continues sending would fill memory.
final class SecureConnection: ChannelDuplexHandler, RemovableChannelHandler, AwaitingRequest,
  @unchecked Sendable
{  // confined to the channel's event loop
  typealias InboundIn = ByteBuffer
  typealias InboundOut = ByteBuffer
  typealias OutboundIn = IOData
  typealias OutboundOut = IOData

  private let loopContext: LoopContext
  private let channel: any Channel
  /// Requests in progress, the streams of clients included.
  private var requests = 0 {
    didSet { isOwing = requests == 0 && channel.isActive }
  }
  /// Whether the client has to send a request; it has limited time.
  private var isOwing = false {
    didSet {
      guard isOwing != oldValue else { return }
      if isOwing { loopContext.await(self) } else { loopContext.stopAwaiting(self) }
    }
  }
  /// Requests whose responses are streams.
  var clients = 0 {
    didSet {
      guard (clients == 0) != (oldValue == 0) else { return }
      if clients > 0 { loopContext.admission.socketJoined() } else { loopContext.admission.socketLeft() }
      isIdle = clients == 0 && channel.isActive
    }
  }
  /// Whether no response is a stream; the number of such connections is limited.
  private var isIdle = false {
    didSet {
      guard isIdle != oldValue else { return }
      if isIdle {
        loopContext.becameIdle(self, address: address)
      } else {
        loopContext.isIdleNoMore(self, address: address)
      }
    }
  }

  init(_ channel: any Channel, loopContext: LoopContext) {
    address = channel.remoteAddress?.ipAddress
    self.channel = channel
    self.loopContext = loopContext
  }

  func handlerAdded(context: ChannelHandlerContext) { (isOwing, isIdle) = (true, true) }
  func handlerRemoved(context: ChannelHandlerContext) { (isOwing, isIdle) = (false, false) }

  /// For a client that spoke plain HTTP: it is being answered, and ``LingeringClose`` has a limit of its own.
  func stopWaitingForHandshake() { loopContext.stopAwaiting(self) }

  func waitedTooLong() { close() }
  func close() { channel.close(promise: nil) }
  var isBeingAnswered: Bool { requests > 0 }
  private let address: String?

  private var isGoingAway = false
  /// Nil for HTTP/1.
  private var windowUpdates: WindowUpdateBudget?

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guard windowUpdates?.receives(unwrapInboundIn(data)) == false else {
      return context.fireChannelRead(data)
    }
    write(
      context: context, data: wrapOutboundOut(.byteBuffer(SecureConnection.enhanceYourCalm)), promise: nil)
    flush(context: context)
  }

  /// A GOAWAY frame with the error ENHANCE_YOUR_CALM (RFC 9113 sections 6.8 and 7).
  private static let enhanceYourCalm = ByteBuffer(
    bytes: [0, 0, 8, 7, 0, 0, 0, 0, 0, 0x7f, 0xff, 0xff, 0xff, 0, 0, 0, 0xb])

  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    if case .byteBuffer(let frame) = unwrapOutboundIn(data) {
      windowUpdates?.sends(frame.readableBytes)
      if SecureConnection.isGoAway(frame) { isGoingAway = true }
    }
    context.write(data, promise: promise)
  }

  func flush(context: ChannelHandlerContext) {
    context.flush()
    guard isGoingAway else { return }
    isGoingAway = false
    // Below TLS, whose shutdown would wait for the peer's close_notify and read until then.
    let transport = try? context.pipeline.syncOperations.context(handlerType: NIOSSLServerHandler.self)
    context.eventLoop.assumeIsolated().execute { (transport ?? context).close(promise: nil) }
  }

  /// The header of a frame is nine bytes: length, type, flags and stream (RFC 9113 section 4.1).
  private static func isGoAway(_ frame: ByteBuffer) -> Bool {
    frame.readableBytes >= 9 && frame.getInteger(at: frame.readerIndex + 3, as: UInt8.self) == 7
      && frame.getInteger(at: frame.readerIndex + 5, as: UInt32.self) == 0
  }

  /// Installs the handlers of the negotiated protocol.
  func speak(_ result: ALPNResult, _ pipelines: Pipelines) throws {
    let pipeline = channel.pipeline.syncOperations
    guard case .negotiated("h2") = result else {
      try pipelines.addHTTP1(to: channel, on: loopContext)
      pipeline.removeHandler(self, promise: nil)
      return
    }
    windowUpdates = WindowUpdateBudget()
    var configuration = NIOHTTP2Handler.Configuration()
    // As for HTTP/1, events for a slow listener wait in the ring.
    configuration.stream.outboundBufferSizeHighWatermark = 128 << 10
    configuration.stream.outboundBufferSizeLowWatermark = 1
    let handler = NIOHTTP2Handler(
      mode: .server, eventLoop: channel.eventLoop, connectionConfiguration: configuration.connection,
      streamConfiguration: configuration.stream
    ) { stream in
      stream.eventLoop.makeCompletedFuture {
        self.requests += 1
        stream.closeFuture.assumeIsolated().whenComplete { _ in self.requests -= 1 }
        try pipelines.addHTTP2(to: stream, of: self, on: self.loopContext)
      }
    }
    try pipeline.addHandler(handler)
  }
}
