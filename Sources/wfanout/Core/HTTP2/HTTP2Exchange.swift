// SPDX-License-Identifier: Apache-2.0
import NIOCore
import NIOHPACK
import NIOHTTP1
import NIOHTTP2

/// One stream of an HTTP/2 connection: a request in, a response out (RFC 9113 section 8.1).
///
/// The handlers after it see the parts of an HTTP/1 request and write the bytes of the body. Closing the
/// channel ends the response; closing it again resets the stream.
final class HTTP2Exchange: ChannelDuplexHandler {
  typealias InboundIn = HTTP2Frame.FramePayload
  typealias InboundOut = HTTPServerRequestPart
  typealias OutboundIn = ByteBuffer
  typealias OutboundOut = HTTP2Frame.FramePayload

  private let connection: SecureConnection
  private var context: ChannelHandlerContext?
  private var hasHead = false
  private var isEnding = false
  /// Bytes that wait for the client's flow-control window.
  private(set) var pendingBytes = 0

  /// The fields that HTTP/2 forbids (RFC 9113 section 8.2.2).
  private static let ofHTTP1: Set = ["connection", "keep-alive", "transfer-encoding", "upgrade"]

  /// The largest piece handed to HTTP/2, and so the granularity of a slow client's progress.
  private static let pieceLimit = 16 << 10

  init(of connection: SecureConnection) { self.connection = connection }

  /// The response is a stream, and its end.
  func clientJoined() { connection.clients += 1 }
  func clientLeft() { connection.clients -= 1 }

  func handlerAdded(context: ChannelHandlerContext) { self.context = context }
  func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

  /// Begins the response.
  func writeHead(_ status: Int, _ headers: [(name: String, value: String)]) {
    guard let context, !hasHead else { return }
    hasHead = true
    var fields = HPACKHeaders([(":status", String(status))])
    for (name, value) in headers {
      let name = name.lowercased()
      guard !HTTP2Exchange.ofHTTP1.contains(name) else { continue }
      fields.add(name: name, value: ResponseHead.clean(value))
    }
    context.write(wrapOutboundOut(.headers(.init(headers: fields))), promise: nil)
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    switch unwrapInboundIn(data) {
    case .headers(let frame):
      // Trailers are ignored.
      if let head = HTTP2Exchange.head(frame.headers) { context.fireChannelRead(wrapInboundOut(.head(head))) }
      if frame.endStream { context.fireChannelRead(wrapInboundOut(.end(nil))) }
    case .data(let frame):
      if case .byteBuffer(let bytes) = frame.data { context.fireChannelRead(wrapInboundOut(.body(bytes))) }
      if frame.endStream { context.fireChannelRead(wrapInboundOut(.end(nil))) }
    default: break
    }
  }

  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    var bytes = unwrapOutboundIn(data)
    repeat {
      let count = min(bytes.readableBytes, HTTP2Exchange.pieceLimit)
      let piece = bytes.readSlice(length: count) ?? ByteBuffer()
      let written = context.eventLoop.makePromise(of: Void.self)
      if bytes.readableBytes == 0 { written.futureResult.cascade(to: promise) }
      pendingBytes += count
      written.futureResult.assumeIsolated().whenComplete { _ in self.pendingBytes -= count }
      context.write(wrapOutboundOut(.data(.init(data: .byteBuffer(piece)))), promise: written)
    } while bytes.readableBytes > 0
  }

  func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
    guard hasHead, !isEnding, mode == .all else { return context.close(mode: mode, promise: promise) }
    isEnding = true
    let ended = context.eventLoop.makePromise(of: Void.self)
    let end = HTTP2Frame.FramePayload.data(.init(data: .byteBuffer(ByteBuffer()), endStream: true))
    context.writeAndFlush(wrapOutboundOut(end), promise: ended)
    // If the client has ended its request, the stream is closed now; otherwise the rest of the request is
    // refused.
    ended.futureResult.assumeIsolated().whenComplete { _ in
      self.context?.close(mode: .all, promise: nil)
      promise?.succeed()
    }
  }

  /// The request's head; nil for trailers. The pseudo-header fields were checked before (RFC 9113 section
  /// 8.3.1).
  static func head(_ fields: HPACKHeaders) -> HTTPRequestHead? {
    guard let method = fields.first(name: ":method") else { return nil }
    // CONNECT has no path (section 8.5).
    let path = fields.first(name: ":path") ?? "*"
    var headers = HTTPHeaders()
    // A `host` field that differs from `:authority` is refused (RFC 9113 section 8.3.1).
    let authority = fields.first(name: ":authority")
    if let authority { headers.add(name: "host", value: authority) }
    for (name, value, _) in fields
    where !name.hasPrefix(":") && (name != "host" || value != authority) {
      headers.add(name: name, value: value)
    }
    return HTTPRequestHead(version: .http2, method: HTTPMethod(rawValue: method), uri: path, headers: headers)
  }
}
