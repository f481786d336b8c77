// SPDX-License-Identifier: Apache-2.0
import NIOCore
import NIOHTTP2
import NIOTLS

/// A connection with TLS, from its first byte: until the peers have agreed on a protocol it owes a handshake, and an HTTP/2
/// connection on which nothing is asked for owes a request.
///
final class SecureConnection: ChannelInboundHandler, RemovableChannelHandler, AwaitingRequest,
  @unchecked Sendable
{  // confined to the channel's event loop
  typealias InboundIn = Any

  private let admission: Admission
  private let loopContext: LoopContext
  private let channel: any Channel
  private var streams = 0 {
    didSet { isOwing = streams == 0 && channel.isActive }
  }
  /// Whether the client has yet to say what it wants: such connections are limited in number and in time.
  private var isOwing = false {
    didSet {
      guard isOwing != oldValue else { return }
      if isOwing {
        admission.connectionOpened()
        loopContext.await(self)
      } else {
        admission.connectionClosed()
        loopContext.stopAwaiting(self)
      }
    }
  }

  init(_ channel: any Channel, admission: Admission, loopContext: LoopContext) {
    self.channel = channel
    self.admission = admission
    self.loopContext = loopContext
  }

  func handlerAdded(context: ChannelHandlerContext) { isOwing = true }
  func handlerRemoved(context: ChannelHandlerContext) { isOwing = false }

  func waitedTooLong() { channel.close(promise: nil) }

  /// What the peers have agreed on is spoken from here on.
  func speak(_ result: ALPNResult, _ pipelines: Pipelines) throws {
    let pipeline = channel.pipeline.syncOperations
    guard case .negotiated("h2") = result else {
      try pipelines.addHTTP1(to: channel, on: loopContext)
      pipeline.removeHandler(self, promise: nil)
      return
    }
    var configuration = NIOHTTP2Handler.Configuration()
    // As the sockets of HTTP/1: what waits for a slow listener waits in the ring.
    configuration.stream.outboundBufferSizeHighWatermark = 128 << 10
    configuration.stream.outboundBufferSizeLowWatermark = 1
    let handler = NIOHTTP2Handler(
      mode: .server, eventLoop: channel.eventLoop, connectionConfiguration: configuration.connection,
      streamConfiguration: configuration.stream
    ) { stream in
      stream.eventLoop.makeCompletedFuture {
        self.streams += 1
        stream.closeFuture.assumeIsolated().whenComplete { _ in self.streams -= 1 }
        try pipelines.addHTTP2(to: stream, on: self.loopContext)
      }
    }
    try pipeline.addHandler(handler)
  }
}
