// SPDX-License-Identifier: Apache-2.0
import NIOCore

/// Answers plain HTTP on a TLS address; the first byte distinguishes the two.
final class PlainRequestDetector: ChannelInboundHandler, RemovableChannelHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  private var isRefused = false
  private let connection: SecureConnection

  init(_ connection: SecureConnection) { self.connection = connection }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guard !isRefused else { return }
    guard let first = unwrapInboundIn(data).readableBytesView.first else { return }
    // The first TLS record has the type 22 (RFC 8446 section 5.1); an HTTP method begins with a letter.
    guard (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(first) else {
      context.fireChannelRead(data)
      context.pipeline.syncOperations.removeHandler(self, promise: nil)
      return
    }
    isRefused = true
    connection.stopWaitingForHandshake()
    let text = "this address speaks TLS: use https://\n"
    let head = ResponseHead.encode(
      400,
      [
        ("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", "\(text.utf8.count)"),
        ("Connection", "close"),
      ])
    let promise = context.eventLoop.makePromise(of: Void.self)
    promise.futureResult.assumeIsolated().whenComplete { _ in
      LingeringClose.begin(context.channel, from: context)
    }
    context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: head + Array(text.utf8))), promise: promise)
  }
}
